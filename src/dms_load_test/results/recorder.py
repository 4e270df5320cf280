"""Snapshots to lines of the record, at a cadence that keeps 24 hours below 100 MB and each call below some ms.

Counts are written each second. Distributions over time and the figures by resource are written the more seldom the
older a run is; what is not yet written when a run is killed is missing from its tables, never wrong in them. Parts are
written a little each second, because encoding 1,700 distributions at once would hold up the loop that times requests;
each tells whether more of its round follow, so that readers take in whole rounds.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import Distribution
from dms_load_test.metrics.tally import FailureKey, Tally
from dms_load_test.metrics.totals import TOO_MANY_REQUESTS, times_of
from dms_load_test.results.convert import component_row, failure_rows, histogram_of, series_row
from dms_load_test.results.events import ComponentRow, Detail, DetailRow, Part, Second, SecondRow, SeriesRow
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dms_load_test.metrics.aggregate import Snapshot
    from dms_load_test.results.record import RecordWriter

DETAIL_DIGITS = 2
BUCKETS_A_CALL = 3000
"""How many buckets are encoded for parts in a call: 2 to 3 ms."""
PART_BYTES_PER_S = 400
PART_BYTES_AT_FIRST = 12_000_000
"""What parts may take of a record: 47 MB in 24 hours. The first hour's 110 rounds have 110 kB each beforehand, which
is what 30 resources with five operations take; without that, a round of theirs would not be paid for in ten minutes.
"""
_CADENCE = ((600.0, 1.0, 10.0), (3600.0, 5.0, 60.0), (float("inf"), 10.0, 300.0))
"""Up to this age (s): a `Detail` each so many seconds, the next `Part`s after so many."""
_ALMOST = 0.5
"""A tick that comes this much early (s) still counts: timers are never exact."""


_Item = tuple[int, Callable[[], SeriesRow | ComponentRow]]
"""What waits for its turn: how many buckets are to encode, and what does it."""


class Recorder:
    """Writes what snapshots hold. Their clock must count nanoseconds since the run began."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._details: dict[tuple[str, str, bool], Distribution] = defaultdict(Distribution)
        self._detail_since_s = 0.0
        self._tally = Tally()
        self._active_s: dict[str, float] = defaultdict(float)
        self._users_max = 0
        self._waiting: deque[_Item] = deque()
        self._next_part_s = _CADENCE[0][2]
        self._part_bytes = 0
        """Of all parts, those of the round that is being written included."""
        self._round_bytes = 0
        self._written_failures: set[FailureKey] = set()

    def snapshot(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """Write a second's counts, and what else is due."""
        now_s = snapshot.ended_ns / NS_PER_S
        self._writer.write(second_of(snapshot, health or {}))
        for key, series in snapshot.sums.items():
            detail = self._details[key.phase, key.operation, key.ok]
            detail.add(series.prompt)
            detail.add(series.late_response)
        self._tally.absorb(snapshot.tally)
        for phase, spent_ns in times_of(snapshot):
            self._active_s[phase] += spent_ns / NS_PER_S
        self._users_max = max(self._users_max, snapshot.users_max)
        if now_s - self._detail_since_s >= _cadence(now_s)[0] - _ALMOST:
            self._write_detail(now_s)
        if self._waiting:
            self._write_waiting(now_s, BUCKETS_A_CALL)
        elif now_s >= self._next_part_s - _ALMOST:
            self._begin_parts(now_s)

    def flush(self, now_ns: int) -> None:
        """Write all that has not been written: at the end of each step, when nothing is being timed."""
        now_s = now_ns / NS_PER_S
        self._write_detail(now_s)
        while self._waiting:
            self._write_waiting(now_s, BUCKETS_A_CALL)
        self._begin_parts(now_s)
        while self._waiting:
            self._write_waiting(now_s, BUCKETS_A_CALL)

    def _write_detail(self, now_s: float) -> None:
        if self._details:
            rows = tuple(
                DetailRow(*key, histogram_of(response, DETAIL_DIGITS)) for key, response in self._details.items()
            )
            self._writer.write(Detail(_round(now_s), _round(now_s - self._detail_since_s), rows))
        self._details.clear()
        self._detail_since_s = now_s

    def _begin_parts(self, now_s: float) -> None:
        """Write what is small of the tally at once; what holds many distributions waits for its turn."""
        tally, self._tally = self._tally, Tally()
        self._waiting.extend(_rows_to_make(tally))
        self._round_bytes = self._writer.write(
            Part(
                _round(now_s),
                iterations={phase: histogram_of(times) for phase, times in tally.iterations.items()},
                counters=tuple((*counter, count) for counter, count in tally.counters.items()),
                trends=tuple((*trend, histogram_of(times)) for trend, times in tally.trends.items()),
                checks=tuple((*check, *counts) for check, counts in tally.checks.items()),
                failures=failure_rows(tally, self._written_failures),
                active_s=dict(self._active_s),
                users_max=self._users_max,
                more=bool(self._waiting),
            )
        )
        self._active_s.clear()
        self._part_bytes += self._round_bytes
        self._plan_next(now_s)

    def _write_waiting(self, now_s: float, most_buckets: int) -> None:
        rows: list[SeriesRow | ComponentRow] = []
        while self._waiting and most_buckets > 0:
            buckets, make_row = self._waiting.popleft()
            rows.append(make_row())
            most_buckets -= buckets
        part = Part(
            _round(now_s),
            series=tuple(row for row in rows if isinstance(row, SeriesRow)),
            components=tuple(row for row in rows if isinstance(row, ComponentRow)),
            more=bool(self._waiting),
        )
        written = self._writer.write(part)
        self._round_bytes += written
        self._part_bytes += written
        self._plan_next(now_s)

    def _plan_next(self, now_s: float) -> None:
        """Plan the next round for when it is due, or later: when parts may take as much as another one like this."""
        paid_s = (self._part_bytes + self._round_bytes - PART_BYTES_AT_FIRST) / PART_BYTES_PER_S
        self._next_part_s = max(now_s + _cadence(now_s)[1], paid_s)


def _rows_to_make(tally: Tally) -> Iterator[_Item]:
    for where, parts in tally.components.items():
        yield sum(part.held for part in parts), partial(component_row, where, parts)
    for key, series in tally.series.items():
        times = (series.prompt, series.late_response, series.late_service)
        yield sum(part.held for part in times), partial(series_row, key, series)


def second_of(snapshot: Snapshot, health: Mapping[str, float]) -> Second:
    """Return the line of one second."""
    tally = snapshot.tally
    rows: dict[tuple[str, str, bool], list[int]] = {}
    failures: dict[int, int] = {}
    sent = received = retries = limited = 0
    for key, series in snapshot.sums.items():
        count = series.count
        row = rows.setdefault((key.phase, key.operation, key.ok), [0, 0, 0, 0])
        row[0] += count
        row[1] += count if key.final else 0
        row[2] += series.prompt.sum_us + series.late_response.sum_us
        row[3] = max(row[3], series.prompt.max_us, series.late_response.max_us)
        sent += series.sent_bytes
        received += series.received_bytes
        retries += series.retries
        limited += count if key.status == TOO_MANY_REQUESTS else 0
        if not key.ok:
            failures[key.status] = failures.get(key.status, 0) + count
    return Second(
        t=_round(snapshot.ended_ns / NS_PER_S),
        seconds=_round((snapshot.ended_ns - snapshot.started_ns) / NS_PER_S),
        phase=snapshot.phase,
        users=snapshot.users,
        users_max=snapshot.users_max,
        rows=tuple(SecondRow(*key, *figures) for key, figures in rows.items()),
        sent_bytes=sent,
        received_bytes=received,
        iterations=sum(times.count for times in tally.iterations.values()),
        dropped=sum(count for (_, name, _), count in tally.counters.items() if name == "dropped_iterations"),
        retries=retries,
        rate_limited=limited,
        health=dict(health),
        failures=failures,
    )


def _cadence(age_s: float) -> tuple[float, float]:
    return next((detail_s, part_s) for until_s, detail_s, part_s in _CADENCE if age_s < until_s)


def _round(seconds: float) -> float:
    return round(seconds, 3)
