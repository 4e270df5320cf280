"""A distribution of durations that costs little to record, merges exactly and gives three significant digits.

Laws: merging is associative and commutative, and a merge of parts equals the distribution of the whole; a percentile
is never below the exact one and at most 0.1 % above it; count, sum, extremes and variance are exact (integers).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from functools import cache
from itertools import accumulate, chain, repeat
from math import ceil, sqrt
from operator import mul
from typing import TYPE_CHECKING, cast

from dms_load_test.metrics.buckets import Buckets
from dms_load_test.metrics.hdr_codec import HIGHEST_US, decode_counts, encode_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

DIGITS = 3
_HALF_BITS = {1: 4, 2: 7, 3: 10}
"""log2 of the buckets per doubling of the value, by significant digits, as HdrHistogram derives it."""
_BITS = _HALF_BITS[DIGITS] + 1
_FIRST_WIDE = 1 << _BITS
"""Durations below this many microseconds have a bucket each."""
_NEAR_BITS = 16
_NOTHING_LOW = 1 << 62
_MOST_RECENT = 512
"""Buckets kept in a dictionary, which is quicker to add to than an array, before they are folded."""


_count_up = cast("Callable[[dict[int, int], Iterable[int]], None]", Counter.update)
"""Counter's loop, in C, which takes any dictionary."""


class Distribution:
    """Durations in microseconds, 0 .. 1 h (longer ones count as 1 h in percentiles, exactly in sum and extremes).

    Buckets are HdrHistogram's for 1 us .. 1 h; only those that hold something take memory. What is merged into a
    distribution beyond some hundred buckets goes to an array: 100,000 durations, as in a day, take 23 KB, not 148 KB.
    """

    __slots__ = ("_folded", "_recent", "high_us", "low_us", "squares", "sum_us")

    def __init__(self) -> None:
        self._recent: defaultdict[int, int] = defaultdict(int)
        self._folded: Buckets | None = None
        self.sum_us = 0
        self.squares = 0
        """Sum of squares, us^2: integers, so that merging in any order gives the same variance."""
        self.low_us = _NOTHING_LOW
        self.high_us = 0

    def __bool__(self) -> bool:
        return self.low_us != _NOTHING_LOW

    def record(self, us: int) -> None:
        """Count one duration. O(1), about 0.35 us."""
        if us < self.low_us:
            us = max(us, 0)  # a clock that steps back must not give a negative index
            self.low_us = us
        if us > self.high_us:  # noqa: PLR1730 - a call of max() costs a tenth of this method
            self.high_us = us
        self.sum_us += us
        self.squares += us * us
        shift = us.bit_length() - _BITS
        if shift <= 0:
            self._recent[us] += 1
        elif us <= HIGHEST_US:
            self._recent[(shift << 10) + (us >> shift)] += 1
        else:
            self._recent[bucket_of(HIGHEST_US)] += 1

    def record_all(self, times: Sequence[int]) -> None:
        """Count many durations: 0.2 us each where there are some hundred, a third of what `record` takes."""
        if not times:
            return
        low_us, high_us = min(times), max(times)
        if low_us < 0:  # a clock that steps back
            for us in times:
                self.record(us)
            return
        self.low_us = min(self.low_us, low_us)
        self.high_us = max(self.high_us, high_us)
        self.sum_us += sum(times)
        self.squares += sum(map(mul, times, times))
        index_of = _NEAR_INDICES.__getitem__ if high_us < len(_NEAR_INDICES) else _bucket_within
        _count_up(self._recent, map(index_of, times))

    def add(self, other: Distribution) -> None:
        """Take in all that `other` counted. O(its buckets)."""
        if not other:
            return
        recent = self._recent
        for index, count in other._recent.items():
            recent[index] += count
        if other._folded is not None:
            self._fold().merge(other._folded)
        self.sum_us += other.sum_us
        self.squares += other.squares
        self.low_us = min(self.low_us, other.low_us)
        self.high_us = max(self.high_us, other.high_us)
        if len(recent) > _MOST_RECENT:
            self._fold()

    def add_zeros(self, number: int) -> None:
        """Count so many durations of 0 (`number` > 0)."""
        self._recent[0] += number
        self.low_us = 0

    def _fold(self) -> Buckets:
        if self._folded is None:
            self._folded = Buckets()
        self._folded.add(self._recent)
        self._recent = defaultdict(int)
        return self._folded

    @property
    def counts(self) -> Mapping[int, int]:
        """Bucket index -> count, of the buckets that hold something. O(1), or O(buckets) after much merging."""
        if self._folded is None:
            return self._recent
        counts = self._folded.filled()
        for index, count in self._recent.items():
            counts[index] = counts.get(index, 0) + count
        return counts

    @property
    def held(self) -> int:
        """About how many buckets hold something: what it costs to encode or to merge."""
        return len(self._recent) + (self._folded.held if self._folded else 0)

    @property
    def count(self) -> int:
        """Number of durations. O(buckets)."""
        return sum(self._recent.values()) + (self._folded.total if self._folded else 0)

    @property
    def min_us(self) -> int:
        """The smallest duration; 0 if there is none."""
        return self.low_us if self else 0

    @property
    def max_us(self) -> int:
        """The largest duration; 0 if there is none."""
        return self.high_us

    @property
    def mean_us(self) -> float:
        """The exact mean; 0 if there is none."""
        return self.sum_us / self.count if self else 0.0

    @property
    def stddev_us(self) -> float:
        """The exact standard deviation of the population; 0 if there is none."""
        count = self.count
        if not count:
            return 0.0
        return sqrt(max(0, count * self.squares - self.sum_us * self.sum_us)) / count

    def percentile_us(self, percent: float) -> int:
        """Return the duration that `percent` (0..100) of all do not exceed, by nearest rank; 0 if there is none."""
        return self.percentiles_us((percent,))[0]

    def percentiles_us(self, percents: Iterable[float]) -> tuple[int, ...]:
        """Return a percentile for each of `percents`, in their order. O(buckets log buckets)."""
        counts = self.counts
        indices = sorted(counts)
        upto = list(accumulate(map(counts.__getitem__, indices)))
        if not upto:
            return tuple(0 for _ in percents)
        return tuple(self._value(indices[bisect_left(upto, rank(percent, upto[-1]))]) for percent in percents)

    def _value(self, index: int) -> int:
        """Return what a bucket stands for: its highest value, inside the exact extremes."""
        return min(max(bucket_end_us(index), self.low_us), self.high_us)

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Yield (highest value in us, count) of each bucket that holds something, in order of value."""
        for index, count in sorted(self.counts.items()):
            yield bucket_end_us(index), count

    def encode(self, digits: int = DIGITS) -> str:
        """Return HdrHistogram's base64 text with 1..3 significant digits; fewer make it shorter."""
        if digits == DIGITS:
            return encode_counts(self.counts, DIGITS)
        return encode_counts(coarser(self.counts, digits), digits)

    @classmethod
    def decode(cls, text: str, *, sum_us: int, squares: int, low_us: int, high_us: int) -> Distribution:
        """Rebuild a distribution from its text and the exact figures kept beside it. Raises: ValueError."""
        counts, digits = decode_counts(text)
        if digits not in _HALF_BITS:
            raise ValueError(f"a histogram of {digits} significant digits; expected 1 to {DIGITS}")
        made = cls()
        for index, count in counts.items():
            made._recent[bucket_of(bucket_end_us(index, digits))] += count
        made.sum_us, made.squares = sum_us, squares
        if counts:
            made.low_us, made.high_us = low_us, high_us
        return made


def _near_indices() -> array[int]:
    indices = array("H", range(_FIRST_WIDE))
    half = _FIRST_WIDE // 2
    for shift in range(1, _NEAR_BITS - _BITS + 1):
        doubling = range((shift << _HALF_BITS[DIGITS]) + half, (shift << _HALF_BITS[DIGITS]) + _FIRST_WIDE)
        indices.extend(chain.from_iterable(repeat(index, 1 << shift) for index in doubling))
    return indices


_NEAR_INDICES = _near_indices()
"""The bucket of each duration up to 65 ms: looking up takes a tenth of `bucket_of`."""


def _bucket_within(us: int) -> int:
    return bucket_of(min(us, HIGHEST_US))


def merged(distributions: Iterable[Distribution]) -> Distribution:
    """Return the distribution of all durations of `distributions`."""
    total = Distribution()
    for distribution in distributions:
        total.add(distribution)
    return total


def bucket_of(us: int, digits: int = DIGITS) -> int:
    """Return HdrHistogram's bucket index of a duration."""
    half = _HALF_BITS[digits]
    shift = us.bit_length() - half - 1
    return us if shift <= 0 else (shift << half) + (us >> shift)


def bucket_end_us(index: int, digits: int = DIGITS) -> int:
    """Return the highest duration that falls into a bucket."""
    half = _HALF_BITS[digits]
    shift = max(0, (index >> half) - 1)
    return ((index - (shift << half) + 1) << shift) - 1


def coarser(counts: Mapping[int, int], digits: int) -> dict[int, int]:
    """Return counts of three significant digits as counts of fewer."""
    fewer: defaultdict[int, int] = defaultdict(int)
    coarse = _coarse_indices(digits)
    for index, count in counts.items():
        fewer[coarse[index]] += count
    return fewer


@cache
def _coarse_indices(digits: int) -> array[int]:
    # A table, because the arithmetic for each bucket was a quarter of a record's cost.
    return array("H", (bucket_of(bucket_end_us(index), digits) for index in range(bucket_of(HIGHEST_US) + 1)))


def rank(percent: float, count: int) -> int:
    """Return the place, from 1, of a percentile among `count` (> 0) durations in order: the nearest rank."""
    # The tolerance keeps 95 % of 20 at 19 although 0.95 * 20 is a little more in binary.
    return min(count, max(1, ceil(percent / 100 * count - 1e-9)))
