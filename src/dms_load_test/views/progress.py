"""How a step goes, from snapshots alone: what the live display, the plain lines and the end of a step tell."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.metrics.totals import TOO_MANY_REQUESTS
from dms_load_test.sample import NS_PER_S
from dms_load_test.views.text import milliseconds, plural, rate, share, sparkline, took

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.metrics.aggregate import Snapshot

RECENT = 3
"""Snapshots that the current rate and latency are told of."""
HISTORY = 24
"""Bars of the sparkline."""
_STEADY_AFTER = 0.02
"""The part of a step that must be done before its time left is worth telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step as people see it. `title`: `level 7 of 12`; `subject`: what it is about, such as resources.

    `iterations` are those planned, 0 where time decides; `limit_s` is the longest it may take, 0 for none.
    """

    phase: str
    title: str
    subject: str = ""
    iterations: int = 0
    limit_s: float = 0.0
    started_ns: int = 0

    @property
    def name(self) -> str:
        """`load, level 7 of 12`; the phase alone where the step is all of it."""
        return self.phase if self.title == self.phase else f"{self.phase}, {self.title}"


@dataclass(slots=True)
class Progress:
    """The fold of a step's snapshots."""

    step: StepView
    now_ns: int = 0
    done: int = 0
    """Iterations completed or dropped."""
    operations: int = 0
    failed: int = 0
    rate_limited: int = 0
    retries: int = 0
    users: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    """Failed operations by status; 0 where no answer came."""
    health: dict[str, float] = field(default_factory=dict)
    times: Distribution = field(default_factory=Distribution)
    current_p95_us: int = 0
    """p95 of the last few seconds; 0 without operations."""
    _recent: deque[tuple[float, int, Distribution]] = field(default_factory=lambda: deque(maxlen=RECENT))
    _history: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))

    def __post_init__(self) -> None:
        self.now_ns = self.step.started_ns

    def add(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """Take in the next second."""
        tally = snapshot.tally
        self.now_ns = snapshot.ended_ns
        self.users = snapshot.users
        self.health = dict(health or {})
        self.done += sum(times.count for times in tally.iterations.values())
        self.done += sum(count for (_, name, _), count in tally.counters.items() if name == "dropped_iterations")
        operations, times = 0, Distribution()
        for key, series in snapshot.sums.items():
            count = series.count
            self.retries += series.retries
            self.rate_limited += count if key.status == TOO_MANY_REQUESTS else 0
            if key.operation in CRUD and key.final:
                operations += count
                times.add(series.response)
                if not key.ok:
                    self.failed += count
                    self.statuses[key.status] = self.statuses.get(key.status, 0) + count
        self.operations += operations
        self.times.add(times)
        self._recent.append(((snapshot.ended_ns - snapshot.started_ns) / NS_PER_S, operations, times))
        self._history.append(times.percentile_us(95))
        self.current_p95_us = merged(times for _, _, times in self._recent).percentile_us(95)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the step began."""
        return (self.now_ns - self.step.started_ns) / NS_PER_S

    @property
    def fraction(self) -> float:
        """How much is done, 0..1, by iterations where they are planned, else by time."""
        if self.step.iterations:
            return min(1.0, self.done / self.step.iterations)
        return min(1.0, self.elapsed_s / self.step.limit_s) if self.step.limit_s else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at the pace so far, within the limit; None while it cannot be told."""
        limit_left = max(0.0, self.step.limit_s - self.elapsed_s) if self.step.limit_s else None
        if not self.step.iterations:
            return limit_left
        if self.fraction < _STEADY_AFTER:
            return None
        at_this_pace = self.elapsed_s * (1 - self.fraction) / self.fraction
        return at_this_pace if limit_left is None else min(at_this_pace, limit_left)

    @property
    def current_per_s(self) -> float:
        """Operations a second, over the last few seconds."""
        seconds = sum(part for part, _, _ in self._recent)
        return sum(count for _, count, _ in self._recent) / seconds if seconds else 0.0

    @property
    def p95_history(self) -> str:
        """A bar for each of the last seconds."""
        return sparkline(self._history)

    def amount(self) -> str:
        """`12,403 of 20,000`, or `12,403 operations` where time decides."""
        if self.step.iterations:
            return f"{self.done:,} of {self.step.iterations:,}"
        return plural(self.operations, "operation")

    def failures(self) -> str:
        """`0 failed`, or `12 failed (0.1 %): 409 x10, no answer x2`."""
        if not self.failed:
            return "0 failed"
        largest = sorted(self.statuses.items(), key=lambda item: -item[1])[:3]
        kinds = ", ".join(f"{status or 'no answer'} x{count:,}" for status, count in largest)
        return f"{self.failed:,} failed ({share(self.failed, self.operations)}): {kinds}"

    def limits(self) -> str:
        """What the server or the network made us repeat: `3 retries, 2 rate limited`; empty if nothing."""
        parts = [plural(self.retries, "retry", "retries")] if self.retries else []
        parts += [f"{self.rate_limited:,} rate limited (429)"] if self.rate_limited else []
        return ", ".join(parts)

    def generator(self) -> str:
        """The generator's own figures: `generator 34 % CPU, loop lag 0.4 ms`; empty where not measured."""
        parts = []
        if "cpu_ratio" in self.health:
            parts.append(f"{100 * self.health['cpu_ratio']:.0f} % CPU")
        if "loop_lag_p99_ms" in self.health:
            parts.append(f"loop lag {self.health['loop_lag_p99_ms']:.1f} ms")
        return f"generator {', '.join(parts)}" if parts else ""

    def current(self) -> str:
        """The current pace: `1,920/s, p95 23.1 ms`."""
        p95 = with_unit(self.current_p95_us) if self.current_p95_us else "-"
        return f"{rate(self.current_per_s)}/s, p95 {p95}"

    def whole(self) -> str:
        """The step in one line, for its end: `20,000 operations in 10.4 s, 1,920/s, p95 23.1 ms, 0 failed`."""
        return f"{self.work()}, {self.failures()}" if self.operations else self.work()

    def work(self) -> str:
        """The same without failures; of a step without operations, such as a count before, what else it did."""
        if not self.operations:
            return f"{plural(self.done, 'iteration')} in {took(self.elapsed_s)}"
        per_s = rate(self.operations / self.elapsed_s) if self.elapsed_s else "-"
        p95 = with_unit(self.times.percentile_us(95))
        return f"{plural(self.operations, 'operation')} in {took(self.elapsed_s)}, {per_s}/s, p95 {p95}"


def with_unit(us: float) -> str:
    """`23.1 ms` or `42.1 s`."""
    text = milliseconds(us)
    return text if text.endswith("s") else f"{text} ms"
