"""Sleeps that keep due times."""

from __future__ import annotations

import asyncio
import time

import pytest

from dms_load_test.engine import alarm


@pytest.mark.parametrize("library", [alarm._LIBRARY, None])
async def test_an_exact_sleep_is_not_shorter_than_asked(monkeypatch, library):
    monkeypatch.setattr(alarm, "_LIBRARY", library)
    for seconds in (0.0, 0.0003, 0.0021):
        began_s = time.perf_counter()
        await alarm.sleep_exactly(seconds)
        assert time.perf_counter() - began_s >= seconds


@pytest.mark.skipif(alarm._LIBRARY is None, reason="this system has no timer descriptors")
async def test_an_exact_sleep_is_finer_than_the_loops_milliseconds():
    late_s = []
    for _ in range(40):
        began_s = time.perf_counter()
        await alarm.sleep_exactly(0.0012)
        late_s.append(time.perf_counter() - began_s - 0.0012)
    assert min(late_s) < 0.0006


async def test_a_cancelled_sleep_leaves_nothing_watched():
    task = asyncio.create_task(alarm.sleep_exactly(60))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
