"""Laws of shared work: parts are together the plan, whatever is lost on the way, and everything told is told once."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.cluster.clocks import Question, offset_ns
from dms_load_test.cluster.coordinator import Coordinator
from dms_load_test.cluster.messages import Outcome, Taken
from dms_load_test.cluster.parts import Done, DoneRow, Part, Row, part_count, rest_of, shards, tracked
from dms_load_test.engine.virtual_user import Ordinals
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
from dms_load_test.load.schedule import arrival_count, arrivals, spans
from dms_load_test.load.shard import WHOLE, Shard

counted = st.one_of(
    st.builds(SharedIterations, vus=st.integers(1, 9), iterations=st.integers(0, 60), max_duration_s=st.just(60.0)),
    st.builds(PerVuIterations, vus=st.integers(1, 9), iterations=st.integers(1, 8), max_duration_s=st.just(60.0)),
)
workers = st.integers(1, 7)
stages = st.lists(st.builds(Stage, st.sampled_from([0.5, 1.0, 3.0]), st.integers(0, 9).map(float)), max_size=4)
arrival_models = st.one_of(
    st.builds(
        ConstantArrivalRate,
        rate_per_s=st.sampled_from([0.5, 3.0, 17.0]),
        duration_s=st.sampled_from([1.0, 2.5]),
        pre_allocated_vus=st.integers(1, 9),
        max_vus=st.integers(1, 20),
    ),
    st.builds(
        RampingArrivalRate,
        start_rate_per_s=st.sampled_from([0.0, 4.0]),
        stages=stages.map(tuple),
        pre_allocated_vus=st.integers(1, 9),
        max_vus=st.integers(1, 20),
    ),
)
user_models = st.one_of(
    st.builds(ConstantVus, vus=st.integers(1, 20), duration_s=st.just(3.0)),
    st.builds(RampingVus, start_vus=st.integers(0, 9), stages=stages.filter(bool).map(tuple)),
)


class User:
    def __init__(self, iteration):
        self.iteration = iteration


def total(executor):
    return executor.vus * executor.iterations if isinstance(executor, PerVuIterations) else executor.iterations


def numbers_to_run(order, done_by):
    """The iterations that a worker runs for an order, each as a call that runs it, in the order of its engine."""
    part, executor = order.part, order.executor
    row = DoneRow(part.done)

    async def note(vu):
        done_by[vu.iteration] += 1

    step = Step(name="level", executor=executor, iteration=note)
    if part.done.count:
        rest = rest_of(step, part, row)
        taken = range(rest.executor.iterations)
    else:
        rest = tracked(step, part.shard, row)
        places = Row(executor, part.shard)
        taken = [places.number(place) for place in range(len(places))]
    return [lambda number=number: finish(rest.iteration(User(number))) for number in taken], row


def finish(iteration):
    """Run a coroutine that waits for nothing."""
    with suppress(StopIteration):
        iteration.send(None)


@given(counted, workers)
def test_parts_of_a_counted_step_are_together_the_plan_and_each_has_a_user(executor, count):
    parts = list(shards(part_count(executor, count)))
    rows = [Row(executor, shard) for shard in parts]

    numbers = sorted(row.number(place) for row in rows for place in range(len(row)))

    assert numbers == list(range(total(executor)))
    assert all(row.place(row.number(place)) == place for row in rows for place in range(len(row)))
    assert all(shard.share(executor.vus) for shard in parts)
    assert sum(shard.share(executor.vus) for shard in parts) == executor.vus


@given(arrival_models, workers)
def test_arrivals_and_users_of_all_parts_add_up_at_every_second(executor, count):
    parts = list(shards(part_count(executor, count)))

    def by_second(shard):
        return Counter(int(due_s) for _, due_s in arrivals(executor, shard))

    assert sum((by_second(shard) for shard in parts), Counter()) == by_second(WHOLE)
    assert sum(arrival_count(executor, shard) for shard in parts) == arrival_count(executor, WHOLE)
    assert sum(shard.share(executor.max_vus) for shard in parts) == executor.max_vus
    assert all(shard.share(executor.max_vus) for shard in parts)


@given(user_models, workers)
def test_users_of_all_parts_add_up_at_every_moment_with_the_plans_numbers(executor, count):
    parts = [spans(executor, shard) for shard in shards(part_count(executor, count))]

    assert {number: found for part in parts for number, found in part.items()} == spans(executor, WHOLE)
    assert sum(len(part) for part in parts) == len(spans(executor, WHOLE))


@given(st.integers(1, 7), st.dictionaries(st.sampled_from("ab"), st.integers(0, 50)), st.integers(0, 40))
def test_no_two_workers_hand_out_the_same_new_ordinal(count, first, asked):
    given_out = [
        (resource, ordinals.next(resource))
        for index in range(count)
        for ordinals in [Ordinals(first, Shard(index, count))]
        for resource in "ab"
        for _ in range(asked)
    ]

    assert len(set(given_out)) == len(given_out)
    assert all(ordinal >= first.get(resource, 0) for resource, ordinal in given_out)


@given(st.lists(st.integers(0, 30), unique=True))
def test_what_is_done_of_a_row_is_exactly_what_was_marked(places):
    row = DoneRow(Done())
    for place in places:
        row.mark(place)
    done = row.value()

    assert set(range(done.frontier)) | set(done.beyond) == set(places)
    assert done.count == len(places)
    executor = SharedIterations(vus=1, iterations=31, max_duration_s=1)
    left = Row(executor, WHOLE).left(done)
    assert [left.place(number) for number in range(len(left))] == sorted(set(range(31)) - set(places))


@given(counted, workers, st.data())
def test_whatever_is_lost_every_iteration_is_counted_exactly_once(executor, count, data):
    names = [f"w{number}" for number in range(count)]
    coordinator = Coordinator(names)
    step, orders = coordinator.begin("load", 0, executor, 0)
    told, running = Counter(), []

    def start(orders):
        for order in orders:
            unheard = Counter()
            calls, row = numbers_to_run(order.instruction, unheard)
            running.append([order.worker, order.instruction.part, calls, row, unheard])

    start(orders)
    while running:
        at = data.draw(st.integers(0, len(running) - 1))
        worker, part, calls, row, unheard = running[at]
        for _ in range(min(len(calls), data.draw(st.integers(1, 6)))):
            calls.pop(data.draw(st.integers(0, min(2, len(calls) - 1))))()
        if data.draw(st.booleans()):
            told += unheard
            unheard.clear()
            coordinator.tell([(part, row.value(), Taken())])
        if len(coordinator.workers) > 1 and data.draw(st.integers(0, 5)) == 0:
            running = [work for work in running if work[0] != worker]
            start(coordinator.lost(worker, 1_000_000_000, 0))
        elif not calls:
            told += unheard
            coordinator.tell([(part, row.value(), Taken())])
            done = row.value().count - part.done.count
            coordinator.ended(part, Outcome(done, done, 0, 0, 0, 1, finished=True))
            running.remove(running[at])

    assert step.ended
    assert told == Counter(dict.fromkeys(range(total(executor)), 1))
    assert sum(outcome.completed for outcome in step.outcomes) == total(executor)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8),
)
def test_a_clock_is_never_further_off_than_half_of_the_quickest_round_trip(truth_ns, delays):
    questions, now_ns = [], 0
    for there_ns, back_ns in delays:
        asked_ns = now_ns
        now_ns += there_ns + back_ns
        questions.append(Question(asked_ns, asked_ns + there_ns + truth_ns, now_ns))

    assert abs(offset_ns(questions) - truth_ns) <= min(map(sum, delays)) / 2 + 1


def test_a_part_is_told_from_its_takeover():
    assert Part("load", 0, WHOLE) != Part("load", 0, WHOLE, attempt=1)
