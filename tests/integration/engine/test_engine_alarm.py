"""Sleeps that keep due times."""

from __future__ import annotations

import asyncio
import gc
import os
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


@kernel_timers
async def test_a_cancelled_sleep_leaves_nothing_watched(monkeypatch):
    made = []

    class Noted(alarm._Alarm):
        def __init__(self, library):
            super().__init__(library)
            made.append(self)

    monkeypatch.setattr(alarm, "_Alarm", Noted)
    task = asyncio.create_task(alarm.sleep_exactly(60))
    while not made:  # noqa: ASYNC110 - a task that has begun to sleep says so to nobody
        await asyncio.sleep(0)
    descriptor = made[0]._descriptor
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    del task
    made.clear()
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):  # a loop that watched it would keep the alarm
        os.fstat(descriptor)


@kernel_timers
async def test_sleeps_one_after_the_other_share_a_timer_and_ones_beside_it_have_their_own():
    await asyncio.gather(*(slept_s(0.001 * number) for number in range(1, 6)))
    first = alarm._IDLE[asyncio.get_running_loop()]
    assert [await slept_s(0.0005) >= 0.0005 for _ in range(5)] == [True] * 5
    assert alarm._IDLE[asyncio.get_running_loop()] is first
