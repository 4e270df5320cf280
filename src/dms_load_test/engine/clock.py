"""Time as a port: what the engine asks the machine, and tests replace."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`now_ns` is monotonic, in nanoseconds from any origin; `sleep` takes seconds."""

    now_ns: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]


SYSTEM_CLOCK = Clock(time.perf_counter_ns, asyncio.sleep)
