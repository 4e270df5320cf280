"""A finished distribution in little memory: for percentiles, and for the share of times below another."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import bucket_end_us, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dms_load_test.metrics.histogram import Distribution

_MOST_NARROW = (1 << 32) - 1


class Ranks:
    """What a distribution held when this was made: 6 bytes for each bucket that holds something."""

    __slots__ = ("_high_us", "_indices", "_low_us", "_upto")

    def __init__(self, distribution: Distribution) -> None:
        counts = distribution.counts
        self._indices = array("H", sorted(counts))
        upto = (0, *accumulate(map(counts.__getitem__, self._indices)))
        self._upto = array("I" if upto[-1] <= _MOST_NARROW else "Q", upto)
        self._low_us, self._high_us = distribution.min_us, distribution.max_us

    @property
    def count(self) -> int:
        """Number of durations."""
        return self._upto[-1]

    def percentile_us(self, percent: float) -> int:
        """Return the same as the distribution. O(log buckets)."""
        return self.percentiles_us((percent,))[0]

    def percentiles_us(self, percents: Iterable[float]) -> tuple[int, ...]:
        """Return the same as the distribution. O(log buckets) each."""
        return tuple(self._percentile_us(percent) for percent in percents)

    def _percentile_us(self, percent: float) -> int:
        if not self.count:
            return 0
        at = bisect_left(self._upto, rank(percent, self.count), 1) - 1
        return min(max(bucket_end_us(self._indices[at]), self._low_us), self._high_us)

    def share_below(self, index: int) -> float:
        """Return the share that is below a bucket, half of what is in it included; of nothing 0.5. O(log buckets)."""
        if not self.count:
            return 0.5
        at = bisect_left(self._indices, index)
        is_held = at < len(self._indices) and self._indices[at] == index
        return (self._upto[at] + self._upto[at + is_held]) / 2 / self.count

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Yield (bucket index, count) in order."""
        for index, (before, upto) in zip(self._indices, pairwise(self._upto), strict=True):
            yield index, upto - before


def exceeding(new: Ranks, base: Ranks) -> float:
    """Return how often a time of `new` exceeds one of `base`, equal ones counted half; 0.5 where one is empty."""
    if not new.count or not base.count:
        return 0.5
    return sum(base.share_below(index) * count for index, count in new.buckets()) / new.count
