"""The example for continuous integration: what it compares and keeps, with a stand-in for the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
COMMAND = """#!/bin/sh
# Makes a run with the number in `number`; notes what is compared; ends as told.
echo "$*" >> calls
case $1 in
    run)
        number=$(($(cat number 2>/dev/null || echo 0) + 1))
        echo $number > number
        mkdir -p results/$number
        echo $number > results/$number/record.jsonl
        exit ${RUN_ENDS:-0} ;;
    compare)
        echo "$(cat "$2/record.jsonl") with $(cat "$3/record.jsonl")" >> compared
        exit ${COMPARISON_ENDS:-0} ;;
esac
"""


class Pipeline:
    """A folder that survives from job to job."""

    def __init__(self, folder):
        self.folder = folder
        command = folder / "bin" / "dms-load-test"
        command.parent.mkdir()
        command.write_text(COMMAND)
        command.chmod(0o755)

    def job(self, **settings):
        environment = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", **settings}
        return subprocess.run([EXAMPLES / "load-test.sh"], cwd=self.folder, env=environment, check=False).returncode

    def lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def base(self, profile="smoke"):
        """The numbers of the runs that later ones of the profile are compared with."""
        return [path.read_text().strip() for path in (self.folder / "base" / profile).rglob("record.jsonl")]


@pytest.fixture
def pipeline(tmp_path):
    if sys.platform == "win32":
        pytest.skip("a POSIX shell's script")
    return Pipeline(tmp_path)


def test_a_run_that_passes_is_compared_with_the_one_before_and_takes_its_place(pipeline):
    assert [pipeline.job() for _ in range(3)] == [0, 0, 0]
    assert pipeline.lines("compared") == ["1 with 2", "2 with 3"]
    assert pipeline.base() == ["3"]


def test_a_run_that_is_slower_fails_and_leaves_the_base(pipeline):
    pipeline.job()

    assert pipeline.job(COMPARISON_ENDS="99") == 99
    assert pipeline.base() == ["1"]


def test_a_run_that_fails_is_not_compared_and_leaves_the_base(pipeline):
    pipeline.job()

    assert pipeline.job(RUN_ENDS="110") == 110
    assert pipeline.lines("compared") == []
    assert pipeline.base() == ["1"]


def test_runs_of_different_profiles_are_not_compared(pipeline):
    for profile in ("dev", "prod", "dev"):
        pipeline.job(PROFILE=profile)

    assert pipeline.lines("compared") == ["1 with 3"]
    assert (pipeline.base("dev"), pipeline.base("prod")) == (["3"], ["2"])


def test_a_slowdown_that_is_meant_is_the_new_base_when_it_is_said_so(pipeline):
    pipeline.job()

    assert pipeline.job(FORGET_BASE="1", COMPARISON_ENDS="99") == 0
    assert pipeline.base() == ["2"]


def test_a_run_that_fails_leaves_the_base_that_it_was_to_replace(pipeline):
    pipeline.job()
    pipeline.job(FORGET_BASE="1", RUN_ENDS="99")

    assert pipeline.base() == ["1"]


def test_the_doctor_is_asked_first_where_there_is_a_target(pipeline):
    pipeline.job(API_BASE_URL="http://localhost:1/api", PROFILE="dev")

    assert [call.split()[0] for call in pipeline.lines("calls")] == ["doctor", "run"]
    assert all("--profile dev" in call for call in pipeline.lines("calls"))


def test_the_workflow_runs_the_script_and_keeps_a_base_for_each_profile():
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    (job,) = workflow["jobs"].values()
    script = [step["run"] for step in job["steps"] if "run" in step][-1]
    (cache,) = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/cache@")]

    assert EXAMPLES.parents[1] / script == EXAMPLES / "load-test.sh"
    assert (EXAMPLES / "load-test.sh").stat().st_mode & 0o111
    assert set(job["env"]) == {"PROFILE", "FORGET_BASE", "API_BASE_URL", "CLIENT_ID", "CLIENT_SECRET"}
    assert cache["path"] == "base"
    assert cache["restore-keys"].endswith("/${{ env.PROFILE }}/")
    assert cache["key"].startswith(cache["restore-keys"])
