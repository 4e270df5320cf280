"""Sleeps that keep due times."""

from __future__ import annotations

import asyncio
import time

import pytest

from dms_load_test.engine import alarm

kernel_timers = pytest.mark.skipif(alarm._LIBRARY is None, reason="this system has no timer descriptors")


async def slept_s(seconds):
    began_s = time.perf_counter()
    await alarm.sleep_exactly(seconds)
    return time.perf_counter() - began_s


@kernel_timers
@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.0003, 0.0021])
async def test_an_exact_sleep_is_not_shorter_than_asked(seconds):
    assert await slept_s(seconds) >= seconds


@kernel_timers
async def test_an_exact_sleep_is_finer_than_the_loops_milliseconds():
    assert min([await slept_s(0.0012) for _ in range(40)]) < 0.0018


async def test_without_kernel_timers_the_loops_have_to_do(monkeypatch):
    monkeypatch.setattr(alarm, "_LIBRARY", None)
    assert await slept_s(0.02) > 0.018


async def test_a_cancelled_sleep_leaves_nothing_watched():
    task = asyncio.create_task(alarm.sleep_exactly(60))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@kernel_timers
async def test_sleeps_one_after_the_other_share_a_timer_and_ones_beside_it_have_their_own():
    await asyncio.gather(*(slept_s(0.001 * number) for number in range(1, 6)))
    first = alarm._IDLE[asyncio.get_running_loop()]
    assert [await slept_s(0.0005) >= 0.0005 for _ in range(5)] == [True] * 5
    assert alarm._IDLE[asyncio.get_running_loop()] is first
