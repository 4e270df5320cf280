"""A run's figures on their way: samples are folded into a snapshot each second, which everyone who wants it is given.

The run's own clock begins at 0 with the record: all its times, on disk and on screen, are from there.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.engine.address import split_url
from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from dms_load_test.engine.stop import StopReason, StopSignal
from dms_load_test.engine.watch import GeneratorLimit, Watch
from dms_load_test.errors import StorageError
from dms_load_test.loopback import is_loopback
from dms_load_test.metrics.thresholds import failing_abort
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.unanswered import Unanswered
from dms_load_test.results.events import Note, ViolationLine
from dms_load_test.results.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from dms_load_test.engine.account import StepProgress
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.aggregate import Aggregate, Snapshot
    from dms_load_test.metrics.thresholds import Threshold
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.results.record import RecordWriter
    from dms_load_test.sample import Failure, Sample
    from dms_load_test.views.terminal import ProgressView

PULSE_S = 1.0
MOST_VIOLATIONS = 1000
"""So many are listed with their ids."""


@dataclass(slots=True)
class Watched:
    """A step under way: the phase it belongs to, its account, and what may end the run early."""

    phase: str
    progress: StepProgress
    thresholds: tuple[Threshold, ...]
    began_ns: int
    drops: dict[str, int] = field(default_factory=dict)
    """What has been taken over of the account's drops, by reason."""


class Session:
    """What all phases of a run share: counts, record, screen, and the signal to stop. Make it in the running loop."""

    clock: Clock = SYSTEM_CLOCK

    def __init__(
        self, writer: RecordWriter, view: ProgressView, aggregate: Aggregate, begin_ns: int, target_lost_after_s: float
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._begin_ns = begin_ns
        self.writer = writer
        self.view = view
        self.recorder = Recorder(writer)
        self.aggregate = aggregate
        self.totals = Totals()
        self.stop = StopSignal()
        self.stop_text = ""
        self.inventory: RunInventory | None = None
        self.listeners: list[Callable[[Snapshot], None]] = []
        """Whoever else wants each snapshot."""
        self.on_sample: Callable[[Sample], None] = aggregate.add
        """Who takes each request of this process."""
        self.on_failure: Callable[[Failure], None] = aggregate.add_failure
        """Who takes why an operation of this process failed."""
        self.gather: Callable[[Snapshot], tuple[Snapshot, Mapping[str, float]]] = _alone
        """Joins this process's snapshot with those of workers, if there are any, and tells the generator's figures."""
        self.lag_s = 0.0
        """How long after a full second of the run workers' snapshots of it are there; 0 without workers."""
        self._folded_ns = 0
        self.violations: list[tuple[str, Violation]] = []
        self._phases: list[str] = []
        self._watched: list[Watched] = []
        self._unanswered = Unanswered(target_lost_after_s)
        self._own_watch = Watch(self.clock)
        self._limit = GeneratorLimit()

    def generator_limit(self, base_url: str) -> str:
        """Return why the load generator was the bottleneck; empty where it was not.

        A target on this machine shares its cores with the generator: waiting for one is then part of the test, and only
        noted. Only a generator that used up a whole core itself has measured itself.
        """
        if is_loopback(split_url(base_url)[0].host) and not self._limit.is_saturated:
            return ""
        return self._limit.text

    def now_ns(self) -> int:
        """Return the time since the run began."""
        return self.clock.now_ns() - self._begin_ns

    def now_s(self) -> float:
        """Return the seconds since the run began, to the millisecond."""
        return round(self.now_ns() / NS_PER_S, 3)

    def note(self, text: str) -> None:
        """Tell the reader of screen and record something."""
        self.view.note(text)
        self.writer.write(Note(self.now_s(), text))

    def violation(self, phase: str, found: Violation) -> None:
        """Put an acknowledged write that was not kept into the record; after many, they are only counted."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append((phase, found))
            self.writer.write(ViolationLine(self.now_s(), phase, *found))

    def request_stop(self, reason: StopReason, text: str, *, at_once: bool = False) -> None:
        """End the run early; the first text is the one that the verdict tells."""
        if not self.stop.requested:
            self.stop_text = text
            self.note(text)
        self.stop.request(reason, at_once=at_once)

    def interrupt(self) -> None:
        """End the run in order, or at once when asked a second time."""
        if not self.stop.requested:
            self.view.note("Stopping: requests under way may end. Ctrl-C once more stops at once.")
        self.request_stop(StopReason.INTERRUPTED, f"stopped by the user after {self.now_s():.0f} s")

    def fold(self, upto_ns: int | None = None) -> Snapshot:
        """Take what came until then, or now, to totals, record and screen, and the inventory to the disk."""
        self._folded_ns = self.now_ns() if upto_ns is None else upto_ns
        snapshot, of_workers = self.gather(self.aggregate.snapshot(self._folded_ns))
        health = of_workers or self._own_watch.look()
        self._judge_generator(snapshot, health)
        self.totals.add(snapshot)
        self.recorder.snapshot(snapshot, health)
        self.view.update(snapshot, health)
        for listener in self.listeners:
            listener(snapshot)
        if self.inventory is not None:
            self.inventory.flush()
        return snapshot

    def enter(self, phase: str) -> None:
        """Let time count for `phase` from now on, beside those that were entered and not left."""
        self.fold()
        self._phases.append(phase)
        self.aggregate.enter_phase(*self._phases)

    def leave(self, phase: str) -> None:
        """Let no more time count for `phase`: without any, time counts for the whole run alone."""
        self.fold()
        self._phases.remove(phase)
        self.aggregate.enter_phase(*self._phases or ("",))

    @contextmanager
    def aside(self, phase: str) -> Iterator[None]:
        """Let no time count for a phase that was entered while the context is open."""
        self.leave(phase)
        try:
            yield
        finally:
            self.enter(phase)

    @asynccontextmanager
    async def pulse(self) -> AsyncIterator[None]:
        """Fold once a second while the context is open; end the run where it must end."""
        beat = asyncio.create_task(self._beat())
        self._own_watch.start()
        try:
            yield
        finally:
            self._own_watch.stop()
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat

    @contextmanager
    def watch(self, step: Watched) -> Iterator[None]:
        """Let a step be looked at with each beat while the context is open; fold what is left at its end."""
        self._watched.append(step)
        try:
            yield
        finally:
            self._count()
            self._watched.remove(step)
            self.fold()
            if not self._watched:
                self.recorder.flush(self.now_ns())

    async def _beat(self) -> None:
        pulse_ns, lag_ns = int(PULSE_S * NS_PER_S), int(self.lag_s * NS_PER_S)
        due_ns = self.clock.now_ns()
        if lag_ns:
            due_ns += lag_ns - self.now_ns() % pulse_ns
        while True:
            due_ns += pulse_ns
            await self.clock.sleep(max(0.0, (due_ns - self.clock.now_ns()) / NS_PER_S))
            upto_ns = due_ns - lag_ns - self._begin_ns if lag_ns else self.now_ns()
            if upto_ns <= self._folded_ns:
                continue  # a step that ended within the lag has told it already
            try:
                self._count()
                self._judge_midway(self.fold(upto_ns))
            except Exception as error:  # load that nobody writes down is of no use
                is_disk = isinstance(error, StorageError)
                self.stop.request(StopReason.STORAGE if is_disk else StopReason.INTERRUPTED, at_once=True)
                raise

    def _count(self) -> None:
        """Take over what the steps' accounts say and samples do not."""
        accounts = [step.progress for step in self._watched]
        self.aggregate.set_users(sum(a.vus for a in accounts), sum(a.vus_max for a in accounts))
        for step in self._watched:
            for reason, count in step.progress.drop_reasons.items():
                self.aggregate.drop_iterations(count - step.drops.get(reason, 0), reason, step.phase)
            step.drops = dict(step.progress.drop_reasons)

    def _judge_generator(self, snapshot: Snapshot, health: Mapping[str, float]) -> None:
        if not self._watched:
            self._limit.pause()  # what is prepared between steps may take a whole core
            return
        known = self._limit.text
        stood_s = self._limit.add(health, (snapshot.ended_ns - snapshot.started_ns) / NS_PER_S)
        if stood_s:
            self.note(
                f"The load generator did not run for {stood_s:.0f} s: it was stopped, or its machine slept. What was "
                "under way or due then was late by as much."
            )
        if self._limit.text and not known:
            self.note(f"The load generator is the bottleneck: {self._limit.text}.")

    def _judge_midway(self, snapshot: Snapshot) -> None:
        silent_s = self._unanswered.add(snapshot)
        if silent_s:
            text = f"for {silent_s:.0f} s requests have ended without an answer, and none with one"
            self.request_stop(StopReason.TARGET_LOST, text, at_once=True)
        for step in self._watched:
            elapsed_s = (self.now_ns() - step.began_ns) / NS_PER_S
            failed = failing_abort(step.thresholds, self.totals, elapsed_s)
            if failed is not None:
                text = f"threshold {failed.subject}: {failed.condition} failed with abortOnFail"
                self.request_stop(StopReason.THRESHOLD, text)


def _alone(own: Snapshot) -> tuple[Snapshot, Mapping[str, float]]:
    return own, {}
