"""The account of a step: every iteration that was planned is completed, interrupted, dropped or not started."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import LoadTestError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.engine.clock import Clock
    from dms_load_test.engine.virtual_user import User
    from dms_load_test.load.plan import Step

_IDLE_NS = 20_000
"""An iteration shorter than this cannot have waited for an answer: others get their turn, and a stop is noticed."""


@dataclass(slots=True)
class StepProgress:
    """The live account of a step: taken = completed + interrupted + dropped + under way.

    `planned` is 0 where time alone ends the step. `on_iteration` takes a completed iteration's duration, nanoseconds.
    """

    on_iteration: Callable[[int], None] | None = None
    planned: int = 0
    taken: int = 0
    completed: int = 0
    interrupted: int = 0
    dropped: int = 0
    vus: int = 0
    vus_max: int = 0
    drop_reasons: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str) -> None:
        """Count a taken iteration for which nothing was sent."""
        self.dropped += 1
        self.drop_reasons[reason] = self.drop_reasons.get(reason, 0) + 1

    def join(self) -> None:
        """Count a user as active."""
        self.vus += 1
        self.vus_max = max(self.vus_max, self.vus)

    def leave(self) -> None:
        """Count a user as no longer active."""
        self.vus -= 1


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended: planned = completed + interrupted + dropped + not_started.

    Where time alone ends it, planned is what was taken. `dropped` counts arrivals for which no user was free, and
    iterations that had nothing to send.
    """

    name: str
    planned: int
    completed: int
    interrupted: int
    dropped: int
    not_started: int
    vus_max: int
    duration_s: float
    reason: StopReason
    drop_reasons: dict[str, int] = field(default_factory=dict)


class StepRun:
    """One step at work: whether iterations may start, what each came to, and what went wrong."""

    def __init__(self, step: Step, clock: Clock, progress: StepProgress) -> None:
        self.step = step
        self.clock = clock
        self.progress = progress
        self.open = True
        self.begin_ns = clock.now_ns()
        self.failed = asyncio.Event()
        self.failure: LoadTestError | None = None
        self._resting: set[asyncio.Task[None]] = set()

    def end(self) -> None:
        """Let no iteration start any more; who rests is released."""
        self.open = False
        for task in tuple(self._resting):
            task.cancel()

    async def rest_until(self, due_ns: int) -> None:
        """Sleep in a task of the step until `due_ns`; `end` cancels that task."""
        task = asyncio.current_task()
        assert task is not None
        self._resting.add(task)
        try:
            while (left_ns := due_ns - self.clock.now_ns()) > 0:
                await self.clock.sleep_exactly(left_ns / NS_PER_S)
        finally:
            self._resting.discard(task)

    async def iterate(self, user: User, number: int, due_ns: int = 0) -> None:
        """Run iteration `number` with `user` and count what became of it."""
        progress, now_ns = self.progress, self.clock.now_ns
        progress.taken += 1
        user.begin(number, due_ns)
        began_ns = now_ns()
        try:
            await self.step.iteration(user)
        except asyncio.CancelledError:
            progress.interrupted += 1
            raise
        except Exception as error:  # noqa: BLE001 - a scenario may raise anything; it ends the step, told with its place
            progress.interrupted += 1
            self._fail(error)
            return
        took_ns = now_ns() - began_ns
        if user.dropped:
            progress.drop(user.dropped)
        else:
            progress.completed += 1
            if progress.on_iteration:
                progress.on_iteration(took_ns)
        if took_ns < _IDLE_NS:
            await asyncio.sleep(0)

    def _fail(self, error: Exception) -> None:
        self.open = False
        self.failed.set()
        if self.failure is None:
            self.failure = error if isinstance(error, LoadTestError) else _scenario_error(error)

    def outcome(self, stopped: StopReason | None) -> StepOutcome:
        """Return the account of the ended step; `stopped` is why it was made to end, if it was."""
        progress = self.progress
        planned = progress.planned or progress.taken
        whole = progress.planned == progress.completed + progress.dropped
        return StepOutcome(
            name=self.step.name,
            planned=planned,
            completed=progress.completed,
            interrupted=progress.interrupted,
            dropped=progress.dropped,
            not_started=planned - progress.taken,
            vus_max=progress.vus_max,
            duration_s=(self.clock.now_ns() - self.begin_ns) / NS_PER_S,
            reason=stopped or (StopReason.FINISHED if whole else StopReason.DURATION),
            drop_reasons=dict(progress.drop_reasons),
        )


def _scenario_error(error: Exception) -> ScenarioError:
    """Name the place in the scenario's file: the deepest frame of the file that the traceback enters first."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    place = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
    told = ScenarioError(f"{place}{type(error).__name__}: {error}")
    told.__cause__ = error
    return told
