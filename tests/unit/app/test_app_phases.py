"""Whether an inventory may lack something is known from how each step of a run ended."""

import asyncio
from dataclasses import replace
from unittest.mock import Mock

import pytest

from dms_load_test.app.phases import PhaseRunner
from dms_load_test.app.run import has_unanswered_creates
from dms_load_test.app.session import Session
from dms_load_test.engine.account import StepOutcome
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import ScenarioError
from dms_load_test.load.executor import SharedIterations
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.totals import Totals
from dms_load_test.sample import Sample
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


def created(status, *, final=True):
    return Sample("load", "create", "students", status, status == 201, final, "", 1, 0, 0, 9, 0, 0, 0, 0, 9, 0, 1, 1)


@pytest.mark.parametrize(
    ("samples", "in_doubt"),
    [
        ([created(201), created(409), created(400)], False),
        ([created(0, final=False), created(201)], False),
        ([created(201), created(0)], True),
        ([created(504)], True),
    ],
    ids=["answered", "answered in the end", "no answer", "a gateway's answer"],
)
def test_a_run_is_in_doubt_after_creates_that_the_api_did_not_answer(samples, in_doubt):
    aggregate, totals = Aggregate(0, "load"), Totals()
    for sample in samples:
        aggregate.add(sample)
    totals.add(aggregate.snapshot(10))

    assert has_unanswered_creates(totals) is in_doubt
