"""Whether an inventory may lack something is known from how each step of a run ended."""

import asyncio
from dataclasses import replace
from unittest.mock import Mock

import pytest

from dms_load_test.app.phases import PhaseRunner
from dms_load_test.app.session import Session
from dms_load_test.engine.account import StepOutcome
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import ScenarioError
from dms_load_test.load.executor import SharedIterations
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.scenarios.api import phase

ENDED = StepOutcome("load", 9, 9, 0, 0, 0, 1, 1.0, StopReason.FINISHED)


class Crew:
    """Carries nothing out; the step ends as it is told to."""

    def __init__(self, outcome):
        self.outcome = outcome

    async def enter(self, phase):
        pass

    async def run(self, phase, number, step, progress):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def leave(self, phase):
        pass


async def cut_off_by(outcome):
    session = Session(Mock(**{"write.return_value": 0}), Mock(), Aggregate(0, "load"), 0, 20.0)
    runner = PhaseRunner(session, Crew(outcome))
    try:
        await runner.run(phase("load", Mock(), SharedIterations(vus=1, iterations=9, max_duration_s=9.0)))
    except ScenarioError:
        assert isinstance(outcome, ScenarioError)
    return runner.cut_off


@pytest.mark.parametrize(
    ("outcome", "cut_off"),
    [
        (ENDED, False),
        (replace(ENDED, completed=7, not_started=2, reason=StopReason.DURATION), False),
        (replace(ENDED, completed=8, interrupted=1, reason=StopReason.DURATION), True),
        (ScenarioError("mine.py:3: it raised"), True),
    ],
    ids=["finished", "not all begun", "time was over", "raised"],
)
def test_a_run_is_in_doubt_after_a_step_whose_iterations_were_cut_off(outcome, cut_off):
    assert asyncio.run(cut_off_by(outcome)) is cut_off
