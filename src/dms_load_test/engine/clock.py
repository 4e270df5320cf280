"""Time as a port: what the engine asks the machine, and tests replace."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test.engine.alarm import sleep_exactly
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["NS_PER_S", "SYSTEM_CLOCK", "Clock"]


@dataclass(frozen=True, slots=True)
class Clock:
    """`now_ns` is monotonic, in nanoseconds from any origin. Sleeps take seconds; the exact one is for due times."""

    now_ns: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]
    sleep_exactly: Callable[[float], Awaitable[None]] = asyncio.sleep


SYSTEM_CLOCK = Clock(time.perf_counter_ns, asyncio.sleep, sleep_exactly)
