"""Ordinals taken apart: which document the first reference points to, and digits for all else that varies."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from dms_load_test.generators.lineage import Ancestry, Axis

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.generators.choices import Choice


@dataclass(frozen=True, slots=True)
class Numbering:
    """`ordinal = p + first * q`, and q in digits. `sizes`: values of each digit; the first digit changes first."""

    first: int
    sizes: tuple[int, ...] = ()

    def split(self, ordinal: int) -> tuple[int, list[int]]:
        """Return p and the digits."""
        rest, p = divmod(ordinal, self.first)
        digits = []
        for size in self.sizes:
            rest, digit = divmod(rest, size)
            digits.append(digit)
        return p, digits

    @property
    def capacity(self) -> int:
        """How many ordinals have p and digits of their own."""
        return self.first * prod(self.sizes)


def ancestries(
    choices: Sequence[Choice], numbering: Numbering, count: int, chosen: Callable[[int], list[int]]
) -> list[Ancestry]:
    """Return the ancestors of `count` documents whose natural key holds the references `choices`, in this order."""
    found = []
    for number, choice in enumerate(choices):
        for ancestor, landing, axis in choice.ancestry:
            found.append(Ancestry(ancestor, landing, _axis(number, choice, axis, numbering, count, chosen)))
    return found


def _axis(
    number: int, choice: Choice, axis: Axis, numbering: Numbering, count: int, chosen: Callable[[int], list[int]]
) -> Axis:
    first = numbering.first

    def of(ordinal: int) -> int:
        return axis.of(chosen(ordinal)[number])

    def by_first(ancestor: int, j: int) -> int | None:
        turn, place = divmod(j, axis.fan)
        p = axis.nth(ancestor, place) if axis.nth else None
        if p is None or p >= first:
            return None
        return p + first * turn if p + first * turn < count else None

    def by_later(ancestor: int, j: int) -> int | None:
        turn, place = divmod(j, axis.fan)
        target = axis.nth(ancestor, place) if axis.nth else None
        if target is None or target >= choice.usable:
            return None
        p = (target - choice.shift) % choice.usable + turn * choice.usable
        return p if p < min(first, count) else None

    if axis.nth is None or choice.tie is not None or choice.home is not None:
        return Axis(of)
    if number == 0:
        return Axis(of, by_first, max(1, axis.fan * (count // first)))
    return Axis(of, by_later, max(1, axis.fan * (min(first, count) // choice.usable)))
