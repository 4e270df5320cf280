"""Figures of a run as monitoring systems want them: counters that only grow, gauges, histograms with fixed bounds.

Names are those of the summary (`http_reqs`); times are seconds, as Prometheus and OpenTelemetry have them. A rate of
the summary (`http_req_failed`) is a counter here: divide its sum by that of `http_reqs`, which has one label more.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dms_load_test.metrics.histogram import Distribution

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histograms' buckets, inclusive; one more bucket takes what is longer."""
_US_PER_S = 1e6

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, in a fixed order for each metric."""


@dataclass(slots=True)
class Times:
    """A histogram: counts by bucket (not cumulative), sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0

    def add(self, distribution: Distribution) -> None:
        """Take in a distribution. A time near a bound (0.1 %, of two digits 0.8 %) may be counted on its other side."""
        for us, count in distribution.buckets():
            self.counts[bisect_left(BOUNDS_S, us / _US_PER_S)] += count
        self.sum_s += distribution.sum_us / _US_PER_S

    @property
    def count(self) -> int:
        """Number of durations."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric by labels. `kind` is `counter`, `gauge` or `histogram`."""

    kind: str
    help: str
    unit: str
    values: dict[Labels, float] = field(default_factory=dict)
    times: dict[Labels, Times] = field(default_factory=dict)


class Meters:
    """All metrics of a run that goes on. Nothing here waits or locks: use it in one thread."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def count(self, name: str, amount: float, labels: Mapping[str, str], text: str, unit: str = "1") -> None:
        """Add to a counter."""
        family = self._family("counter", name, text, unit)
        key = tuple(labels.items())
        family.values[key] = family.values.get(key, 0) + amount

    def gauge(self, name: str, value: float, labels: Mapping[str, str], text: str) -> None:
        """Set a gauge."""
        self._family("gauge", name, text, "1").values[tuple(labels.items())] = value

    def time(self, name: str, distribution: Distribution, labels: Mapping[str, str], text: str) -> None:
        """Add to a histogram."""
        self._family("histogram", name, text, "s").times.setdefault(tuple(labels.items()), Times()).add(distribution)

    def _family(self, kind: str, name: str, text: str, unit: str) -> Family:
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = Family(kind, text, unit)
        return family

    def families(self) -> Iterator[tuple[str, Family]]:
        """Yield the metrics by name, in alphabetical order."""
        yield from sorted(self._families.items())
