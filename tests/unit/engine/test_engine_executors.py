"""Steps under each executor, in leaping time: when iterations start, and the account of how they end."""

from __future__ import annotations

import asyncio
from functools import cache
from itertools import pairwise

import pytest

from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.stop import StopReason, StopSignal
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.errors import ConfigError, ScenarioError
from dms_load_test.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from dms_load_test.load.plan import Step
from dms_load_test.load.shard import WHOLE, Shard


class FakeApi:
    def __init__(self):
        self.due_ns = 0

    def close(self):
        pass


class Journal:
    """Notes when which iteration began and by whom; each one takes `takes_s`."""

    def __init__(self, takes_s=1.0):
        self.takes_s = takes_s
        self.begun = []
        self.zero_s = 0.0

    async def iteration(self, vu):
        self.begun.append((self.now_s(), vu.number, vu.iteration))
        await vu.think(self.takes_s)

    def now_s(self):
        return round(asyncio.get_running_loop().time() - self.zero_s, 6)

    def times_s(self):
        return [time_s for time_s, _, _ in self.begun]

    def numbers(self):
        return sorted(number for _, _, number in self.begun)


@pytest.fixture
def crew(leaping_clock):
    world = PhaseWorld(
        documents=None, inventory=None, ordinals=Ordinals({}), on_check=lambda *_: None, seed=1, clock=leaping_clock
    )
    return cache(lambda number: User(number, FakeApi(), world))


@pytest.fixture
def run(leap, leaping_clock, crew):
    """Run an executor in leaping time; `meanwhile(stop)` runs beside it."""

    def run(executor, journal, *, shard=WHOLE, meanwhile=None, progress=None):
        async def main():
            stop = StopSignal()
            journal.zero_s = asyncio.get_running_loop().time()
            beside = asyncio.create_task(meanwhile(stop)) if meanwhile else None
            step = Step(name="step", executor=executor, iteration=journal.iteration)
            outcome = await run_step(step, shard, crew, leaping_clock, stop, progress)
            if beside:
                await beside
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert others == set(), "a step leaves no task behind"
            return outcome

        outcome = leap(main())
        assert outcome.planned == outcome.completed + outcome.interrupted + outcome.dropped + outcome.not_started
        return outcome

    return run


def after(seconds, *requests):
    async def meanwhile(stop):
        for reason, at_once in requests:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)
            stop.request(reason, at_once=at_once)

    return meanwhile


def test_shared_iterations_are_taken_once_each_by_whoever_is_free(run):
    journal = Journal()
    outcome = run(SharedIterations(vus=3, iterations=10, max_duration_s=60), journal)
    assert journal.numbers() == list(range(10))
    assert (outcome.completed, outcome.vus_max, outcome.reason) == (10, 3, StopReason.FINISHED)
    assert outcome.duration_s == pytest.approx(4)


def test_shared_iterations_that_the_limit_cuts_off_are_not_started(run):
    journal = Journal(takes_s=2.5)
    outcome = run(SharedIterations(vus=2, iterations=100, max_duration_s=10), journal)
    assert (outcome.completed, outcome.not_started, outcome.reason) == (8, 92, StopReason.DURATION)


def test_iterations_under_way_at_the_end_finish_within_the_grace_or_are_interrupted(run):
    finishing = run(ConstantVus(vus=2, duration_s=10, graceful_stop_s=3), Journal(takes_s=12))
    assert (finishing.completed, finishing.interrupted, finishing.duration_s) == (2, 0, pytest.approx(12))
    cut = run(ConstantVus(vus=2, duration_s=10, graceful_stop_s=1), Journal(takes_s=12))
    assert (cut.completed, cut.interrupted, cut.duration_s) == (0, 2, pytest.approx(11))


def test_every_user_does_its_own_number_of_iterations(run):
    journal = Journal()
    outcome = run(PerVuIterations(vus=3, iterations=4, max_duration_s=60), journal)
    assert journal.numbers() == list(range(12))
    assert {user: sum(u == user for _, u, _ in journal.begun) for user in range(3)} == {0: 4, 1: 4, 2: 4}
    assert outcome.planned == 12


def test_constant_users_iterate_until_the_time_is_over(run):
    journal = Journal(takes_s=2)
    outcome = run(ConstantVus(vus=5, duration_s=10), journal)
    assert (outcome.completed, outcome.planned, outcome.not_started) == (25, 25, 0)
    assert journal.numbers() == list(range(25))


def test_ramping_users_follow_the_stages_and_leave_gracefully(run):
    journal = Journal(takes_s=0.5)
    executor = RampingVus(start_vus=0, stages=(Stage(4, 4), Stage(4, 4), Stage(4, 0)))
    outcome = run(executor, journal)
    first = {user: min(t for t, u, _ in journal.begun if u == user) for user in range(4)}
    last = {user: max(t for t, u, _ in journal.begun if u == user) for user in range(4)}
    assert first == {0: 1, 1: 2, 2: 3, 3: 4}
    assert last == {3: 8.5, 2: 9.5, 1: 10.5, 0: 11.5}
    assert (outcome.vus_max, outcome.interrupted) == (4, 0)


def test_a_ramp_down_interrupts_what_outlives_its_grace(run):
    executor = RampingVus(start_vus=2, stages=(Stage(2, 1), Stage(20, 1)), graceful_ramp_down_s=1)
    outcome = run(executor, Journal(takes_s=4))
    assert (outcome.interrupted, outcome.completed) == (1, 6)


def test_arrivals_start_when_due_however_slow_the_answers_are(run):
    journal = Journal(takes_s=30)
    outcome = run(ConstantArrivalRate(rate_per_s=4, duration_s=5, pre_allocated_vus=2, max_vus=100), journal)
    assert journal.times_s() == [n / 4 for n in range(20)]
    assert (outcome.completed, outcome.dropped) == (20, 0)


def test_arrivals_without_a_free_user_are_dropped_and_counted(run):
    outcome = run(
        ConstantArrivalRate(rate_per_s=10, duration_s=10, pre_allocated_vus=1, max_vus=5), Journal(takes_s=0.95)
    )
    assert outcome.planned == 100
    assert (outcome.completed, outcome.dropped, outcome.vus_max) == (50, 50, 5)
    assert outcome.drop_reasons == {"no virtual user was free": 50}


def test_ramping_arrivals_come_at_the_rate_of_the_moment(run):
    journal = Journal(takes_s=0.01)
    executor = RampingArrivalRate(
        start_rate_per_s=0, stages=(Stage(10, 20), Stage(5, 20)), pre_allocated_vus=5, max_vus=50
    )
    outcome = run(executor, journal)
    assert outcome.completed == 200
    assert sum(time_s < 5 for time_s in journal.times_s()) == pytest.approx(25, abs=1)
    gaps = [b - a for a, b in pairwise(t for t in journal.times_s() if t > 10)]
    assert gaps == pytest.approx([0.05] * len(gaps), abs=1e-5)


def test_the_due_time_reaches_the_user_that_serves_the_arrival(run, crew):
    seen = []

    class Noting(Journal):
        async def iteration(self, vu):
            seen.append(vu.api.due_ns / 1e9 - self.zero_s)
            vu.api.due_ns = 0

    run(ConstantArrivalRate(rate_per_s=2, duration_s=2, pre_allocated_vus=1, max_vus=1), Noting())
    assert seen == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_stop_lets_iterations_finish_and_starts_none(run):
    journal = Journal(takes_s=4)
    outcome = run(
        SharedIterations(vus=2, iterations=100, max_duration_s=600),
        journal,
        meanwhile=after(10, (StopReason.INTERRUPTED, False)),
    )
    assert (outcome.completed, outcome.interrupted, outcome.not_started) == (6, 0, 94)
    assert (outcome.duration_s, outcome.reason) == (pytest.approx(12), StopReason.INTERRUPTED)


def test_a_second_interrupt_cancels_what_is_under_way(run):
    outcome = run(
        ConstantVus(vus=3, duration_s=600),
        Journal(takes_s=100),
        meanwhile=after(5, (StopReason.INTERRUPTED, False), (StopReason.INTERRUPTED, False)),
    )
    assert (outcome.completed, outcome.interrupted, outcome.duration_s) == (0, 3, pytest.approx(10))


def test_a_stop_releases_users_and_arrivals_that_are_not_due_yet(run):
    ramp = run(
        RampingVus(start_vus=1, stages=(Stage(1000, 3),)),
        Journal(takes_s=1),
        meanwhile=after(5.5, (StopReason.THRESHOLD, False)),
    )
    assert (ramp.duration_s, ramp.reason) == (pytest.approx(6), StopReason.THRESHOLD)
    slow = run(
        ConstantArrivalRate(rate_per_s=0.01, duration_s=1000, pre_allocated_vus=2, max_vus=2),
        Journal(takes_s=1),
        meanwhile=after(50, (StopReason.ABORTED, True)),
    )
    assert (slow.duration_s, slow.completed, slow.not_started) == (pytest.approx(50), 1, 9)


def test_a_stop_before_the_start_leaves_all_not_started(run):
    outcome = run(
        PerVuIterations(vus=2, iterations=3, max_duration_s=9, start_after_s=60),
        Journal(),
        meanwhile=after(5, (StopReason.INTERRUPTED, False)),
    )
    assert (outcome.not_started, outcome.completed) == (6, 0)


def test_a_delayed_executor_starts_after_its_delay(run):
    journal = Journal()
    run(PerVuIterations(vus=1, iterations=2, max_duration_s=9, start_after_s=7), journal)
    assert journal.times_s() == [7, 8]


@pytest.mark.parametrize(
    "executor",
    [
        SharedIterations(vus=7, iterations=50, max_duration_s=99),
        PerVuIterations(vus=7, iterations=5, max_duration_s=99),
        ConstantArrivalRate(rate_per_s=7, duration_s=5, pre_allocated_vus=3, max_vus=30),
        RampingArrivalRate(start_rate_per_s=1, stages=(Stage(5, 9),), pre_allocated_vus=3, max_vus=30),
    ],
)
def test_shards_do_together_exactly_what_one_process_does(run, executor):
    whole = Journal()
    run(executor, whole)
    parts = [Journal() for _ in range(3)]
    for index, part in enumerate(parts):
        run(executor, part, shard=Shard(index, 3))
    assert sorted(number for part in parts for number in part.numbers()) == whole.numbers()
    users = [{user for _, user, _ in part.begun} for part in parts]
    assert not users[0] & users[1]
    assert not users[1] & users[2]


def test_what_a_scenario_raises_ends_the_step_with_its_place(run):
    class Broken(Journal):
        async def iteration(self, vu):
            await super().iteration(vu)
            if vu.iteration == 3:
                _ = {}["nothing"]

    with pytest.raises(ScenarioError, match=r"test_engine_executors\.py:\d+: KeyError: 'nothing'"):
        run(ConstantVus(vus=2, duration_s=60), Broken())


def test_an_error_for_the_user_passes_unchanged(run):
    class Refusing(Journal):
        async def iteration(self, vu):
            raise ConfigError("the scenario needs an extension")

    with pytest.raises(ConfigError, match="needs an extension"):
        run(SharedIterations(vus=1, iterations=1, max_duration_s=9), Refusing())


def test_a_dropped_iteration_is_neither_completed_nor_timed(run):
    class Dropping(Journal):
        async def iteration(self, vu):
            await super().iteration(vu)
            if vu.iteration % 2:
                vu.drop("nothing left")

    durations = []
    progress = StepProgress(on_iteration=durations.append)
    outcome = run(SharedIterations(vus=1, iterations=6, max_duration_s=60), Dropping(), progress=progress)
    assert (outcome.completed, outcome.dropped, outcome.drop_reasons) == (3, 3, {"nothing left": 3})
    assert durations == [1_000_000_000] * 3


def test_iterations_that_wait_for_nothing_do_not_keep_a_stop_from_being_seen(run):
    class Empty(Journal):
        async def iteration(self, vu):
            self.begun.append((0, 0, vu.iteration))

    async def meanwhile(stop):
        for _ in range(20):
            await asyncio.sleep(0)
        stop.request(StopReason.INTERRUPTED)

    outcome = run(ConstantVus(vus=1, duration_s=60), Empty(), meanwhile=meanwhile)
    assert outcome.completed < 100
