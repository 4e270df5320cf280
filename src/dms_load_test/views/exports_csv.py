"""CSV files with Locust's columns, for notebooks that read those.

Source: Locust 2, `locust/stats.py`. Where ours differ in meaning: times are to the microsecond, content sizes count the
heads of answers, and the percentiles of the history are those of its last ten seconds, as Locust's with
`--csv-full-history`.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.views.exports import failure_text, verb_and_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dms_load_test.views.exports import Moment, RunExport

_PERCENTS = {
    "50%": 50.0,
    "66%": 66.0,
    "75%": 75.0,
    "80%": 80.0,
    "90%": 90.0,
    "95%": 95.0,
    "98%": 98.0,
    "99%": 99.0,
    "99.9%": 99.9,
    "99.99%": 99.99,
    "100%": 100.0,
}
STATS_COLUMNS = (
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
    "Requests/s",
    "Failures/s",
    *_PERCENTS,
)
HISTORY_COLUMNS = (
    "Timestamp",
    "User Count",
    "Type",
    "Name",
    "Requests/s",
    "Failures/s",
    *_PERCENTS,
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
    "Total Average Content Size",
)
FAILURE_COLUMNS = ("Method", "Name", "Error", "Occurrences")
_WINDOW_S = 10.0
_FORMULA = ("=", "+", "-", "@")
_SUM = "Aggregated"
"""Locust's name of the row over all requests."""


@dataclass(slots=True)
class _Sums:
    requests: int = 0
    failed: int = 0
    received_bytes: int = 0
    times: Distribution = field(default_factory=Distribution)

    def figures(self) -> list[float | int]:
        """Return the seven figures that stats and history have in common."""
        times, size = self.times, self.received_bytes / self.requests if self.requests else 0.0
        return [
            self.requests,
            self.failed,
            times.percentile_us(50) / 1000,
            round(times.mean_us / 1000, 3),
            times.min_us / 1000,
            times.max_us / 1000,
            round(size, 1),
        ]


def stats_csv(run: RunExport) -> Iterator[str]:
    """Yield the lines of `stats.csv`: one for each method and path over all phases, then their sum."""
    rows: dict[tuple[str, str], _Sums] = {}
    total = _Sums()
    for key, series in run.totals.tally.series.items():
        for sums in (rows.setdefault(verb_and_name(key.operation, key.resource), _Sums()), total):
            sums.requests += series.count
            sums.failed += 0 if key.ok else series.count
            sums.received_bytes += series.received_bytes
            sums.times.add(series.response)
    seconds = run.totals.active_s()
    named = ((*name, rows[name]) for name in sorted(rows, key=lambda name: (name[1], name[0])))
    yield from _lines(STATS_COLUMNS, (_stats_row(*row, seconds) for row in (*named, ("", _SUM, total))))


def _stats_row(verb: str, name: str, sums: _Sums, seconds: float) -> list[object]:
    per_s = (sums.requests / seconds, sums.failed / seconds) if seconds else (0.0, 0.0)
    return [verb, name, *sums.figures(), *per_s, *_percentiles(sums.times)]


def history_csv(run: RunExport) -> Iterator[str]:
    """Yield the lines of `stats_history.csv`: all requests together, a line each second."""
    yield from _lines(HISTORY_COLUMNS, _history_rows(run))


def _history_rows(run: RunExport) -> Iterator[list[object]]:
    began, total, window = run.started_at.timestamp(), _Sums(), _Window()
    for moment in run.moments():
        total.requests += moment.requests
        total.failed += moment.failed
        total.received_bytes += moment.received_bytes
        total.times.add(window.add(moment))
        yield [
            int(began + moment.t),
            moment.users,
            "",
            _SUM,
            *(f"{per_s:2f}" for per_s in window.rates()),
            *window.percentiles,
            *total.figures(),
        ]


class _Window:
    """The last ten seconds."""

    def __init__(self) -> None:
        self._moments: deque[tuple[Moment, Distribution]] = deque()
        self.percentiles: Iterable[object] = _percentiles(Distribution())

    def add(self, moment: Moment) -> Distribution:
        """Take in the next moment; return its times."""
        times = merged(interval.distribution() for interval in moment.times)
        self._moments.append((moment, times))
        changed = bool(times)
        while moment.t - self._moments[0][0].t >= _WINDOW_S:
            changed = bool(self._moments.popleft()[1]) or changed
        if changed:
            self.percentiles = _percentiles(merged(recent for _, recent in self._moments))
        return times

    def rates(self) -> tuple[float, float]:
        """Return requests and failures a second."""
        moments = [moment for moment, _ in self._moments]
        seconds = sum(moment.seconds for moment in moments) or 1.0
        return sum(m.requests for m in moments) / seconds, sum(m.failed for m in moments) / seconds


def failures_csv(run: RunExport) -> Iterator[str]:
    """Yield the lines of `failures.csv`: one for each method, path and reason."""
    counts: dict[tuple[str, str, str], int] = {}
    for key, group in run.totals.failures():
        at = (*verb_and_name(key.operation, key.resource), failure_text(key))
        counts[at] = counts.get(at, 0) + group.count
    yield from _lines(FAILURE_COLUMNS, ([*at, counts[at]] for at in sorted(counts)))


def _percentiles(times: Distribution) -> Iterable[object]:
    if not times:
        return ["N/A"] * len(_PERCENTS)
    return [us / 1000 for us in times.percentiles_us(_PERCENTS.values())]


def _lines(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in chain((columns,), rows):
        writer.writerow([_harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: a server's words may begin with `=`."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
