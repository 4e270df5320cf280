"""The search for the knee, against simulated servers whose capacity is known."""

import heapq
from dataclasses import replace
from random import Random

import pytest

from dms_load_test.load.executor import ConstantArrivalRate
from dms_load_test.load.plan import Step, StepFigures
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.scenarios import knee
from dms_load_test.scenarios.knee import GAP, SOAK_RATIO, Limits, Search, Soak

SEEDS = 20
MOST_VUS = 500


class Server:
    """`workers` that take a service time of `mean_s` each, one request at a time; a queue in front of them."""

    def __init__(self, workers, mean_s, shape, seed, fails_above_per_s=None):
        self.capacity_per_s = workers / mean_s
        self._workers, self._mean_s, self._shape = workers, mean_s, shape
        self._random = Random(seed)
        self._fails_above_per_s = fails_above_per_s
        self.looks = 0

    def run(self, step):
        """Carry out a step with arrivals at a constant rate; return its figures."""
        self.looks += 1
        executor = step.executor
        rate, seconds = executor.rate_per_s, executor.duration_s
        free = [0.0] * self._workers
        under_way, response, failed, dropped = [], Distribution(), 0, 0
        for number in range(round(rate * seconds)):
            due_s = number / rate
            while under_way and under_way[0] <= due_s:
                heapq.heappop(under_way)
            if len(under_way) >= executor.max_vus:
                dropped += 1
                continue
            service_s = self._random.gammavariate(self._shape, self._mean_s / self._shape)
            end_s = max(due_s, heapq.heappop(free)) + service_s
            heapq.heappush(free, end_s)
            heapq.heappush(under_way, end_s)
            response.record(round((end_s - due_s) * 1e6))
            failed += self._fails_above_per_s is not None and rate > self._fails_above_per_s and number % 20 == 0
        done = response.count
        return StepFigures(
            step=step,
            seconds=max(seconds, *free),
            completed=done,
            dropped=dropped,
            operations=done,
            failed=failed,
            response=response,
        )


def search_on(server, first_per_s=20.0, most_per_s=5000.0, hold_s=5.0):
    executor = ConstantArrivalRate(rate_per_s=first_per_s, duration_s=hold_s, pre_allocated_vus=10, max_vus=MOST_VUS)
    search = Search(Step(name="look", executor=executor, iteration=None), Limits(first_per_s, most_per_s, 0.5, 0.01))
    step = search.next(None)
    while step is not None:
        step = search.next(server.run(step))
    return search


@pytest.mark.parametrize(
    ("workers", "mean_s", "shape"),
    [(16, 0.08, 4.0), (50, 0.1, 1.0), (8, 0.04, 10.0)],
    ids=["16 even workers", "50 uneven workers", "8 steady workers"],
)
def test_the_knee_is_within_a_tenth_of_the_true_capacity_in_19_of_20_seeds(workers, mean_s, shape):
    found = []
    for seed in range(SEEDS):
        server = Server(workers, mean_s, shape, seed)
        search = search_on(server)
        found.append(search.knee_per_s / server.capacity_per_s)
        assert server.looks < 100
    assert sum(0.9 <= share <= 1.1 for share in found) >= 19, sorted(found)


def test_the_capacity_is_what_was_done_at_most():
    server = Server(16, 0.04, 4.0, seed=1)
    search = search_on(server)

    assert search.capacity_per_s == pytest.approx(server.capacity_per_s, rel=0.1)
    assert search.is_bounded


def test_the_same_target_gives_the_same_knee():
    first, again = (search_on(Server(16, 0.04, 4.0, seed=7)) for _ in range(2))

    assert [rate.per_s for rate, _ in first.rates] == [rate.per_s for rate, _ in again.rates]


def test_errors_make_a_knee_where_times_do_not():
    search = search_on(Server(64, 0.01, 10.0, seed=2, fails_above_per_s=300.0))

    assert 300.0 / GAP < search.knee_per_s <= 300.0
    assert any("failed" in reason for _, reason in search.rates)


def test_a_target_beyond_the_most_that_is_asked_for_is_told_as_such():
    search = search_on(Server(1000, 0.01, 4.0, seed=3), most_per_s=100.0)

    assert search.knee_per_s == 100.0
    assert not search.is_bounded
    assert "beyond" in next(iter(search.tables())).note


def test_a_target_that_cannot_take_even_the_first_rate_has_no_knee_and_no_soak():
    search = search_on(Server(1, 1.0, 4.0, seed=4))

    assert search.knee_per_s == 0.0
    assert Soak(Step(name="look", executor=None, iteration=None), search, 60.0).next(None) is None
    assert "even the first rate" in next(iter(search.tables())).note


def test_the_soak_holds_70_percent_of_the_knee():
    search = search_on(Server(16, 0.04, 4.0, seed=5))
    executor = ConstantArrivalRate(rate_per_s=1.0, duration_s=1.0, pre_allocated_vus=1, max_vus=9)
    soak = Soak(Step(name="look", executor=executor, iteration=None), search, 3600.0)

    step = soak.next(None)
    assert step.executor.rate_per_s == pytest.approx(SOAK_RATIO * search.knee_per_s)
    assert step.executor.duration_s == 3600.0


def test_a_soak_is_planned_only_when_asked_for(with_settings):
    assert [phase.name for phase in knee.plan(with_settings())] == ["knee"]
    assert [phase.name for phase in knee.plan(with_settings(soak_duration=60.0))] == ["knee", "soak"]


def test_the_soak_of_a_knee_that_a_plan_names_is_named_after_it(with_settings):
    workload = replace(with_settings(soak_duration=60.0), name="evening")

    assert [phase.name for phase in knee.plan(workload)] == ["evening", "evening soak"]
