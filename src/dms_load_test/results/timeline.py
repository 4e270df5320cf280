"""A run over time in bounded memory: slices that grow wider as it grows longer, for charts.

Law: joining slices loses nothing that is summed, so totals over all slices are the run's at any width. Distributions
are joined as distributions, never their percentiles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.results.convert import distribution_of, histogram_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from dms_load_test.results.events import Detail, Histogram, Second, ServerFigures

MOST_COUNTS = 600
"""Slices of counts: a point for every other pixel of a chart."""
MOST_TIMES = 300
"""Slices of distributions, about 3 KB each."""
NARROWEST_S = 1.0
_DIGITS = 2
_SHORT = 0.95
"""A slice this near to its width is full: a second is never exactly one."""


class _Slice(Protocol):
    seconds: float

    def joined(self, later: Self) -> Self: ...


S = TypeVar("S", bound=_Slice)


class Timeline(Generic[S]):
    """At most `most` slices, each about `width_s` wide; the last may still grow."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.width_s = NARROWEST_S
        self.slices: list[S] = []

    def add(self, slice_: S) -> None:
        """Append what came next."""
        last = self.slices[-1] if self.slices else None
        if last is not None and last.seconds < self.width_s * _SHORT:
            self.slices[-1] = last.joined(slice_)
            return
        self.slices.append(slice_)
        if len(self.slices) > self._most:
            self.width_s *= 2
            self.slices = list(self._paired())

    def shown(self) -> list[S]:
        """Return the slices for a chart: a last one that is too short for a rate is joined to the one before."""
        slices = self.slices
        if len(slices) > 1 and slices[-1].seconds < self.width_s / 2:
            return [*slices[:-2], slices[-2].joined(slices[-1])]
        return slices

    def _paired(self) -> Iterable[S]:
        pairs = iter(self.slices)
        for first in pairs:
            second = next(pairs, None)
            yield first.joined(second) if second is not None else first


@dataclass(slots=True)
class Counts:
    """What was counted in the `seconds` before `t`. Keys of `requests` are (operation, ok)."""

    t: float
    seconds: float
    users: int
    users_max: int
    requests: Counter[tuple[str, bool]]
    failures: Counter[int]
    """Failed requests by status; 0 where no answer came."""
    sums: Counter[str]
    """Bytes, iterations and the like, by the names of `SUMS`."""
    health: dict[str, float]
    """The generator's worst figures in this time."""

    def joined(self, later: Counts) -> Counts:
        """Return one slice of both."""
        return Counts(
            later.t,
            self.seconds + later.seconds,
            later.users,
            max(self.users_max, later.users_max),
            self.requests + later.requests,
            self.failures + later.failures,
            self.sums + later.sums,
            {name: max(self.health.get(name, value), value) for name, value in (self.health | later.health).items()},
        )


SUMS = ("sent_bytes", "received_bytes", "iterations", "dropped", "retries", "rate_limited", "failed_checks")


def counts_of(second: Second) -> Counts:
    """Return the slice of a second."""
    requests: Counter[tuple[str, bool]] = Counter()
    for row in second.rows:
        requests[row.operation, row.ok] += row.requests
    sums = Counter({name: getattr(second, name) for name in SUMS})
    failures = Counter(second.failures)
    return Counts(
        second.t, second.seconds, second.users, second.users_max, requests, failures, sums, dict(second.health)
    )


@dataclass
class Times:
    """Response times of operations on documents in the `seconds` before `t`, as the record's texts by operation."""

    t: float
    seconds: float
    texts: dict[str, list[Histogram]] = field(default_factory=dict)

    def joined(self, later: Times) -> Times:
        """Return one slice of both."""
        both = Times(later.t, self.seconds + later.seconds)
        for operation in self.texts.keys() | later.texts.keys():
            parts = (*self.texts.get(operation, ()), *later.texts.get(operation, ()))
            whole = merged(map(distribution_of, parts))
            both.texts[operation] = [histogram_of(whole, _DIGITS)]
        return both

    def distributions(self) -> dict[str, Distribution]:
        """Return the distribution of each operation, in the order of CRUD."""
        return {name: merged(map(distribution_of, self.texts[name])) for name in CRUD if name in self.texts}

    @cached_property
    def figures(self) -> TimesFigures:
        """What charts show of it; computed once, as slices do not change."""
        by_operation = self.distributions()
        whole = merged(by_operation.values())
        return TimesFigures(
            whole.percentiles_us(PERCENTS),
            whole.max_us,
            {name: times.percentile_us(95) for name, times in by_operation.items()},
            heat_of(whole),
        )


PERCENTS = (50.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class TimesFigures:
    """Percentiles in the order of PERCENTS, and the rest in microseconds; `heat`: band -> requests."""

    percentiles_us: tuple[int, ...]
    max_us: int
    p95_us: dict[str, int]
    heat: dict[int, int]


BANDS_PER_DECADE = 10


def heat_of(times: Distribution) -> dict[int, int]:
    """Return requests by band of the heat map; band b ends at `band_end_us(b)`."""
    heat: defaultdict[int, int] = defaultdict(int)
    for end_us, count in times.buckets():
        heat[_band_of(end_us)] += count
    return dict(heat)


def band_end_us(band: int) -> float:
    """Return the longest time of a band: ten bands double-digit the time, from 10 us on."""
    return float(10 ** (1 + (band + 1) / BANDS_PER_DECADE))


def _band_of(us: int) -> int:
    low, band = 10, 0
    while us >= low * 10:
        low, band = low * 10, band + BANDS_PER_DECADE
    while us > band_end_us(band):
        band += 1
    return band


def times_of(detail: Detail) -> Times:
    """Return the slice of a detail."""
    times = Times(detail.t, detail.seconds)
    for row in detail.rows:
        if row.operation in CRUD:
            times.texts.setdefault(row.operation, []).append(row.response)
    return times


@dataclass(slots=True)
class Gauges:
    """What a source on the server's side said in the `seconds` before `t`: (sum, number) of each figure."""

    t: float
    seconds: float
    sums: dict[str, tuple[float, int]]

    def joined(self, later: Gauges) -> Gauges:
        """Return one slice of both."""
        sums = dict(self.sums)
        for name, (total, number) in later.sums.items():
            before, count = sums.get(name, (0.0, 0))
            sums[name] = (before + total, count + number)
        return Gauges(later.t, self.seconds + later.seconds, sums)

    def mean(self, name: str) -> float | None:
        """Return a figure's mean, None where it was not told."""
        total, number = self.sums.get(name, (0.0, 0))
        return total / number if number else None


def gauges_of(figures: ServerFigures, last_t: float) -> Gauges:
    """Return the slice of figures; `last_t` is the time of those before."""
    return Gauges(figures.t, max(0.0, figures.t - last_t), {name: (v, 1) for name, v in figures.values.items()})
