"""What `deploy/` says agrees with the program."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from dms_load_test.cli import app

DEPLOY = Path(__file__).parents[3] / "deploy"


def commands():
    """What the manifests call: program and command -> how it is called."""
    for name in ("scheduler", "worker"):
        pytest.importorskip(f"distributed.cli.dask_{name}", reason="no Dask here: pip install '.[cluster]'")
    from distributed.cli import dask_scheduler, dask_worker  # noqa: PLC0415 - an extra

    return {
        ("dms-load-test", "run"): get_command(app).commands["run"],
        ("dask", "scheduler"): dask_scheduler.main,
        ("dask", "worker"): dask_worker.main,
    }


def manifests():
    return {path.name: yaml.safe_load(path.read_text()) for path in (DEPLOY / "kubernetes").glob("*.yaml")}


def containers():
    """All containers of a run, the coordinator's first."""
    run = manifests()["run.yaml"]["spec"]
    parts = (run["job"]["spec"], *(run["cluster"]["spec"][part]["spec"] for part in ("worker", "scheduler")))
    return [container for part in parts for container in part["containers"]]


def documented():
    """The commands of the pages' console blocks that start a part of a cluster, without their prompts."""
    page = (DEPLOY.parent / "docs" / "distributed.md").read_text()
    lines = [line.split("$ ", 1)[1] for line in page.splitlines() if re.match(r"[\w-]+\$ d(ask|ms)", line)]
    return [shlex.split(line) for line in lines]


def flattened(tree, before=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def test_the_image_quiets_dask_as_a_run_on_one_machine_does():
    for name in ("dask.config", "distributed"):
        pytest.importorskip(name, reason="no Dask here: pip install '.[cluster]'")
    from dask.config import canonical_name, collect_env  # noqa: PLC0415 - an extra

    from dms_load_test.cluster.local import QUIET  # noqa: PLC0415 - needs Dask

    environment = dict(re.findall(r"(DASK_\w+)=(\S+)", (DEPLOY / "Containerfile").read_text()))

    found = {name.replace("_", "-"): value for name, value in flattened(collect_env(environment))}

    assert {name: found.get(canonical_name(name, {})) for name in QUIET} == QUIET


def test_the_image_copies_only_what_is_there():
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)

    assert copied
    assert all((DEPLOY.parent / name).exists() for names in copied for name in names.split())


def test_coordinator_scheduler_and_workers_are_of_one_image_and_only_the_first_has_the_secret():
    assert len({container["image"] for container in containers()}) == 1
    assert [container["name"] for container in containers() if "envFrom" in container] == ["job"]


@pytest.mark.parametrize("words", [*(container["args"] for container in containers()), *documented()], ids=" ".join)
def test_every_command_and_option_that_starts_a_part_exists(words):
    program, name, *options = words
    known = {
        option
        for parameter in commands()[program, name].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }

    given = [word.partition("=")[0] for word in options if word.startswith("--")]
    assert set(given) <= known


def test_what_reads_the_results_mounts_the_claim_of_the_run_where_the_run_writes():
    found = manifests()
    run, reader = found["run.yaml"]["spec"]["job"]["spec"], found["reader.yaml"]["spec"]
    (job,), (reading,) = run["containers"], reader["containers"]

    assert reader["volumes"] == run["volumes"]
    assert [mount["mountPath"] for mount in reading["volumeMounts"]] == [job["volumeMounts"][0]["mountPath"]]
    assert reading["image"] == job["image"]


@pytest.mark.parametrize("kind", ["DaskJob", "Pod"])
def test_what_the_page_deletes_after_a_run_has_the_name_of_a_manifest(kind):
    page = (DEPLOY.parent / "docs" / "distributed.md").read_text()
    names = {found["metadata"]["name"] for found in manifests().values() if found["kind"] == kind}

    assert set(re.findall(rf"kubectl delete {kind.lower()} (\S+)", page)) == names


def test_the_user_of_the_image_may_write_into_the_claim():
    uid = int(re.search(r"^USER (\d+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)[1])

    assert manifests()["run.yaml"]["spec"]["job"]["spec"]["securityContext"]["fsGroup"] == uid


def test_the_coordinator_waits_for_all_workers_and_its_claim_is_there():
    found = manifests()
    run = found["run.yaml"]["spec"]

    replicas = run["cluster"]["spec"]["worker"]["replicas"]
    assert f"--workers={replicas}" in run["job"]["spec"]["containers"][0]["args"]
    claim = run["job"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert claim == found["results.yaml"]["metadata"]["name"]
