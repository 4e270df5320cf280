"""Scenarios against the emulator, healthy and with faults, from the outside."""

import json
import urllib.request
from pathlib import Path

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
COUNTS_WHAT_IT_DOES_NOT_NAME = """\
from dms_load_test.scenarios.api import PerVuIterations, phase


async def go(vu): vu.count("x")


def plan(workload):
    return phase("mine", go, PerVuIterations(vus=1, iterations=1, max_duration_s=5.0))
"""
QUICK = ("--profile", "smoke", "--set", "DURATION_READWRITE_PHASE=2s", "--set", "THINK_TIME_MAX=0.1")


@pytest.fixture
def faulty(server_of):
    """An emulator with faults or limits; yields a function."""
    started = []

    def start(**options):
        context = start_emulator(EmulatorOptions(port=0, secret="s3cret-of-the-test", seed=1, **options))
        running = context.__enter__()
        started.append(context)
        return server_of(running)

    yield start
    for context in started:
        context.__exit__(None, None, None)


def inject(server, *rules):
    asked = urllib.request.Request(f"{server.base_url}/emulator/faults", json.dumps(rules).encode(), method="PUT")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200


def tables(ended):
    return {(table["phase"], table["title"]): table for table in ended.summary["tables"]}


def test_pipeclean_covers_every_resource_that_has_documents_and_leaves_nothing(command, server):
    ended = command("run", *QUICK, "--scenario", "pipeclean", **server.settings)

    assert ended.code == 0, ended.out
    assert "coverage 100.0%" in tables(ended)["pipeclean", "resources: status and time in ms"]["note"]
    assert set(server.counts(["students", "schools", "sections", "grades"]).values()) == {0}


def test_pipeclean_explains_what_does_not_work(command, faulty):
    broken = faulty(faults=("error:status=503,methods=DELETE,path=*/students/*",))
    ended = command("run", *QUICK, "--scenario", "pipeclean", **broken.settings)

    assert ended.code == 99
    table = tables(ended)["pipeclean", "resources: status and time in ms"]
    why_not = {row[0]: row[-1] for row in table["rows"] if row[-1]}
    assert list(why_not) == ["students"]
    assert why_not["students"].startswith("delete: 503")


@pytest.mark.parametrize("scenario", ["paging", "filtered", "contention"])
def test_a_scenario_passes_on_a_sound_target(command, scenario):
    ended = command("run", *QUICK, "--scenario", scenario)

    assert ended.code == 0, ended.out
    assert [phase["phase"] for phase in ended.summary["phases"]][1:] == ["smoke", "load", scenario]


def test_a_lost_write_is_caught_by_the_audit_and_listed_with_its_id(command, faulty):
    losing = faulty(faults=("lost-write:ratio=1,times=3,methods=POST,path=*/students",))
    ended = command("run", *QUICK, "--phase", "load", "--set", "AUDIT_RATIO=1", **losing.settings)

    assert ended.code == 99
    assert ended.summary["verdict"]["kind"] == "integrity violated"
    lost = [found for found in ended.summary["violations"] if found["kind"] == "lost" and found["document_id"]]
    assert {found["resource"] for found in lost} == {"students"}
    assert all(found["document_id"] in ended.out for found in lost)


def test_a_lost_update_is_caught_in_readwrite(command, faulty):
    losing = faulty(faults=("lost-write:ratio=1,methods=PUT",))
    ended = command(
        "run", *QUICK, "--set", "AUDIT_RATIO=1", "--set", "READWRITE_MIX=0,0,1,0", "--scenario", "load,readwrite",
        **losing.settings,
    )  # fmt: skip

    assert ended.code == 99
    smoke_only = [found["kind"] for found in ended.summary["violations"]]
    assert set(smoke_only) <= {"changed"}


def test_a_stall_shows_in_the_p99_of_an_open_scenario(command, faulty):
    stalling = faulty()
    assert command("run", *QUICK, "--phase", "load", results="one", **stalling.settings).code == 0
    stall = {
        "kind": "stall",
        "seconds": 1.0,
        "times": 1,
        "methods": ["POST"],
        "path": "*/studentSchoolAttendanceEvents",
    }
    inject(stalling, stall)
    ended = command("run", *QUICK, "--scenario", str(EXAMPLES / "attendance.py"), results="one", **stalling.settings)

    summary = json.loads(max((ended.results).iterdir()).joinpath("summary.json").read_bytes())
    times = summary["phases"][-1]["metrics"]["http_req_duration"]
    assert times["p(99)"] > 700
    assert times["p(50)"] < 500


def test_a_rate_limiter_is_named(command, faulty):
    limited = faulty(rate_limit="200/1s")
    ended = command("run", *QUICK, "--phase", "load", **limited.settings)

    assert "answers 429: the server's rate limiter" in ended.out


@pytest.mark.parametrize("example", ["attendance.py", "parent_portal.py", "new_school_year.py"])
def test_an_example_runs(command, example):
    ended = command("run", *QUICK, "--scenario", str(EXAMPLES / example))

    assert ended.code == 0, ended.out + ended.err


def test_the_example_of_a_plan_runs_each_phase_with_its_own_thresholds(command):
    ended = command("run", str(EXAMPLES / "nightly.yaml"), NIGHTLY_DURATION="2s")

    assert ended.code == 0, ended.out + ended.err
    phases = [phase["phase"] for phase in ended.summary["phases"]][1:]
    assert phases == ["smoke", "load", "readwrite", "changes", "attendance", "spike"]
    subjects = {result["subject"] for result in ended.summary["thresholds"]}
    assert "http_req_duration{operation:read,phase:readwrite}" in subjects
    assert "sync_differences{phase:changes}" in subjects
    figures = dict(tables(ended)["changes", "synchronisation"]["rows"])
    assert figures.pop("documents compared") > 0
    assert [count for kind, count in figures.items() if kind.startswith("differences")] == [0, 0, 0]
    audits = dict(tables(ended)["readwrite", "integrity audit"]["rows"])
    assert audits["counted, as written"] > 0, "beside a client that only reads, documents are counted"


@pytest.mark.parametrize("scenario", ["paging", "knee"])
def test_a_shape_that_does_not_fit_is_told_before_anything_is_sent(inside, server, scenario):
    ended = inside("run", *QUICK, "--scenario", f"load,{scenario}", "--shape", "spike", **server.settings)

    assert ended.code == 104
    assert f"shape spike: {scenario}" in ended.err.replace("\n", " ")
    assert set(server.counts(["students", "schools"]).values()) == {0}
    assert not list(ended.results.iterdir())


def test_two_scenarios_that_write_side_by_side_do_not_take_each_other_for_a_loss(command, server, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "run:\n  - load\n  - beside:\n      - {scenario: readwrite, name: teachers}\n"
        "      - {scenario: readwrite, name: parents}\n      - paging\n"
    )
    settings = {"DURATION_READWRITE_PHASE": "2s", "THINK_TIME_MAX": "0.1"} | server.settings
    ended = command("run", str(plan), "--profile", "smoke", **settings)

    assert ended.code == 0, ended.out + ended.err
    audits = {row[0]: row[1] for row in tables(ended)["teachers", "integrity audit"]["rows"]}
    assert audits["not counted"] > 0
    assert ended.summary["violations"] == []


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("def plan(workload:\n    pass\n", 1, "never closed"),
        ("import nothing_there\n", 1, "ModuleNotFoundError"),
        ("\n\ndef plan(workload):\n    return workload.nothing\n", 4, "AttributeError"),
        (COUNTS_WHAT_IT_DOES_NOT_NAME, 4, "x is no counter"),
    ],
    ids=["syntax", "import", "plan", "iteration"],
)
def test_an_error_in_a_user_s_file_names_its_line(command, tmp_path, text, line, told):
    mine = tmp_path / "mine.py"
    mine.write_text(text)
    ended = command("run", *QUICK, "--scenario", str(mine))

    assert ended.code == 107
    output = ended.err + ended.out.replace("\n", "")
    assert f"mine.py:{line}" in output
    assert told in output
    assert "Traceback" not in ended.err
