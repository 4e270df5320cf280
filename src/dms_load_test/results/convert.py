"""Figures turned into rows of the record, and back.

Law: a tally that goes through parts comes back the same (variance to fifteen digits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import DIGITS, Distribution
from dms_load_test.metrics.tally import (
    CheckCounts,
    FailureGroup,
    FailureKey,
    Series,
    SeriesKey,
    Tally,
)
from dms_load_test.results.events import ComponentRow, FailureRow, Histogram, Part, SeriesRow
from dms_load_test.sample import NS_PER_S, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable


def histogram_of(distribution: Distribution, digits: int = DIGITS) -> Histogram:
    """Return the row of a distribution."""
    return Histogram(
        distribution.encode(digits),
        distribution.sum_us,
        float(distribution.squares),
        distribution.min_us,
        distribution.max_us,
    )


def distribution_of(histogram: Histogram | None) -> Distribution:
    """Return the distribution of a row; of None an empty one. Raises: ValueError if the text is damaged."""
    if histogram is None:
        return Distribution()
    return Distribution.decode(
        histogram.text,
        sum_us=histogram.sum_us,
        squares=int(histogram.squares),
        low_us=histogram.min_us,
        high_us=histogram.max_us,
    )


def series_row(key: SeriesKey, series: Series) -> SeriesRow:
    """Return the row of a series."""
    return SeriesRow(
        *key,
        retries=series.retries,
        sent_bytes=series.sent_bytes,
        received_bytes=series.received_bytes,
        prompt=_filled(series.prompt),
        late_response=_filled(series.late_response),
        late_service=_filled(series.late_service),
    )


def component_row(where: tuple[str, str], parts: Iterable[Distribution]) -> ComponentRow:
    """Return the row of the components of a (phase, operation)."""
    return ComponentRow(*where, tuple(_filled(part) for part in parts))


def failure_rows(tally: Tally, written: set[FailureKey]) -> tuple[FailureRow, ...]:
    """Return the rows of a tally's failures, with examples for those not yet in `written`, which is added to."""
    rows = []
    for key, group in tally.failures.items():
        example = group.example
        if key in written:
            rows.append(FailureRow(*key, group.count, group.first_ns / NS_PER_S))
            continue
        written.add(key)
        rows.append(
            FailureRow(
                *key,
                group.count,
                group.first_ns / NS_PER_S,
                example.example,
                example.request,
                example.correlation_id,
                example.ordinal,
            )
        )
    return tuple(rows)


def tally_of(part: Part) -> Tally:
    """Return what a part counted. Raises: ValueError if it is damaged."""
    tally = Tally()
    for row in part.series:
        tally.series[SeriesKey(row.phase, row.operation, row.resource, row.status, row.ok, row.final)] = _series(row)
    for component in part.components:
        tally.components[component.phase, component.operation] = [distribution_of(h) for h in component.parts]
    for phase, histogram in part.iterations.items():
        tally.iterations[phase] = distribution_of(histogram)
    for phase, name, reason, count in part.counters:
        tally.counters[phase, name, reason] = count
    for phase, name, kind, histogram in part.trends:
        tally.trends[phase, name, kind] = distribution_of(histogram)
    for phase, name, passed, failed in part.checks:
        tally.checks[phase, name] = CheckCounts(passed, failed)
    for key, group in _failures(part.failures):
        tally.failures[key] = group
    return tally


def _series(row: SeriesRow) -> Series:
    series = Series()
    series.prompt = distribution_of(row.prompt)
    series.late_response = distribution_of(row.late_response)
    series.late_service = distribution_of(row.late_service)
    series.sent_bytes, series.received_bytes, series.retries = row.sent_bytes, row.received_bytes, row.retries
    return series


def _failures(rows: Iterable[FailureRow]) -> Iterable[tuple[FailureKey, FailureGroup]]:
    for row in rows:
        key = FailureKey(row.phase, row.operation, row.resource, row.status, row.reason)
        example = Failure(*key, row.example, row.request, row.correlation_id, row.ordinal)
        yield key, FailureGroup(row.count, round(row.first_t * NS_PER_S), example)


def _filled(distribution: Distribution) -> Histogram | None:
    return histogram_of(distribution) if distribution else None
