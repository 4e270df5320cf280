"""Samples in, a snapshot a second out: the fold on the hot path of one process.

`Aggregate.add` runs for every request, which is why its body is long and plain: it only notes times, and a few hundred
at a time go into distributions. Everything else that wants figures reads snapshots.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test.metrics.tally import (
    OTHER_FAILURES,
    CheckCounts,
    FailureGroup,
    FailureKey,
    Series,
    SeriesKey,
    Tally,
    new_components,
    sums_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.sample import Failure, Sample

MOST_FAILURE_GROUPS = 500
"""Groups that one process keeps apart; more would be noise to a reader and a leak in a long run."""
MOST_TIMES = 300
"""So many times of a kind are noted before they go into a distribution, which holds up the loop for 0.1 ms."""
Times = list[int]
"""Durations in microseconds."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What came between two moments, on a clock that all snapshots of a run share (ns). `phase` is the current one.

    `users` and `users_max` are the virtual users active and allocated at the end of it. `sums` are the tally's series
    over all resources, added up once for all readers. `beside` are the phases that ran at the same time as `phase`.
    """

    phase: str
    started_ns: int
    ended_ns: int
    users: int
    users_max: int
    tally: Tally
    sums: Mapping[SeriesKey, Series]
    beside: tuple[str, ...] = ()


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Join the snapshots that several processes took of the same moment. Raises: ValueError if there is none.

    Associative and commutative; users add up. The phase is the last in alphabetical order where workers differ.
    """
    parts = list(snapshots)
    if not parts:
        raise ValueError("no snapshot to merge")
    tally = Tally()
    for part in parts:
        tally.absorb(part.tally)
    return Snapshot(
        phase=max(part.phase for part in parts),
        started_ns=min(part.started_ns for part in parts),
        ended_ns=max(part.ended_ns for part in parts),
        users=sum(part.users for part in parts),
        users_max=sum(part.users_max for part in parts),
        tally=tally,
        sums=sums_of(tally.series),
        beside=max(part.beside for part in parts),
    )


def _settle(times: Times, into: Distribution) -> None:
    into.record_all(times)
    times.clear()


class _Parts:
    """Times of the parts of requests, by the names of COMPONENTS, and the distributions they end in."""

    __slots__ = ("_distributions", "blocked", "connecting", "receiving", "sending", "tls", "waiting")

    def __init__(self, distributions: Sequence[Distribution]) -> None:
        self._distributions = distributions
        self.blocked: Times = []
        self.connecting: Times = []
        self.tls: Times = []
        self.sending: Times = []
        self.waiting: Times = []
        self.receiving: Times = []

    def settle(self) -> None:
        """Move the times into their distributions."""
        times = (self.blocked, self.connecting, self.tls, self.sending, self.waiting, self.receiving)
        for part, distribution in zip(times, self._distributions, strict=True):
            _settle(part, distribution)


class _Row:
    """One series while its requests come, with the times noted. Rows of one operation share their `parts`."""

    __slots__ = (
        "late_response",
        "late_service",
        "parts",
        "prompt",
        "received_bytes",
        "retries",
        "sent_bytes",
        "series",
    )

    def __init__(self, series: Series, parts: _Parts) -> None:
        self.series = series
        self.parts = parts
        self.prompt: Times = []
        self.late_response: Times = []
        self.late_service: Times = []
        self.sent_bytes = self.received_bytes = self.retries = 0

    def settle(self) -> None:
        """Give the series what came since the last time."""
        series = self.series
        _settle(self.prompt, series.prompt)
        _settle(self.late_response, series.late_response)
        _settle(self.late_service, series.late_service)
        series.sent_bytes += self.sent_bytes
        series.received_bytes += self.received_bytes
        series.retries += self.retries
        self.sent_bytes = self.received_bytes = self.retries = 0


class Aggregate:
    """The counts of one process since its last snapshot. `started_ns` is when counting begins."""

    def __init__(self, started_ns: int, phase: str = "") -> None:
        self._phase = phase
        self._beside: tuple[str, ...] = ()
        self._since_ns = started_ns
        self._tally = Tally()
        self._rows: dict[tuple[str, str, str, int, bool, bool], _Row] = {}
        self._parts: dict[tuple[str, str], _Parts] = {}
        self._iterations: defaultdict[str, Times] = defaultdict(list)
        self._kinds: set[FailureKey] = set()
        self._users = 0
        self._users_max = 0

    def enter_phase(self, phase: str, *beside: str) -> None:
        """Name the phase that checks, iterations and counters belong to from now on. Take a snapshot before.

        Time counts for the phases `beside` it, too; what belongs to one of them names it.
        """
        self._phase = phase
        self._beside = beside

    def add(self, sample: Sample) -> None:
        """Count one request."""
        key = (sample.phase, sample.operation, sample.resource, sample.status, sample.ok, sample.final)
        row = self._rows.get(key) or self._new_row(SeriesKey(*key))
        started_ns, finished_ns, due_ns = sample.started_ns, sample.finished_ns, sample.due_ns
        if due_ns == started_ns:
            times = row.prompt
        else:
            times = row.late_response
            row.late_service.append((finished_ns - started_ns) // 1000)
        times.append((finished_ns - due_ns) // 1000)
        row.sent_bytes += sample.sent_bytes
        row.received_bytes += sample.received_bytes
        if sample.attempt > 1:
            row.retries += 1
        parts = row.parts
        if sample.blocked_ns:
            parts.blocked.append(sample.blocked_ns // 1000)
        if sample.connecting_ns:
            parts.connecting.append(sample.connecting_ns // 1000)
        if sample.tls_ns:
            parts.tls.append(sample.tls_ns // 1000)
        parts.sending.append(sample.sending_ns // 1000)
        waiting = parts.waiting
        waiting.append(sample.waiting_ns // 1000)
        if sample.receiving_ns:
            parts.receiving.append(sample.receiving_ns // 1000)
        if len(times) > MOST_TIMES or len(waiting) > MOST_TIMES:
            row.settle()
            parts.settle()

    def _new_row(self, key: SeriesKey) -> _Row:
        where = (key.phase, key.operation)
        parts = self._parts.get(where)
        if parts is None:
            parts = self._parts[where] = _Parts(self._tally.components.setdefault(where, new_components()))
        row = self._rows[key] = _Row(self._tally.series[key], parts)
        return row

    def add_failure(self, failure: Failure) -> None:
        """Count why an operation failed; keeps the first example of each group of this snapshot."""
        key = FailureKey(failure.phase, failure.operation, failure.resource, failure.status, failure.reason)
        if key not in self._kinds:
            if len(self._kinds) >= MOST_FAILURE_GROUPS:
                key = FailureKey(failure.phase, failure.operation, "", 0, OTHER_FAILURES)
            else:
                self._kinds.add(key)
        group = FailureGroup(1, self._since_ns, failure)
        known = self._tally.failures.get(key)
        self._tally.failures[key] = (
            FailureGroup(known.count + 1, known.first_ns, known.example) if known is not None else group
        )

    def check(self, name: str, passed: bool, phase: str = "") -> None:  # noqa: FBT001 - reads as in k6: check("gone", status == 404)
        """Count a check's result in `phase`, or else in the current one; so do all that follow."""
        where = (phase or self._phase, name)
        counts = self._tally.checks[where]
        self._tally.checks[where] = (
            CheckCounts(counts.passed + 1, counts.failed) if passed else CheckCounts(counts.passed, counts.failed + 1)
        )

    def iteration(self, duration_ns: int, phase: str | None = None) -> None:
        """Count one completed iteration in `phase` ("": in none, as what is no load), or else in the current one."""
        where = self._phase if phase is None else phase
        times = self._iterations[where]
        times.append(duration_ns // 1000)
        if len(times) > MOST_TIMES:
            _settle(times, self._tally.iterations[where])

    def drop_iterations(self, count: int = 1, reason: str = "", phase: str = "") -> None:
        """Count iterations that were due and could not start, or had nothing to do; `reason` is from a few."""
        self.count("dropped_iterations", count, reason, phase)

    def integrity_violation(self, kind: str = "", phase: str = "") -> None:
        """Count an acknowledged write that was found lost, changed, duplicated or resurrected (`kind`)."""
        self.count("integrity_violations", 1, kind, phase)

    def count(self, name: str, amount: int = 1, kind: str = "", phase: str = "") -> None:
        """Add to a counter; `kind` is from a few."""
        self._tally.counters[phase or self._phase, name, kind] += amount

    def observe(self, name: str, milliseconds: float, kind: str = "", phase: str = "") -> None:
        """Add a time to a trend; `kind` is from a few."""
        self._tally.trends[phase or self._phase, name, kind].record(round(milliseconds * 1000))

    def set_users(self, active: int, allocated: int) -> None:
        """Say how many virtual users iterate and how many exist."""
        self._users = active
        self._users_max = allocated

    def snapshot(self, now_ns: int) -> Snapshot:
        """Return what came since the last snapshot and begin anew. O(buckets of the series)."""
        for row in self._rows.values():
            row.settle()
        for parts in self._parts.values():
            parts.settle()
        for phase, times in self._iterations.items():
            _settle(times, self._tally.iterations[phase])
        sums = sums_of(self._tally.series)
        users = (self._users, self._users_max)
        taken = Snapshot(self._phase, self._since_ns, now_ns, *users, self._tally, sums, self._beside)
        self._tally = Tally()
        self._rows, self._parts = {}, {}
        self._iterations.clear()
        self._since_ns = now_ns
        return taken
