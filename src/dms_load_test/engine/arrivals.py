"""Open models: iterations start when they are due, whether or not earlier ones have ended.

A dispatcher hands each due arrival to an idle user; where none is idle and no more may be made, it is dropped. The due
time goes along, so that waiting for a user, or for a late dispatcher, counts into the latency.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.load.schedule import arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dms_load_test.engine.account import StepRun
    from dms_load_test.engine.virtual_user import User
    from dms_load_test.load.executor import ConstantArrivalRate, RampingArrivalRate
    from dms_load_test.load.shard import Shard

NO_USER = "no virtual user was free"
_BURST = 64
"""Arrivals started in a row, when late, before the users get their turn."""


async def run_open(
    run: StepRun, executor: ConstantArrivalRate | RampingArrivalRate, shard: Shard, users: Callable[[int], User]
) -> None:
    """Start the shard's arrivals of an open executor when due; return when the last one has ended."""
    async with asyncio.TaskGroup() as tasks:
        desk = _Desk(run, tasks, map(users, shard.numbers(executor.max_vus)))
        for _ in range(shard.share(min(executor.pre_allocated_vus, executor.max_vus))):
            desk.hire()
        tasks.create_task(_dispatch(run, arrivals(executor, shard), desk))


async def _dispatch(run: StepRun, due: Iterator[tuple[int, float]], desk: _Desk) -> None:
    late = 0
    try:
        for number, due_s in due:
            due_ns = run.begin_ns + int(due_s * NS_PER_S)
            if due_ns > run.clock.now_ns():
                await run.rest_until(due_ns)
                late = 0
            else:
                late += 1
            if late % _BURST == _BURST - 1:
                await asyncio.sleep(0)
            if not run.open:
                return
            desk.hand_out(number, due_ns)
    finally:
        desk.close()


class _Desk:
    """The users of an open step: those idle, and those that may still be made."""

    def __init__(self, run: StepRun, tasks: asyncio.TaskGroup, more: Iterator[User]) -> None:
        self._run = run
        self._tasks = tasks
        self._more = more
        self._closed = False
        self._idle: list[asyncio.Future[tuple[int, int] | None]] = []

    def hire(self) -> bool:
        """Make one more user idle; return whether there was one to be made."""
        user = next(self._more, None)
        if user is None:
            return False
        self._tasks.create_task(self._serve(user, self._seat()))
        return True

    def hand_out(self, number: int, due_ns: int) -> None:
        """Give an arrival to an idle user, or to a new one, or count it as dropped."""
        if not self._idle and not self.hire():
            self._run.progress.taken += 1
            self._run.progress.drop(NO_USER)
            return
        self._idle.pop().set_result((number, due_ns))

    def close(self) -> None:
        """Send the idle users home; the others go when they have finished."""
        self._closed = True
        for seat in self._idle:
            if not seat.done():
                seat.set_result(None)
        self._idle.clear()

    def _seat(self) -> asyncio.Future[tuple[int, int] | None]:
        seat: asyncio.Future[tuple[int, int] | None] = asyncio.get_running_loop().create_future()
        self._idle.append(seat)
        return seat

    async def _serve(self, user: User, seat: asyncio.Future[tuple[int, int] | None]) -> None:
        run = self._run
        while (arrival := await seat) is not None:
            number, due_ns = arrival
            run.progress.join()
            try:
                await run.iterate(user, number, due_ns)
            finally:
                run.progress.leave()
            if self._closed:
                return
            seat = self._seat()
