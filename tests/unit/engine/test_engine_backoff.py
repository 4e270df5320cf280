"""How long to wait, and whether to try again at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest

from dms_load_test.engine.backoff import CAP_S, Gate, Tries, backoff_s, retry_after_s
from dms_load_test.load.plan import NO_RETRY, RetryPolicy

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"", 0),
        (b"7", 7),
        (b" 30 ", 30),
        (b"soon", 0),
        (b"-3", 0),
        (b"Mon, 04 May 2026 12:00:20 GMT", 20),
        (b"Mon, 04 May 2026 11:00:00 GMT", 0),
        (b"Mon, 04 May 2026 12:00:20 +99999999999999999", 0),
        (b"Mon, 04 May 99999999999999999999 12:00:20 GMT", 0),
        (b"Sat, 01 Jan 0001 00:00:00 +2359", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    assert retry_after_s(value, NOW) == seconds


def test_the_pause_is_never_shorter_than_asked_and_its_jitter_grows_to_a_cap():
    random = Random(1)
    assert all(5 <= backoff_s(attempt, 5, random) <= 5 + CAP_S for attempt in range(1, 100))
    longest = [max(backoff_s(attempt, 0, random) for _ in range(300)) for attempt in (1, 3, 5)]
    assert longest[0] <= 0.25 < longest[1] <= 1.0 < longest[2] <= 4.0


def tries(policy, statuses, error="", step_s=0):
    """Return how many attempts are made when each ends with the next status."""
    state = Tries(policy, 0, Random(1))
    for number, status in enumerate(statuses):
        if not state.goes_on(status, error, 0, number * step_s * 10**9):
            return state.attempt
        state.attempt += 1
    return state.attempt


@pytest.mark.parametrize(
    ("policy", "status", "error", "attempts"),
    [
        (NO_RETRY, 503, "", 1),
        (RetryPolicy(attempts=4), 503, "", 4),
        (RetryPolicy(attempts=4), 429, "", 4),
        (RetryPolicy(attempts=4), 400, "", 1),
        (RetryPolicy(attempts=4), 500, "", 1),
        (RetryPolicy(attempts=4), 0, "reset", 4),
        (RetryPolicy(attempts=4), 0, "timeout", 4),
        (RetryPolicy(attempts=4), 0, "connect", 4),
        (RetryPolicy(attempts=4), 0, "tls", 1),
        (RetryPolicy(attempts=4), 0, "protocol", 1),
    ],
)
def test_only_what_may_pass_is_tried_again_and_only_so_often(policy, status, error, attempts):
    assert tries(policy, [status] * 10, error) == attempts


def test_tries_are_bounded_in_time():
    assert tries(RetryPolicy(attempts=100, max_elapsed_s=25), [503] * 99, step_s=10) == 4


def test_a_new_token_is_tried_once_beside_the_policy():
    state = Tries(NO_RETRY, 0, Random(1))
    assert state.renew()
    state.attempt += 1
    assert not state.renew()
    assert not state.goes_on(503, "", 0, 0)


def test_a_closed_gate_holds_all_users_back_and_lets_them_out_spread(leap, leaping_clock):
    async def main():
        gate = Gate(leaping_clock, Random(1))
        assert not gate.closed
        gate.close_for(10)
        gate.close_for(3)
        assert gate.closed
        began_ns = leaping_clock.now_ns()
        left_s = []

        async def user():
            await gate.wait()
            left_s.append((leaping_clock.now_ns() - began_ns) / 1e9)

        await asyncio.gather(*(user() for _ in range(50)))
        assert not gate.closed
        return left_s

    left_s = leap(main())
    assert min(left_s) >= 10
    assert max(left_s) <= 11
    assert max(left_s) - min(left_s) > 0.5
