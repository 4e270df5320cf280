"""Sleeping to the tenth of a millisecond: event loops round their timers to whole ones, too coarse for due times.

Measured at 1,000 arrivals a second on uvloop: 0.8 ms late at p99 with the loop's timers. On Linux the kernel's timer
descriptors do better and cost no spinning; elsewhere the loop's timers have to do.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys

NS_PER_S = 1_000_000_000
_CLOCK_MONOTONIC = 1


class _TimerSpec(ctypes.Structure):
    """`struct itimerspec`: repetition, then the first expiry, each in seconds and nanoseconds."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


def _kernel_timers() -> ctypes.CDLL | None:
    """Return the C library where it has timer descriptors."""
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    return library if hasattr(library, "timerfd_create") else None


_LIBRARY = _kernel_timers()


async def sleep_exactly(seconds: float) -> None:
    """Sleep as exactly as the system can: on Linux not shorter, and about 0.1 ms longer."""
    if seconds <= 0:
        return
    if _LIBRARY is None:
        await asyncio.sleep(seconds)
        return
    descriptor = _LIBRARY.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:  # no file descriptor left
        await asyncio.sleep(seconds)
        return
    loop = asyncio.get_running_loop()
    rung: asyncio.Future[None] = loop.create_future()
    whole_s, rest_ns = divmod(int(seconds * NS_PER_S) + 1, NS_PER_S)
    try:
        _LIBRARY.timerfd_settime(descriptor, 0, ctypes.byref(_TimerSpec(0, 0, whole_s, rest_ns)), None)
        loop.add_reader(descriptor, _ring, rung)
        await rung
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _ring(rung: asyncio.Future[None]) -> None:
    if not rung.done():
        rung.set_result(None)
