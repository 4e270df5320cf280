"""A run over time in bounded memory: slices that grow wider as it grows longer, for charts.

Law: joining slices loses nothing that is summed, so totals over all slices are the run's at any width. Distributions
are joined as distributions, never their percentiles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log10
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.results.convert import distribution_of, histogram_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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


SUMS = ("sent_bytes", "received_bytes", "iterations", "dropped")


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


@dataclass(slots=True)
class Times:
    """Response times of operations on documents in the `seconds` before `t`: what charts show of them, and all of it.

    `texts` are the record's distributions by operation, which take a tenth of the memory that they take when decoded.
    """

    t: float
    seconds: float
    texts: dict[str, list[Histogram]]
    figures: TimesFigures

    def joined(self, later: Times) -> Times:
        """Return one slice of both."""
        both = {
            name: merged(map(distribution_of, (*self.texts.get(name, ()), *later.texts.get(name, ()))))
            for name in CRUD
            if name in self.texts or name in later.texts
        }
        texts = {name: [histogram_of(times, _DIGITS)] for name, times in both.items()}
        return Times(later.t, self.seconds + later.seconds, texts, figures_of(both))


PERCENTS = (50.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class TimesFigures:
    """Percentiles in the order of PERCENTS, and the rest in microseconds; `heat`: band -> requests."""

    percentiles_us: tuple[int, ...]
    max_us: int
    p95_us: dict[str, int]
    heat: dict[int, int]


BANDS_PER_DECADE = 10
_EXACTLY = 1e-9
"""What a logarithm may be off: a time that a band ends at belongs to it."""


def heat_of(times: Distribution) -> dict[int, int]:
    """Return requests by band of the heat map; band b ends at `band_end_us(b)`."""
    heat: defaultdict[int, int] = defaultdict(int)
    for end_us, count in times.buckets():
        heat[_band_of(end_us)] += count
    return dict(heat)


def band_end_us(band: int) -> float:
    """Return the longest time of a band: ten bands multiply it by ten, from 10 us on."""
    return float(10 ** (1 + (band + 1) / BANDS_PER_DECADE))


@lru_cache(4096)
def _band_of(us: int) -> int:
    return max(0, ceil((log10(max(us, 1)) - 1) * BANDS_PER_DECADE - _EXACTLY) - 1)


def figures_of(by_operation: Mapping[str, Distribution]) -> TimesFigures:
    """Return what charts show of the distributions of operations."""
    whole = merged(by_operation.values())
    return TimesFigures(
        whole.percentiles_us(PERCENTS),
        whole.max_us,
        {name: times.percentile_us(95) for name, times in by_operation.items()},
        heat_of(whole),
    )


def times_of(detail: Detail, decoded: Sequence[Distribution]) -> Times:
    """Return the slice of a detail, whose rows' distributions are `decoded`."""
    texts: dict[str, list[Histogram]] = {}
    by_operation: dict[str, Distribution] = {}
    for row, times in zip(detail.rows, decoded, strict=True):
        if row.operation in CRUD:
            texts.setdefault(row.operation, []).append(row.response)
            by_operation.setdefault(row.operation, Distribution()).add(times)
    in_order = {name: by_operation[name] for name in CRUD if name in by_operation}
    return Times(detail.t, detail.seconds, texts, figures_of(in_order))


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
