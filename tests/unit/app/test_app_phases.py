"""Phases as they are run: what counts for the time of each, and whether the inventory may lack something."""

import asyncio
from dataclasses import replace
from unittest.mock import Mock

import pytest

from dms_load_test.app.phases import PhaseRunner, figures_of
from dms_load_test.app.run import has_unanswered_creates
from dms_load_test.app.session import Session
from dms_load_test.engine.account import StepOutcome
from dms_load_test.engine.clock import Clock
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import ScenarioError
from dms_load_test.load.executor import ConstantArrivalRate, SharedIterations
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.totals import Totals
from dms_load_test.results.events import PhaseBegin, PhaseEnd
from dms_load_test.sample import Sample
from dms_load_test.scenarios.api import phase

S = 1_000_000_000
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


class SlowCrew(Crew):
    """Takes 10 s to make ready for a phase, and 4 s for each step, by a clock that it moves on."""

    def __init__(self, fails=()):
        super().__init__(ENDED)
        self.ns = 0
        self.fails = fails
        self.did = []

    async def enter(self, phase):
        self.did.append(f"enter {phase.name}")
        self.ns += 10 * S
        if phase.name in self.fails:
            raise ScenarioError(phase.name)

    async def run(self, phase, number, step, progress):
        self.did.append(f"run {phase.name}")
        self.ns += 4 * S
        return self.outcome

    async def leave(self, phase):
        self.did.append(f"leave {phase.name}")

    def session(self):
        found = Session(Mock(**{"write.return_value": 0}), Mock(), Aggregate(0, "preflight"), 0, 20.0)
        found.clock = Clock(lambda: self.ns, lambda _: asyncio.Event().wait())
        return found


def written(session, kind):
    return [call.args[0] for call in session.writer.write.call_args_list if isinstance(call.args[0], kind)]


def some(name):
    return phase(name, Mock(), SharedIterations(vus=1, iterations=9, max_duration_s=9.0))


async def test_the_time_in_which_a_crew_makes_ready_counts_for_no_phase():
    crew = SlowCrew()
    session = crew.session()
    runner = PhaseRunner(session, crew)
    for name in ("load", "readwrite"):
        await runner.run(some(name))

    begins = written(session, PhaseBegin)
    assert [(begin.t, begin.phase) for begin in begins] == [(10.0, "load"), (24.0, "readwrite")]
    assert session.totals.active_ns == {"preflight": 10 * S, "load": 4 * S, "": 10 * S, "readwrite": 4 * S}


async def test_the_time_of_a_step_that_is_no_load_is_in_no_rate_of_its_phase():
    crew = SlowCrew()
    session = crew.session()
    (step,) = some("load").steps
    count = replace(step, name="count", timed=False)
    await PhaseRunner(session, crew).run(replace(some("load"), steps=(count, step, count)))

    assert session.totals.active_ns == {"preflight": 10 * S, "": 8 * S, "load": 4 * S}


async def test_the_iterations_of_a_step_that_is_no_load_are_none_of_its_phase():
    class Counting(SlowCrew):
        async def run(self, phase, number, step, progress):
            progress.on_iteration(S)
            return await super().run(phase, number, step, progress)

    crew = Counting()
    session = crew.session()
    (step,) = some("load").steps
    count = replace(step, name="count", timed=False)
    await PhaseRunner(session, crew).run(replace(some("load"), steps=(count, step, count)))

    assert {phase: times.count for phase, times in session.totals.tally.iterations.items()} == {"": 2, "load": 1}


@pytest.mark.parametrize(
    ("took_s", "reason", "seconds"),
    [(9.2, StopReason.FINISHED, 10.0), (11.5, StopReason.FINISHED, 11.5), (4.0, StopReason.INTERRUPTED, 4.0)],
)
def test_what_was_done_of_arrivals_is_of_all_the_time_that_they_were_due_in(took_s, reason, seconds):
    executor = ConstantArrivalRate(rate_per_s=1.0, duration_s=10.0, pre_allocated_vus=1, max_vus=1)
    (step,) = phase("knee", Mock(), executor).steps
    outcome = replace(ENDED, duration_s=took_s, reason=reason)

    assert figures_of("knee", step, outcome, Totals()).seconds == seconds


def test_documents_are_of_the_time_that_they_took_however_long_they_might_have():
    (step,) = some("load").steps

    assert figures_of("load", step, ENDED, Totals()).seconds == ENDED.duration_s


@pytest.mark.parametrize("reason", [StopReason.FINISHED, StopReason.DURATION])
async def test_a_phase_ends_for_the_reason_of_its_last_step(reason):
    crew = SlowCrew()
    crew.outcome = replace(ENDED, reason=reason)
    session = crew.session()
    await PhaseRunner(session, crew).run(some("load"))

    assert [end.reason for end in written(session, PhaseEnd)] == [reason.value]


async def test_a_table_that_cannot_be_made_leaves_the_rest_of_the_phase_in_the_record():
    crew = SlowCrew()
    session = crew.session()
    raising = replace(some("load"), tables=Mock(side_effect=ScenarioError("its table")))
    with pytest.raises(ScenarioError, match="its table"):
        await PhaseRunner(session, crew).run(raising)

    assert [end.phase for end in written(session, PhaseEnd)] == ["load"]


async def test_the_first_phase_begins_when_the_crew_is_ready_for_all_beside_it():
    crew = SlowCrew()
    await PhaseRunner(crew.session(), crew).run(some("portal"), some("writers"))

    assert crew.did[:2] == ["enter portal", "enter writers"]


async def test_a_phase_that_the_crew_cannot_make_ready_for_never_begins_and_is_left():
    crew = SlowCrew(fails=("writers",))
    session = crew.session()
    runner = PhaseRunner(session, crew)
    with pytest.raises(ScenarioError, match="writers"):
        await runner.run(some("portal"), some("writers"))

    assert crew.did == ["enter portal", "enter writers", "leave writers", "leave portal"]
    assert not runner.names
    assert not written(session, PhaseBegin)


async def cut_off_by(outcome):
    session = Session(Mock(**{"write.return_value": 0}), Mock(), Aggregate(0, "load"), 0, 20.0)
    runner = PhaseRunner(session, Crew(outcome))
    try:
        await runner.run(some("load"))
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
