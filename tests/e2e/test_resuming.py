"""`resume` runs what was interrupted as it was meant: its plan, its profile, its data."""

import json
import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAN = """\
profile: mine
run:
  - smoke
  - {scenario: load, name: everything}
  - {scenario: looks.py, thresholds: ["looks: count==3"]}
"""
LOOKS = """\
from dms_load_test.scenarios.api import PerVuIterations, phase


async def look(vu):
    vu.count("looks")


def plan(workload):
    return phase("looks", look, PerVuIterations(vus=1, iterations=3, max_duration_s=9.0), counters=("looks",))
"""
MINE = "SCHOOL_COUNT=4\nSTUDENT_COUNT=150\nVUS_LOAD_PHASE=3\n"
RAISES = """\
from dms_load_test.scenarios.api import PerVuIterations, encode, phase

NEEDS_DOCUMENTS = True


async def go(vu):
    if vu.number:
        await vu.think(0.5)
        raise ValueError("before the other takes its answer in")
    ordinal = vu.next_ordinal("students")
    reply = await vu.api.create("students", encode(vu.generate.document("students", ordinal)), ordinal)
    await vu.think(5.0)
    vu.inventory.add("students", ordinal, reply.document_id)


def plan(workload):
    return phase("raises", go, PerVuIterations(vus=2, iterations=1, max_duration_s=9.0))
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to a child differ on Windows")


def planned_by(folder):
    begun = (json.loads(line) for line in (folder / "record.jsonl").read_bytes().splitlines())
    return next(event["planned"] for event in begun if event["type"] == "phase_begin" and event["phase"] == "load")


def inject(server, rules):
    asked = urllib.request.Request(f"{server.base_url}/emulator/faults", json.dumps(rules).encode(), method="PUT")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200


def latest(results):
    return json.loads((max(results.iterdir()) / "summary.json").read_bytes())


def test_a_plan_with_names_and_files_of_its_own_is_completed_under_its_profile(command, server, wait_for):
    (command.folder / ".env.profiles").mkdir()
    (command.folder / ".env.profiles" / "mine.env").write_text(MINE)
    (command.folder / "looks.py").write_text(LOOKS)
    (command.folder / "plan.yaml").write_text(PLAN)
    process = command.start("run", "plan.yaml", "-q", **server.settings)
    wait_for(lambda: command.has_begun("level 4"))
    process.send_signal(signal.SIGINT)
    interrupted = command.end(process)
    resumed = command("resume", "-q", **server.settings)
    summary = latest(resumed.results)
    users = {name: value for name, value, _ in summary["manifest"]["settings"]}["VUS_LOAD_PHASE"]

    assert interrupted.code == 105
    assert resumed.code == 0, resumed.out + resumed.err
    assert summary["manifest"]["profile"] == "mine"
    assert users == "3"
    assert [phase["phase"] for phase in summary["phases"]][1:] == ["smoke", "everything", "looks"]
    assert server.counts(["students"]) == {"students": 150}
    assert command("clean", "--yes", **server.settings).code == 0
    assert server.counts(["students", "schools"]) == {"students": 0, "schools": 0}


def test_what_phases_of_a_file_made_on_an_earlier_load_is_cleaned_whatever_they_are_called(inside, server):
    inside("run", "--profile", "smoke", "--phase", "load", "-q", **server.settings)
    loaded = server.counts(["students", "studentSchoolAssociations"])
    ended = inside(
        "run", "--profile", "smoke", "--scenario", str(EXAMPLES / "new_school_year.py"), "-q", **server.settings
    )
    registered = server.counts(loaded)
    cleaned = inside("clean", "--yes", **server.settings)

    assert ended.code == 0, ended.out
    assert registered != loaded
    assert re.search(r"all +[1-9]", cleaned.out), cleaned.out
    assert server.counts(loaded) == loaded


def test_what_a_scenario_that_raised_had_under_way_is_cleaned_too(inside, server):
    inside("run", "--profile", "smoke", "--phase", "load", "-q", **server.settings)
    (inside.folder / "raises.py").write_text(RAISES)
    ended = inside("run", "--profile", "smoke", "--scenario", "raises.py", "-q", **server.settings)
    made = server.counts(["students"])
    cleaned = inside("clean", "--yes", **server.settings)

    assert (ended.code, made) == (107, {"students": 3})
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert server.counts(["students"]) == {"students": 2}


def test_a_resume_that_finds_the_target_down_leaves_nothing_and_can_be_repeated(command, server, wait_for):
    process = command.start("run", "--profile", "dev", "--phase", "load", "-q", **server.settings)
    wait_for(lambda: command.has_begun("level 5"))
    process.kill()
    folder = command.end(process).folder
    rules = [
        {"kind": "error", "status": 503, "methods": ["GET"], "path": f"*/{resource}"}
        for resource in planned_by(folder)
        if not resource.endswith("Descriptors")
    ]
    inject(server, rules)
    refused = command("resume", "-q", **server.settings)
    left = list(refused.results.iterdir())
    inject(server, [])
    resumed = command("resume", "-q", **server.settings)

    assert refused.code == 110
    assert "cannot look up what the run made" in refused.err
    assert left == [folder]
    assert resumed.code == 0, resumed.out + resumed.err


def test_a_complete_run_is_not_resumed_and_one_whose_documents_failed_is(inside, server):
    rules = [{"kind": "error", "status": 400, "methods": ["POST"], "path": "*/students", "times": 1}]
    inject(server, rules)
    inside("run", "--profile", "smoke", "--phase", "load", "-q", **server.settings)
    before = server.counts(["students"])
    inject(server, [])
    resumed = inside("resume", "-q", **server.settings)
    runs = set(resumed.results.iterdir())
    again = inside("resume", "-q", **server.settings)

    assert resumed.code == 0, resumed.out + resumed.err
    assert (before, server.counts(["students"])) == ({"students": 1}, {"students": 2})
    assert again.code == 104
    assert "is complete: nothing of it was interrupted" in again.err
    assert set(again.results.iterdir()) == runs
