"""Runs phases in order, each step with its pulse, and keeps the account of what was planned."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.executors import planned_iterations
from dms_load_test.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)
from dms_load_test.load.schedule import duration_s
from dms_load_test.load.shard import WHOLE
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.verdict import account
from dms_load_test.results.events import PhaseBegin, PhaseEnd, StepBegin, StepEnd
from dms_load_test.results.run import accounts_line
from dms_load_test.views.progress import StepView

if TYPE_CHECKING:
    from dms_load_test.app.crew import Crew
    from dms_load_test.app.session import Session
    from dms_load_test.load.executor import Executor
    from dms_load_test.load.plan import Phase, Step
    from dms_load_test.metrics.thresholds import Threshold
    from dms_load_test.metrics.verdict import ResourceAccount

_K6_NAMES = {
    SharedIterations: "shared-iterations",
    PerVuIterations: "per-vu-iterations",
    ConstantVus: "constant-vus",
    RampingVus: "ramping-vus",
    ConstantArrivalRate: "constant-arrival-rate",
    RampingArrivalRate: "ramping-arrival-rate",
}
_RESOURCES_SHOWN = 3


class PhaseRunner:
    """Runs one phase after the other against one target; `thresholds` and `accounts` grow with each."""

    def __init__(self, session: Session, crew: Crew) -> None:
        self._session = session
        self._crew = crew
        self.thresholds: list[Threshold] = []
        self.accounts: list[ResourceAccount] = []

    async def run(self, phase: Phase) -> None:
        """Run the steps of a phase until they are done, time is up, or a stop is asked for.

        Raises:
            LoadTestError: As `run_step`; what was done until then is accounted for.
        """
        session = self._session
        judged = [parse_threshold(text, phase.name) for text in phase.thresholds]
        self.thresholds += judged
        session.enter(phase.name)
        if session.inventory is not None:
            session.inventory.enter_phase(phase.name)
        session.writer.write(PhaseBegin(session.now_s(), phase.name, phase.planned, phase.thresholds))
        try:
            await self._crew.enter(phase)
            await self._steps(phase, judged)
        finally:
            await self._crew.leave(phase)
            done = account(phase.name, phase.planned, session.totals)
            self.accounts += done
            session.writer.write(accounts_line(session.now_s(), done))
            reason = session.stop.reason.value if session.stop.reason else "finished"
            session.writer.write(PhaseEnd(session.now_s(), phase.name, reason))

    async def _steps(self, phase: Phase, judged: list[Threshold]) -> None:
        session = self._session
        began_ns = session.now_ns()
        for number, step in enumerate(phase.steps):
            left_s = inf
            if phase.max_duration_s is not None:
                left_s = phase.max_duration_s - (session.now_ns() - began_ns) / NS_PER_S
            executor = limited(step.executor, left_s)
            if executor is None or session.stop.requested:
                return
            title = step.name if len(phase.steps) == 1 else f"{step.name} of {len(phase.steps)}"
            await self._step(phase, number, replace(step, executor=executor), title, judged)

    async def _step(self, phase: Phase, number: int, step: Step, title: str, judged: list[Threshold]) -> None:
        session = self._session
        progress = StepProgress(on_iteration=session.aggregate.iteration)
        iterations, limit_s = planned_iterations(step.executor, WHOLE), duration_s(step.executor)
        session.writer.write(
            StepBegin(
                session.now_s(),
                phase.name,
                step.name,
                _K6_NAMES[type(step.executor)],
                most_users(step.executor),
                round(limit_s, 3),
                dict(step.planned),
                iterations,
            )
        )
        session.view.begin(
            StepView(
                phase=phase.name,
                title=title,
                subject=_subject(step),
                iterations=iterations,
                limit_s=limit_s,
                started_ns=session.now_ns(),
            )
        )
        reason = "scenario raised"
        try:
            async with session.pulse(progress, judged):
                outcome = await self._crew.run(phase, number, step, progress)
            reason = outcome.reason.value
        finally:
            session.view.end()
            session.writer.write(StepEnd(session.now_s(), phase.name, step.name, reason))


def limited(executor: Executor, left_s: float) -> Executor | None:
    """Return the executor with the phase's time that is left as its limit; None where there is none left."""
    if left_s <= 0:
        return None
    if isinstance(executor, SharedIterations | PerVuIterations):
        return replace(executor, max_duration_s=min(executor.max_duration_s, left_s))
    return executor


def most_users(executor: Executor) -> int:
    """Return the most virtual users that an executor may have at a time."""
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        return executor.max_vus
    if isinstance(executor, RampingVus):
        return max(executor.start_vus, *(round(stage.target) for stage in executor.stages))
    return executor.vus


def _subject(step: Step) -> str:
    names = sorted(step.planned, key=lambda resource: -step.planned[resource])
    more = len(names) - _RESOURCES_SHOWN
    return ", ".join(names[:_RESOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")
