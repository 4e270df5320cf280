"""Runs one step to its end: the schedule against the clock, graceful stop, and the account of every iteration.

Rules: no task and no timer per iteration; no task of a step outlives it; what a scenario raises ends the step.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dms_load_test.engine.account import StepOutcome, StepProgress, StepRun
from dms_load_test.engine.arrivals import run_open
from dms_load_test.engine.closed import run_closed
from dms_load_test.load.executor import ConstantArrivalRate, PerVuIterations, RampingArrivalRate, SharedIterations
from dms_load_test.load.schedule import arrival_count, duration_s

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from dms_load_test.engine.clock import Clock
    from dms_load_test.engine.stop import StopSignal
    from dms_load_test.engine.virtual_user import User
    from dms_load_test.load.executor import Executor
    from dms_load_test.load.plan import Step
    from dms_load_test.load.shard import Shard


async def run_step(
    step: Step,
    shard: Shard,
    users: Callable[[int], User],
    clock: Clock,
    stop: StopSignal,
    progress: StepProgress | None = None,
) -> StepOutcome:
    """Run the shard's part of `step`; `users` returns the user of a number, `progress` is kept up to date.

    Raises:
        LoadTestError: An iteration raised; as `ScenarioError`, with file and line, if it was no `LoadTestError`.
    """
    progress = progress or StepProgress()
    progress.planned = planned_iterations(step.executor, shard)
    if step.executor.start_after_s:
        await _first_of(set(), step.executor.start_after_s, stop.wait())
    run = StepRun(step, clock, progress)
    if not stop.requested:
        work = asyncio.get_running_loop().create_task(_work(run, shard, users))
        try:
            await _supervise(run, work, stop)
        finally:
            work.cancel()
            await asyncio.wait({work})
        if not work.cancelled():
            work.result()
    if run.failure is not None:
        raise run.failure
    return run.outcome(stop.reason)


def planned_iterations(executor: Executor, shard: Shard) -> int:
    """Return how many iterations the shard is to take; 0 where time alone decides."""
    if isinstance(executor, SharedIterations):
        return shard.share(executor.iterations)
    if isinstance(executor, PerVuIterations):
        return shard.share(executor.vus) * executor.iterations
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        return arrival_count(executor, shard)
    return 0


async def _work(run: StepRun, shard: Shard, users: Callable[[int], User]) -> None:
    executor = run.step.executor
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        await run_open(run, executor, shard, users)
    else:
        await run_closed(run, shard, users)


async def _supervise(run: StepRun, work: asyncio.Task[None], stop: StopSignal) -> None:
    """Wait for the end of the work, of its time, or for a stop; then let iterations under way finish."""
    executor = run.step.executor
    await _first_of({work}, duration_s(executor), stop.wait(), run.failed.wait())
    run.end()
    if not run.failure and not stop.at_once:
        await _first_of({work}, executor.graceful_stop_s, stop.wait_at_once(), run.failed.wait())


async def _first_of(work: set[asyncio.Task[None]], timeout_s: float, *others: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of them, or for the time-out; `others` are cancelled then, `work` goes on."""
    watchers = {asyncio.ensure_future(other) for other in others}
    try:
        await asyncio.wait(work | watchers, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
