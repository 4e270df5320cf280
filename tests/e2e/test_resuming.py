"""`resume` runs what was interrupted as it was meant: its plan, its profile, its data."""

import json
import re
import signal
import sys
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
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to a child differ on Windows")


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
