"""The metrics by name, as k6 knows them and ours: what each is made of. To add one, add a line to METRICS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.metrics.tally import COMPONENTS, CRUD, SeriesKey
from dms_load_test.metrics.totals import TAGS, TOO_MANY_REQUESTS, Totals

if TYPE_CHECKING:
    from dms_load_test.metrics.tally import Series

Selector = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many of `total` things had a property."""

    hits: int
    total: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were, and the seconds they took to come."""

    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """The last value and the largest."""

    last: float
    largest: float


Observation = Distribution | Ratio | Count | Gauge


@dataclass(frozen=True, slots=True)
class Metric:
    """How to read one metric. `kind` names its aggregation functions, `tags` what a selector may use."""

    kind: str
    read: Callable[[Totals, Selector], Observation]
    tags: tuple[str, ...] = TAGS
    help: str = ""


def _is_any(_: SeriesKey) -> bool:
    return True


def _is_operation(key: SeriesKey) -> bool:
    return key.final and key.operation in CRUD


def _is_failed(key: SeriesKey) -> bool:
    return not key.ok


def _response_times(wanted: Callable[[SeriesKey], bool]) -> Callable[[Totals, Selector], Distribution]:
    return lambda totals, selector: merged(s.response for key, s in totals.select(selector) if wanted(key))


def _service_times(totals: Totals, selector: Selector) -> Distribution:
    return merged(series.service for _, series in totals.select(selector))


def _component(name: str) -> Callable[[Totals, Selector], Distribution]:
    def read(totals: Totals, selector: Selector) -> Distribution:
        wanted = {"phase": 0, "operation": 1}
        where = [
            pair
            for pair in totals.tally.components
            if all(pair[wanted[tag]] == value for tag, value in selector.items())
        ]
        return totals.tally.component(name, where)

    return read


def _sum(of: Callable[[SeriesKey, Series], int]) -> Callable[[Totals, Selector], Count]:
    def read(totals: Totals, selector: Selector) -> Count:
        total = sum(of(key, series) for key, series in totals.select(selector))
        return Count(total, totals.active_s(selector.get("phase", "")))

    return read


def _share(of: Callable[[SeriesKey], bool], among: Callable[[SeriesKey], bool]) -> Callable[[Totals, Selector], Ratio]:
    def read(totals: Totals, selector: Selector) -> Ratio:
        counted = [(key, series.count) for key, series in totals.select(selector) if among(key)]
        return Ratio(sum(count for key, count in counted if of(key)), sum(count for _, count in counted))

    return read


def _counter(name: str) -> Callable[[Totals, Selector], Count]:
    def read(totals: Totals, selector: Selector) -> Count:
        phase = selector.get("phase", "")
        found = (n for (at, counter, _), n in totals.tally.counters.items() if counter == name and phase in ("", at))
        return Count(sum(found), totals.active_s(phase))

    return read


def _checks(totals: Totals, selector: Selector) -> Ratio:
    wanted = [
        counts
        for (phase, name), counts in totals.tally.checks.items()
        if selector.get("phase", phase) == phase and selector.get("check", name) == name
    ]
    passed = sum(counts.passed for counts in wanted)
    return Ratio(passed, passed + sum(counts.failed for counts in wanted))


def _iteration_times(totals: Totals, selector: Selector) -> Distribution:
    phase = selector.get("phase", "")
    return merged(times for at, times in totals.tally.iterations.items() if phase in ("", at))


def _iterations(totals: Totals, selector: Selector) -> Count:
    return Count(_iteration_times(totals, selector).count, totals.active_s(selector.get("phase", "")))


def _own_counter(name: str) -> Callable[[Totals, Selector], Count]:
    def read(totals: Totals, selector: Selector) -> Count:
        found = (count for key, count in totals.tally.counters.items() if _is_own(key, name, selector))
        return Count(sum(found), totals.active_s(selector.get("phase", "")))

    return read


def _own_trend(name: str) -> Callable[[Totals, Selector], Distribution]:
    return lambda totals, selector: merged(
        times for key, times in totals.tally.trends.items() if _is_own(key, name, selector)
    )


def _is_own(key: tuple[str, str, str], name: str, selector: Selector) -> bool:
    phase, counter, kind = key
    return counter == name and selector.get("phase", phase) == phase and selector.get("kind", kind) == kind


def _if(condition: Callable[[SeriesKey], bool]) -> Callable[[SeriesKey, Series], int]:
    return lambda key, series: series.count if condition(key) else 0


_PHASE = ("phase",)
OWN_TAGS = ("phase", "kind")
"""Tags of a scenario's own metrics."""
METRICS: Mapping[str, Metric] = {
    "http_reqs": Metric("counter", _sum(_if(_is_any)), help="requests, retries included"),
    "http_req_duration": Metric("trend", _response_times(_is_any), help="response time from the due time, ms"),
    "http_req_service_time": Metric("trend", _service_times, help="response time from the attempt's start, ms"),
    "http_req_failed": Metric("rate", _share(_is_failed, _is_any), help="requests without the wanted answer"),
    **{
        f"http_req_{name}": Metric(
            "trend", _component(name), ("phase", "operation"), f"time {name.replace('tls_', 'TLS ')}, ms"
        )
        for name in COMPONENTS
    },
    "data_sent": Metric("counter", _sum(lambda _, series: series.sent_bytes), help="bytes before TLS"),
    "data_received": Metric("counter", _sum(lambda _, series: series.received_bytes), help="bytes after TLS"),
    "iterations": Metric("counter", _iterations, _PHASE, "completed iterations"),
    "iteration_duration": Metric("trend", _iteration_times, _PHASE, "time of completed iterations, ms"),
    "dropped_iterations": Metric(
        "counter",
        _counter("dropped_iterations"),
        _PHASE,
        "due, but not done: no user was free, nothing could be sent, or a worker was lost",
    ),
    "vus": Metric("gauge", lambda totals, _: Gauge(totals.users, totals.users_max), (), "users that iterate"),
    "vus_max": Metric("gauge", lambda totals, _: Gauge(totals.users_max, totals.users_max), (), "users allocated"),
    "checks": Metric("rate", _checks, ("phase", "check"), "checks that passed"),
    "crud_operations": Metric("counter", _sum(_if(_is_operation)), help="operations on documents, each counted once"),
    "crud_operation_duration": Metric("trend", _response_times(_is_operation), help="their last attempt's time, ms"),
    "errors": Metric("rate", _share(_is_failed, _is_operation), help="operations on documents that failed"),
    "retries": Metric("counter", _sum(lambda _, series: series.retries), help="attempts after the first"),
    "rate_limited": Metric("counter", _sum(_if(lambda key: key.status == TOO_MANY_REQUESTS)), help="answers 429"),
    "integrity_violations": Metric("counter", _counter("integrity_violations"), _PHASE, "writes lost or changed"),
}
"""Name -> metric."""


class OwnFigure(NamedTuple):
    """What a scenario counts or times itself: a counter's `amount`, a trend's `times`; the other is 0 or None."""

    phase: str
    name: str
    kind: str
    amount: int
    times: Distribution | None = None


def own_figures(totals: Totals) -> list[OwnFigure]:
    """Return scenarios' own metrics, counters first, in alphabetical order."""
    counters = sorted(item for item in totals.tally.counters.items() if item[0][1] not in METRICS)
    trends = sorted(totals.tally.trends)
    return [
        *(OwnFigure(*key, count) for key, count in counters),
        *(OwnFigure(*key, 0, totals.tally.trends[key]) for key in trends),
    ]


def untold_figures(totals: Totals, tables: Iterable[tuple[str, Sequence[Sequence[object]]]]) -> list[OwnFigure]:
    """Return scenarios' own metrics that their tables (phase, rows) lack.

    A table has a counter if it is of the same phase, and a row of it begins with the kind and holds the amount.
    """
    rows = [(phase, row) for phase, table in tables for row in table]

    def is_told(own: OwnFigure) -> bool:
        mine = (row for phase, row in rows if phase == own.phase)
        return own.times is None and any(row[0] == own.kind and own.amount in row[1:] for row in mine)

    return [own for own in own_figures(totals) if not is_told(own)]


def find_metric(name: str, own: Mapping[str, str] = MappingProxyType({})) -> Metric | None:
    """Return a metric by name; `own` are a scenario's: name -> `counter` or `trend`."""
    kind = own.get(name, "")
    if kind == "counter":
        return Metric(kind, _own_counter(name), OWN_TAGS, "a scenario's own counter")
    if kind == "trend":
        return Metric(kind, _own_trend(name), OWN_TAGS, "a scenario's own times, ms")
    return METRICS.get(name)
