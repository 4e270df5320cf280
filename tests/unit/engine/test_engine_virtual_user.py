"""What a virtual user brings to its iterations."""

from __future__ import annotations

import pytest

from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.load.shard import Shard


class FakeApi:
    def __init__(self):
        self.due_ns = 0
        self.closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def checks():
    return []


class HandClock:
    """A clock that stands still but for the pauses asked of it, which it makes too long by `over_s`."""

    def __init__(self):
        self.now_ns = 1000 * NS_PER_S
        self.over_s = 0

    async def pause(self, seconds):
        self.now_ns += int((seconds + self.over_s) * NS_PER_S)

    def clock(self):
        return Clock(lambda: self.now_ns, self.pause)


@pytest.fixture
def hand():
    return HandClock()


@pytest.fixture
def new_user(checks, hand):
    def new(number, seed=1):
        world = PhaseWorld(
            documents=None,
            inventory=None,
            ordinals=Ordinals({}),
            on_check=lambda *told: checks.append(told),
            seed=seed,
            clock=hand.clock(),
        )
        return User(number, FakeApi(), world, FakeApi)

    return new


def test_dice_depend_on_the_seed_and_the_users_number_only(new_user):
    def throws(number, seed):
        return [new_user(number, seed).random.random() for _ in range(3)]

    assert throws(3, 1) == throws(3, 1)
    assert throws(3, 1) != throws(4, 1)
    assert throws(3, 1) != throws(3, 2)
    assert throws(1, 12) != throws(11, 2)


def test_a_check_is_counted_and_its_result_returned(new_user, checks):
    user = new_user(0)
    assert user.check("gone", True)
    assert not user.check("gone", False)
    assert checks == [("gone", True), ("gone", False)]


def test_a_new_iteration_forgets_that_the_one_before_was_dropped(new_user):
    user = new_user(0)
    user.begin(4, due_ns=99)
    user.drop("nothing left")
    assert (user.iteration, user.api.due_ns, user.dropped) == (4, 99, "nothing left")
    user.begin(5)
    assert (user.iteration, user.dropped) == (5, "")


def test_a_due_time_for_which_nothing_was_sent_is_not_that_of_the_next_iteration(new_user):
    user = new_user(0)
    user.begin(4, due_ns=99)
    user.begin(5)
    assert user.api.due_ns == 0


async def test_a_pause_before_the_first_request_is_no_wait_for_it(new_user, hand):
    user = new_user(0)
    late_ns = 3 * NS_PER_S
    user.begin(4, due_ns=hand.now_ns - late_ns)

    await user.think(2.0)
    assert hand.now_ns - user.api.due_ns == late_ns
    await user.pace(5.0)
    assert hand.now_ns - user.api.due_ns == late_ns
    await user.pace(1.0)
    assert hand.now_ns - user.api.due_ns == late_ns


async def test_a_pause_that_is_too_long_delays_the_request(new_user, hand):
    user, hand.over_s = new_user(0), 1
    user.begin(4, due_ns=hand.now_ns)
    await user.think(2.0)
    assert hand.now_ns - user.api.due_ns == NS_PER_S


async def test_a_pause_gives_no_due_time_to_what_has_none(new_user):
    user = new_user(0)
    user.begin(4)
    await user.think(2.0)
    assert user.api.due_ns == 0


async def test_an_empty_batch_leaves_the_due_time_to_what_is_sent_next(new_user):
    user = new_user(0)
    user.begin(4, due_ns=99)
    assert await user.batch([]) == []
    assert user.api.due_ns == 99


def test_closing_a_user_closes_its_connections(new_user):
    user = new_user(0)
    user.close()
    assert user.api.closed


def test_new_ordinals_continue_after_the_planned_ones_and_no_shard_gives_one_twice():
    shards = [Ordinals({"students": 100}, Shard(index, 3)) for index in range(3)]
    given = [ordinals.next("students") for _ in range(4) for ordinals in shards]
    assert given == list(range(100, 112))
    assert shards[1].next("staffs") == 1
