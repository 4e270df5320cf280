"""Who does what when workers come through, are lost, or are left over."""

import pytest

from dms_load_test.cluster.coordinator import LEAD_NS, Coordinator
from dms_load_test.cluster.messages import EnterPhase, Outcome, RunPart, Taken
from dms_load_test.cluster.parts import Done
from dms_load_test.load.executor import ConstantArrivalRate, ConstantVus, SharedIterations
from dms_load_test.load.shard import Shard

NS_PER_S = 1_000_000_000
LEVEL = SharedIterations(vus=4, iterations=100, max_duration_s=60)
TIMED = ConstantVus(vus=4, duration_s=10)
ENDED = Outcome(50, 50, 0, 0, 0, 2, finished=True)


@pytest.fixture
def two():
    return Coordinator(["a", "b"])


def parts(orders):
    return {order.worker: order.instruction.part for order in orders if isinstance(order.instruction, RunPart)}


def test_a_step_ends_when_every_part_has_ended(two):
    step, orders = two.begin("load", 0, LEVEL, 0)
    of = parts(orders)

    two.ended(of["a"], ENDED)
    assert not step.ended
    two.ended(of["b"], ENDED)
    assert step.ended
    assert [outcome.completed for outcome in step.outcomes] == [50, 50]


def test_timed_parts_begin_at_one_moment_and_counted_ones_at_once(two):
    _, timed = two.begin("readwrite", 0, TIMED, 5)
    _, counted = two.begin("load", 0, LEVEL, 5)

    assert {order.instruction.begin_ns for order in timed} == {5 + LEAD_NS}
    assert {order.instruction.begin_ns for order in counted} == {5}


def test_a_step_with_fewer_users_than_workers_has_a_part_for_each_user(two):
    _, orders = two.begin("smoke", 0, SharedIterations(vus=1, iterations=9, max_duration_s=1), 0)

    assert {worker: part.shard for worker, part in parts(orders).items()} == {"a": Shard(0, 1)}


def test_a_lost_part_of_a_level_goes_on_elsewhere_where_it_was_told_to_be_with_the_time_that_is_left(two):
    step, orders = two.begin("load", 0, LEVEL, 0)
    lost = parts(orders)["a"]
    two.tell([(lost, Done(7, (9,)), Taken(10, 8))])

    (order,) = two.lost("a", 20 * NS_PER_S, 19 * NS_PER_S)

    assert order.worker == "b"
    assert order.instruction.part == type(lost)("load", 0, lost.shard, Done(7, (9,)), attempt=1)
    assert order.instruction.executor.max_duration_s == 40
    assert two.losses == []
    assert not step.ended


def test_a_takeover_that_is_lost_too_is_taken_over_again_from_where_that_was():
    three = Coordinator(["a", "b", "c"])
    _, orders = three.begin("load", 0, LEVEL, 0)
    three.tell([(parts(orders)["a"], Done(5), Taken(5, 5))])
    (first,) = three.lost("a", 0, 0)
    three.tell([(first.instruction.part, Done(8), Taken(3, 3))])

    assert first.worker == "b"
    again = three.lost("b", 0, 0)

    assert {order.worker for order in again} == {"c"}
    assert [(order.instruction.part.done, order.instruction.part.attempt) for order in again] == [
        (Done(), 1),
        (Done(8), 2),
    ]


def test_a_lost_part_of_a_timed_step_is_a_loss_of_all_that_it_had_not_told(two):
    step, orders = two.begin("readwrite", 0, TIMED, 0)

    assert two.lost("b", 9 * NS_PER_S, 5 * NS_PER_S + LEAD_NS) == []

    (loss,) = two.losses
    assert loss.ratio == pytest.approx(0.25)
    two.ended(parts(orders)["a"], ENDED)
    assert step.ended


@pytest.mark.parametrize(("heard_s", "ratio"), [(52.5, 0.0625), (0.0, 0.5), (61.0, 0.0)])
def test_a_worker_that_was_silent_until_the_end_leaves_a_loss_from_when_it_was_heard_last(two, heard_s, ratio):
    two.begin("readwrite", 0, ConstantVus(vus=4, duration_s=60), 0)

    two.lost("b", 62 * NS_PER_S, int(heard_s * NS_PER_S) + LEAD_NS)  # found out 8 s after, when the step is over

    assert [loss.ratio for loss in two.losses] == [pytest.approx(ratio)]


def test_arrivals_that_a_lost_worker_did_not_take_are_counted(two):
    executor = ConstantArrivalRate(rate_per_s=10, duration_s=10, pre_allocated_vus=2, max_vus=4)
    step, orders = two.begin("readwrite", 0, executor, 0)
    two.tell([(parts(orders)["a"], Done(), Taken(20, 18, 1))])

    two.lost("a", 5 * NS_PER_S, 4 * NS_PER_S)

    (loss,) = two.losses
    assert (loss.arrivals, loss.ratio) == (30, pytest.approx(0.3))
    assert step.outcomes == [Outcome(20, 18, 1, 1, 0, 0, finished=False)]  # and what it had told is not lost


def test_of_steps_side_by_side_each_has_its_own_loss(two):
    few, many = (
        ConstantArrivalRate(rate_per_s=rate, duration_s=10, pre_allocated_vus=2, max_vus=4) for rate in (1, 10)
    )
    first, _ = two.begin("readwrite", 0, few, 0)
    second, _ = two.begin("changes", 0, many, 0)

    two.lost("a", 0, 0)

    assert [[loss.arrivals for loss in step.losses] for step in (first, second)] == [[5], [50]]
    assert len(two.losses) == 2


def test_nobody_waits_for_a_lost_worker_to_be_ready(two):
    assert [order.instruction for order in two.enter("load")] == [EnterPhase("load")] * 2
    two.entered("a", "load")
    assert not two.is_entered("load")

    two.lost("b", 0, 0)

    assert two.is_entered("load")


def test_what_a_part_tells_after_it_was_given_away_is_passed_over(two):
    step, orders = two.begin("load", 0, LEVEL, 0)
    old = parts(orders)["a"]
    two.lost("a", 0, 0)

    two.ended(old, ENDED)

    assert step.outcomes == []
    assert not step.ended


def test_without_any_worker_a_step_never_ends(two):
    step, _ = two.begin("load", 0, LEVEL, 0)
    two.lost("a", 0, 0)
    two.lost("b", 0, 0)

    assert two.workers == []
    assert not step.ended
