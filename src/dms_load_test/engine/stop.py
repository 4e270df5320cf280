"""Why and how a run ends before its plan: one value that everything that runs looks at."""

from __future__ import annotations

import asyncio
from enum import StrEnum


class StopReason(StrEnum):
    """What ended a step.

    `INTERRUPTED` is Ctrl-C; `ABORTED` ABORT_ON_4XX or STOP_ON_FIRST_FAILURE; `THRESHOLD` an abortOnFail.
    """

    FINISHED = "finished"
    DURATION = "duration over"
    INTERRUPTED = "interrupted"
    ABORTED = "aborted at a failure"
    THRESHOLD = "threshold crossed"
    TARGET_LOST = "target lost"
    WORKERS_LOST = "workers lost"
    STORAGE = "results cannot be written"


class StopSignal:
    """Asked once, steps end gracefully; asked again, or with `at_once`, they end now. The first reason counts."""

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self._graceful = asyncio.Event()
        self._at_once = asyncio.Event()

    def request(self, reason: StopReason, *, at_once: bool = False) -> None:
        """End what runs: no new iterations; `at_once` cancels those under way too."""
        self.reason = self.reason or reason
        if at_once or (self._graceful.is_set() and reason is StopReason.INTERRUPTED):
            self._at_once.set()
        self._graceful.set()

    @property
    def requested(self) -> bool:
        """Whether a stop was asked for: nothing may start any more."""
        return self._graceful.is_set()

    @property
    def at_once(self) -> bool:
        """Whether iterations under way are to be cancelled."""
        return self._at_once.is_set()

    async def wait(self) -> None:
        """Return when a stop is requested."""
        await self._graceful.wait()

    async def wait_at_once(self) -> None:
        """Return when a stop at once is requested."""
        await self._at_once.wait()
