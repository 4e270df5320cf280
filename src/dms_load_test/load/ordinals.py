"""Sets of ordinals, a bit each: ten million documents that were sent take 1.25 MB."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class OrdinalSet:
    """Whole numbers from 0, the highest bounding the memory: an eighth of a byte for each up to it."""

    def __init__(self, ordinals: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self._count = 0
        for ordinal in ordinals:
            self.add(ordinal)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, ordinal: int) -> bool:
        at = ordinal >> 3
        return at < len(self._bits) and bool(self._bits[at] >> (ordinal & 7) & 1)

    @property
    def end(self) -> int:
        """The number behind the highest; 0 where there is none."""
        at = len(self._bits.rstrip(b"\0"))
        return (at - 1) * 8 + self._bits[at - 1].bit_length() if at else 0

    def add(self, ordinal: int) -> None:
        """Put a number in."""
        if ordinal in self:
            return
        at = ordinal >> 3
        if at >= len(self._bits):
            # Half as much again: ordinals come in about ascending order.
            self._bits.extend(bytes(at - len(self._bits) + 1 + len(self._bits) // 2))
        self._bits[at] |= 1 << (ordinal & 7)
        self._count += 1

    def missing(self, total: int) -> range | array[int]:
        """Return the numbers from 0 to total - 1 that are not in the set, ascending; a range where all are."""
        if not self._count:
            return range(total)
        return array("Q", (ordinal for ordinal in range(total) if ordinal not in self))
