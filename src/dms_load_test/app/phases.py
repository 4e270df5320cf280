"""Runs phases, in turn or side by side, with one pulse, and keeps the account of what was planned."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from dms_load_test.app.gathering import Gathering
from dms_load_test.app.session import Watched
from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.executors import planned_iterations
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import first_of
from dms_load_test.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)
from dms_load_test.load.plan import StepFigures
from dms_load_test.load.schedule import course, duration_s, limited, most_users
from dms_load_test.load.shard import WHOLE
from dms_load_test.metrics.histogram import merged
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import account
from dms_load_test.results.events import PhaseBegin, PhaseEnd, StepBegin, StepEnd, TableLine
from dms_load_test.results.run import accounts_line
from dms_load_test.scenarios.lost import BLOCKED
from dms_load_test.views.progress import StepView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.app.crew import Crew
    from dms_load_test.app.gathering import Party
    from dms_load_test.app.session import Session
    from dms_load_test.engine.account import StepOutcome
    from dms_load_test.load.plan import Phase, Step, Table
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
    """Runs phases against one target, in turn or side by side; `thresholds`, `accounts` and `tables` grow with each."""

    def __init__(self, session: Session, crew: Crew) -> None:
        self._session = session
        self._crew = crew
        self.thresholds: list[Threshold] = []
        self.accounts: list[ResourceAccount] = []
        self.tables: list[tuple[str, Table]] = []
        self.names: list[str] = []
        self.cut_off = False
        """Whether an iteration was: the inventory may lack what its request made."""
        self._reasons: dict[str, str] = {}
        """Why the last step of each phase ended."""

    async def run(self, *phases: Phase) -> None:
        """Run phases side by side, each until its steps are done, its time is up, or a stop is asked for.

        Raises:
            LoadTestError: As `run_step`; what was done until then is accounted for.
        """
        session = self._session
        if session.inventory is not None:
            session.inventory.enter_phase(phases[0].name)
        gathering = Gathering(len(phases))
        shown = _Shown(session, alone=len(phases) == 1)
        try:
            async with session.pulse():
                await self._enter(phases)
                shown.together(phases)
                async with asyncio.TaskGroup() as tasks:
                    for phase in phases:
                        tasks.create_task(self._phase(phase, gathering, shown))
        except BaseExceptionGroup as raised:
            raise first_of(raised) from None
        finally:
            shown.end_together()

    async def _enter(self, phases: Iterable[Phase]) -> None:
        """Make the crew ready for all phases before the first begins: none has this in its time, or notes documents."""
        async with AsyncExitStack() as entered:
            for phase in phases:
                entered.push_async_callback(self._crew.leave, phase)
                await self._crew.enter(phase)
            entered.pop_all()

    async def _phase(self, phase: Phase, gathering: Gathering, shown: _Shown) -> None:
        session = self._session
        judged = [parse_threshold(text, phase.name, phase.own_metrics) for text in phase.thresholds]
        self.thresholds += judged
        self.names.append(phase.name)
        session.enter(phase.name)
        session.writer.write(PhaseBegin(session.now_s(), phase.name, phase.planned, phase.thresholds))
        with gathering.party() as party:
            try:
                await self._steps(phase, judged, party, shown)
            finally:
                await self._crew.leave(phase)
                session.leave(phase.name)
                self._account(phase)

    def _account(self, phase: Phase) -> None:
        session = self._session
        counters = session.totals.tally.counters.items()
        blocked = {kind: count for (at, name, kind), count in counters if (at, name) == (phase.name, BLOCKED)}
        done = account(phase.name, phase.planned, session.totals, blocked)
        self.accounts += done
        session.writer.write(accounts_line(session.now_s(), done))
        stopped = session.stop.reason or StopReason.FINISHED
        session.writer.write(PhaseEnd(session.now_s(), phase.name, self._reasons.get(phase.name, stopped.value)))
        for table in phase.tables(session.totals) if phase.tables else ():
            self.tables.append((phase.name, table))
            session.writer.write(
                TableLine(session.now_s(), phase.name, table.title, table.columns, table.rows, table.note)
            )

    async def _steps(self, phase: Phase, judged: list[Threshold], party: Party, shown: _Shown) -> None:
        session = self._session
        began_ns = session.now_ns()
        steps = _Steps(phase)
        while (numbered := steps.next()) is not None:
            number, step = numbered
            if step.alone:
                await party.quiet()
            left_s = inf
            if phase.max_duration_s is not None:
                left_s = phase.max_duration_s - (session.now_ns() - began_ns) / NS_PER_S
            executor = limited(step.executor, left_s)
            if executor is None or session.stop.requested:
                return
            running = _Running(phase, number, replace(step, executor=executor), began_ns)
            steps.last = await self._step(running, judged, shown)

    async def _step(self, running: _Running, judged: list[Threshold], shown: _Shown) -> StepFigures:
        session, phase, step = self._session, running.phase, running.step
        counted = phase.name if step.timed else ""
        progress = StepProgress(on_iteration=partial(session.aggregate.iteration, phase=counted))
        session.writer.write(_step_begin(session.now_s(), phase.name, step))
        shown.begin(step_view(phase.name, step, session.now_ns()))
        reason, outcome, measured = "scenario raised", None, Totals()
        aside = nullcontext() if step.timed else session.aside(phase.name)
        session.listeners.append(measured.add)
        try:
            with aside, session.watch(Watched(phase.name, progress, tuple(judged), running.began_ns)):
                outcome = await self._crew.run(phase, running.number, step, progress)
            reason = outcome.reason.value
        finally:
            session.listeners.remove(measured.add)
            shown.end()
            self.cut_off |= outcome is None or outcome.interrupted > 0
            self._reasons[phase.name] = reason
            done = (outcome.completed, outcome.dropped) if outcome else (None, None)
            session.writer.write(StepEnd(session.now_s(), phase.name, step.name, reason, *done))
        return figures_of(phase.name, step, outcome, measured)


@dataclass(frozen=True, slots=True)
class _Running:
    """A step as it is about to run; `began_ns` is when its phase began."""

    phase: Phase
    number: int
    step: Step
    began_ns: int


class _Shown:
    """What the screen shows: each step of a phase that is alone, else all phases as one."""

    def __init__(self, session: Session, *, alone: bool) -> None:
        self._session = session
        self._alone = alone

    def together(self, phases: tuple[Phase, ...]) -> None:
        """Show phases that are side by side, for the time of the longest."""
        if not self._alone:
            name = " + ".join(phase.name for phase in phases)
            limit_s = max(sum(duration_s(step.executor) for step in phase.steps) for phase in phases)
            started_ns = self._session.now_ns()
            self._session.view.begin(StepView(phase=name, title=name, limit_s=limit_s, started_ns=started_ns))

    def end_together(self) -> None:
        """Show the end of phases side by side."""
        if not self._alone:
            self._session.view.end()

    def begin(self, view: StepView) -> None:
        """Show a step."""
        if self._alone:
            self._session.view.begin(view)

    def end(self) -> None:
        """Show the end of a step."""
        if self._alone:
            self._session.view.end()


class _Steps:
    """The steps of a phase with their numbers: a pilot's are all number 0, and come before the others."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase
        self._pilot = phase.pilot
        self._number = 0
        self.last: StepFigures | None = None

    def next(self) -> tuple[int, Step] | None:
        """Return the next step; None at the end."""
        if self._pilot is not None:
            step = self._pilot.next(self.last)
            if step is not None:
                return 0, step
            self._pilot, self._number = None, 1
        number, steps = self._number, self._phase.steps
        self._number += 1
        return (number, steps[number]) if number < len(steps) else None


def figures_of(phase: str, step: Step, outcome: StepOutcome, measured: Totals) -> StepFigures:
    """Return what a step came to; `measured` are all snapshots of its time."""
    rows = measured.operation_sums(phase)
    return StepFigures(
        step=step,
        seconds=max(outcome.duration_s, _due_s(step, outcome)),
        completed=outcome.completed,
        dropped=outcome.dropped,
        operations=sum(row.count for row in rows),
        failed=sum(row.failed for row in rows),
        response=merged(row.response for row in rows),
    )


def _due_s(step: Step, outcome: StepOutcome) -> float:
    """Return the time that a step's arrivals were due in, if all were: the last may have ended before it was over."""
    is_open = isinstance(step.executor, ConstantArrivalRate | RampingArrivalRate)
    return duration_s(step.executor) if is_open and outcome.reason is StopReason.FINISHED else 0.0


def _step_begin(now_s: float, phase: str, step: Step) -> StepBegin:
    executor = step.executor
    return StepBegin(
        now_s,
        phase,
        step.name,
        _K6_NAMES[type(executor)],
        most_users(executor),
        round(duration_s(executor), 3),
        dict(step.planned),
        planned_iterations(executor, WHOLE),
        course(executor),
    )


def step_view(phase: str, step: Step, started_ns: int) -> StepView:
    """Return a step as people see it."""
    return StepView(
        phase=phase,
        title=step.name,
        subject=_subject(step),
        iterations=planned_iterations(step.executor, WHOLE),
        limit_s=duration_s(step.executor),
        started_ns=started_ns,
    )


def _subject(step: Step) -> str:
    names = sorted(step.planned, key=lambda resource: -step.planned[resource])
    more = len(names) - _RESOURCES_SHOWN
    return ", ".join(names[:_RESOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")
