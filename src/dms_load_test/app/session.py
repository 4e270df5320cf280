"""The figures of a run on their way: samples to a snapshot a second, and that to everyone who wants it.

The run's own clock begins at 0 with the record: all its times, on disk and on screen, are from there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from dms_load_test.engine.stop import StopReason, StopSignal
from dms_load_test.metrics.thresholds import failing_abort
from dms_load_test.metrics.totals import Totals
from dms_load_test.results.events import Note
from dms_load_test.results.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from dms_load_test.engine.account import StepProgress
    from dms_load_test.metrics.aggregate import Aggregate, Snapshot
    from dms_load_test.metrics.thresholds import Threshold
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.results.record import RecordWriter
    from dms_load_test.views.terminal import ProgressView

PULSE_S = 1.0
_FEWEST_UNANSWERED = 5
"""So many requests must have gone without an answer before a target is called lost."""


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
        self._drops: defaultdict[str, int] = defaultdict(int)
        self._silence = Silence(target_lost_after_s)

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

    def fold(self) -> Snapshot:
        """Take what came since the last time to totals, record and screen, and the inventory to the disk."""
        snapshot = self.aggregate.snapshot(self.now_ns())
        self.totals.add(snapshot)
        self.recorder.snapshot(snapshot)
        self.view.update(snapshot)
        if self.inventory is not None:
            self.inventory.flush()
        return snapshot

    def enter(self, phase: str) -> None:
        """Let what comes from now on count for `phase`."""
        self.fold()
        self.aggregate.enter_phase(phase)

    @asynccontextmanager
    async def pulse(self, progress: StepProgress, thresholds: Iterable[Threshold]) -> AsyncIterator[None]:
        """Fold once a second while the context is open, and at its end; end the run where it must end."""
        self._drops.clear()
        beat = asyncio.create_task(self._beat(progress, tuple(thresholds)))
        try:
            yield
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            self._count(progress)
            self.fold()
            self.recorder.flush(self.now_ns())

    async def _beat(self, progress: StepProgress, thresholds: tuple[Threshold, ...]) -> None:
        began_ns = self.now_ns()
        due_ns = self.clock.now_ns()
        while True:
            due_ns += int(PULSE_S * NS_PER_S)
            await self.clock.sleep(max(0.0, (due_ns - self.clock.now_ns()) / NS_PER_S))
            self._count(progress)
            snapshot = self.fold()
            self._judge_midway(snapshot, thresholds, (self.now_ns() - began_ns) / NS_PER_S)

    def _count(self, progress: StepProgress) -> None:
        """Take over what the step's account says and samples do not."""
        self.aggregate.set_users(progress.vus, progress.vus_max)
        for reason, count in progress.drop_reasons.items():
            self.aggregate.drop_iterations(count - self._drops[reason], reason)
        self._drops.update(progress.drop_reasons)

    def _judge_midway(self, snapshot: Snapshot, thresholds: tuple[Threshold, ...], elapsed_s: float) -> None:
        silent_s = self._silence.add(snapshot)
        if silent_s:
            self.request_stop(
                StopReason.TARGET_LOST, f"the target has not answered any request for {silent_s:.0f} s", at_once=True
            )
        failed = failing_abort(thresholds, self.totals, elapsed_s)
        if failed is not None:
            text = f"threshold {failed.subject}: {failed.condition} failed with abortOnFail"
            self.request_stop(StopReason.THRESHOLD, text)


class Silence:
    """Notices that a target is gone: requests end, and none of them with an answer. `after_s` 0 never does."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since_ns = 0
        self._unanswered = 0

    def add(self, snapshot: Snapshot) -> float:
        """Take in the next second; return for how long the target has been silent once that is too long, else 0."""
        counts = {False: 0, True: 0}
        for key, series in snapshot.tally.series.items():
            counts[key.status != 0] += series.count
        if counts[True] or not self._after_s:
            self._since_ns, self._unanswered = snapshot.ended_ns, 0
            return 0.0
        if not self._unanswered and not counts[False]:
            self._since_ns = snapshot.ended_ns  # nothing was asked yet: a long answer is no silence
            return 0.0
        self._unanswered += counts[False]
        silent_s = (snapshot.ended_ns - self._since_ns) / NS_PER_S
        return silent_s if silent_s >= self._after_s and self._unanswered >= _FEWEST_UNANSWERED else 0.0
