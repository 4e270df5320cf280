"""Counts of neighbouring buckets in an array: a fraction of a dictionary's memory, for what grows for hours."""

from __future__ import annotations

import operator
from array import array
from itertools import compress
from itertools import count as numbers
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NARROW, _WIDE = "I", "Q"
"""Four bytes a count; eight from the first count on that does not fit."""


class Buckets:
    """Bucket index -> count over the span from the lowest to the highest index added."""

    __slots__ = ("_counts", "_first")

    def __init__(self) -> None:
        self._first = 0
        self._counts = array(_NARROW)

    def add(self, counts: Mapping[int, int]) -> None:
        """Add counts, all positive. O(their number), and O(span) where they widen it."""
        if not counts:
            return
        self._cover(min(counts), max(counts))
        mine, first = self._counts, self._first
        for index, count in counts.items():
            try:
                mine[index - first] += count
            except OverflowError:
                mine = self._counts = array(_WIDE, mine)
                mine[index - first] += count

    def merge(self, other: Buckets) -> None:
        """Add all counts of `other`. O(its span), at 30 ns a bucket."""
        if not other._counts:
            return
        self._cover(other._first, other._first + len(other._counts) - 1)
        begin = other._first - self._first
        span = slice(begin, begin + len(other._counts))
        try:
            self._counts[span] = array(self._counts.typecode, map(operator.add, self._counts[span], other._counts))
        except OverflowError:
            self._counts = array(_WIDE, self._counts)
            self._counts[span] = array(_WIDE, map(operator.add, self._counts[span], other._counts))

    @property
    def held(self) -> int:
        """How many buckets hold something. O(span)."""
        return len(self._counts) - self._counts.count(0)

    @property
    def total(self) -> int:
        """The sum of all counts. O(span)."""
        return sum(self._counts)

    def filled(self) -> dict[int, int]:
        """Return bucket index -> count of those that hold something, in order of index."""
        counts = self._counts  # in C: a comprehension took four times as long, and spans have thousands of zeros
        return dict(zip(compress(numbers(self._first), counts), filter(None, counts), strict=True))

    def _cover(self, lowest: int, highest: int) -> None:
        if not self._counts:
            self._first = lowest
        code, size = self._counts.typecode, self._counts.itemsize
        if lowest < self._first:
            self._counts = array(code, bytes((self._first - lowest) * size)) + self._counts
            self._first = lowest
        beyond = highest + 1 - self._first - len(self._counts)
        if beyond > 0:
            self._counts.frombytes(bytes(beyond * size))
