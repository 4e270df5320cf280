"""Closed models: a task per user, which iterates while its span lasts. The next iteration waits for the one before."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.load.executor import PerVuIterations, RampingVus, SharedIterations
from dms_load_test.load.schedule import duration_s, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dms_load_test.engine.account import StepRun
    from dms_load_test.engine.virtual_user import User
    from dms_load_test.load.executor import Executor
    from dms_load_test.load.schedule import Span
    from dms_load_test.load.shard import Shard


async def run_closed(run: StepRun, shard: Shard, users: Callable[[int], User]) -> None:
    """Run the shard's users of a closed executor until all have ended."""
    executor = run.step.executor
    shared = _shared_numbers(executor, shard)
    async with asyncio.TaskGroup() as tasks:
        for number, active in spans(executor, shard).items():
            numbers = _own_numbers(executor, number) if isinstance(executor, PerVuIterations) else shared
            tasks.create_task(_live(run, users(number), active, numbers))


def _shared_numbers(executor: Executor, shard: Shard) -> Iterator[int]:
    """Return the numbers of the iterations that the users take as they become free."""
    if isinstance(executor, SharedIterations):
        return iter(shard.numbers(executor.iterations))
    return itertools.count(shard.index, shard.count)


def _own_numbers(executor: PerVuIterations, user: int) -> Iterator[int]:
    """Return the numbers of one user's iterations: all users' first ones come before all second ones."""
    return iter(range(user, executor.vus * executor.iterations, executor.vus))


async def _live(run: StepRun, user: User, active: tuple[Span, ...], numbers: Iterator[int]) -> None:
    """Iterate in each span; an iteration that outlives a ramp's span by more than its grace is interrupted."""
    loop = asyncio.get_running_loop()
    for span in active:
        await run.rest_until(run.begin_ns + int(span.start_s * NS_PER_S))
        run.progress.join()
        try:
            async with asyncio.timeout_at(_interruption_s(run, span, loop.time())):
                await _iterate(run, user, numbers, run.begin_ns + int(span.end_s * NS_PER_S))
        except TimeoutError:  # only ours: what an iteration raises does not come here
            continue
        finally:
            run.progress.leave()


def _interruption_s(run: StepRun, span: Span, now_s: float) -> float | None:
    """Return the loop's time at which a ramp interrupts the user; None where the end of the step does."""
    executor = run.step.executor
    if not isinstance(executor, RampingVus) or span.end_s >= duration_s(executor):
        return None
    elapsed_s = (run.clock.now_ns() - run.begin_ns) / NS_PER_S
    return now_s + span.end_s + executor.graceful_ramp_down_s - elapsed_s


async def _iterate(run: StepRun, user: User, numbers: Iterator[int], end_ns: int) -> None:
    while run.open and run.clock.now_ns() < end_ns:
        number = next(numbers, None)
        if number is None:
            return
        await run.iterate(user, number)
