"""The main job as a user runs it, judged by the server's own counts."""

import json

import pytest

QUICK = ("--set", "DURATION_READWRITE_PHASE=4s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms")


def _accounts(summary):
    return {row["resource"]: row for row in summary["accounts"]}


def test_without_a_target_the_whole_run_passes_against_an_emulator_of_its_own(command):
    ended = command("run", "--profile", "smoke", *QUICK)

    assert (ended.code, ended.err) == (0, "")
    assert "embedded emulator" in ended.out
    assert [phase["phase"] for phase in ended.summary["phases"]] == ["preflight", "smoke", "load", "readwrite"]
    assert ended.summary["verdict"]["kind"] == "passed"
    assert ended.summary["failures"] == []


def test_every_planned_document_exists_on_the_server_after_the_load(command, server):
    ended = command("run", "--profile", "smoke", "--phase", "load", **server.settings)

    planned = {resource: row["planned"] for resource, row in _accounts(ended.summary).items()}
    assert ended.code == 0
    assert len(planned) == 30
    assert server.counts(planned) == planned
    assert all(row["created"] == row["planned"] for row in ended.summary["accounts"])


def test_readwrite_works_later_on_its_own_and_keeps_its_mix(command, server):
    load = command("run", "--profile", "smoke", "--phase", "load", "--seed", "5", **server.settings)
    ended = command("run", "--profile", "smoke", "--phase", "readwrite", *QUICK, **server.settings)
    folders = sorted(ended.results.iterdir(), key=lambda folder: folder.stat().st_mtime)
    summary = json.loads((folders[-1] / "summary.json").read_bytes())

    done = dict.fromkeys(("create", "read", "update", "delete"), 0)
    (readwrite,) = [phase for phase in summary["phases"] if phase["phase"] == "readwrite"]
    for row in readwrite["operations"]:
        done["read" if row["operation"] == "query" else row["operation"]] += row["count"]
    total = sum(done.values())

    assert (load.code, ended.code) == (0, 0), ended.out + ended.err
    assert total >= 200
    wanted = {"read": 0.5, "create": 0.2, "update": 0.2, "delete": 0.1}
    assert {name: done[name] / total for name in done} == pytest.approx(wanted, abs=0.02)
    assert summary["manifest"]["seed"] == 5
    assert summary["failures"] == []


def test_one_token_serves_all_users(command, server):
    ended = command(
        "run", "--profile", "smoke", *QUICK, "--set", "VUS_LOAD_PHASE=20", "--set", "VUS_READWRITE_PHASE=20",
        **server.settings,
    )  # fmt: skip

    assert ended.code == 0
    assert "1 token request\n" in ended.out


def test_neither_secret_nor_token_is_in_the_output_or_the_results(command, server):
    ended = command("run", "--profile", "smoke", *QUICK, **server.settings)

    written = b"".join(path.read_bytes() for path in ended.folder.iterdir())
    for text in (ended.out.encode(), ended.err.encode(), written):
        assert server.secret.encode() not in text
        assert server.token()[:20].encode() not in text


def test_equal_seeds_give_equal_bytes_in_two_processes_and_others_give_other_keys(command):
    first = command("generate", "students", "-n", "20", "--seed", "7", PYTHONHASHSEED="1")
    again = command("generate", "students", "-n", "20", "--seed", "7", PYTHONHASHSEED="2")
    other = command("generate", "students", "-n", "20", "--seed", "8")

    def keys(ended):
        return {json.loads(line)["studentUniqueId"] for line in ended.out.splitlines()}

    assert first.out == again.out
    assert len(keys(first)) == 20
    assert not keys(first) & keys(other)


def test_a_wrong_data_url_is_told_before_anything_is_written(command, server):
    ended = command("run", "--profile", "smoke", "--set", f"DATA_URL={server.base_url}/nothing", **server.settings)

    assert ended.code == 110
    assert "answers 404" in ended.err
    assert server.counts(["schoolYearTypes"]) == {"schoolYearTypes": 0}
