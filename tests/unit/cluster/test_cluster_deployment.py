"""What `deploy/` says agrees with the program."""

import re
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[3] / "deploy"


def manifests():
    return {path.name: yaml.safe_load(path.read_text()) for path in (DEPLOY / "kubernetes").glob("*.yaml")}


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
    run = manifests()["run.yaml"]["spec"]
    job = run["job"]["spec"]["containers"]
    others = [run["cluster"]["spec"][part]["spec"]["containers"] for part in ("worker", "scheduler")]

    containers = [container for group in (job, *others) for container in group]
    assert len({container["image"] for container in containers}) == 1
    assert [container["name"] for container in containers if "envFrom" in container] == ["job"]


def test_the_coordinator_waits_for_all_workers_and_its_claim_is_there():
    found = manifests()
    run = found["run.yaml"]["spec"]

    replicas = run["cluster"]["spec"]["worker"]["replicas"]
    assert f"--workers={replicas}" in run["job"]["spec"]["containers"][0]["args"]
    claim = run["job"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert claim == found["results.yaml"]["metadata"]["name"]
