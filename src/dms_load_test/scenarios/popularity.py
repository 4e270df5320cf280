"""Which document is asked for next: all alike, or a few of them most of the time."""

from __future__ import annotations

from itertools import accumulate
from math import gcd, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from random import Random

    from dms_load_test.scenarios.api import Entry, VirtualUser

_GOLDEN = 0.6180339887498949
_DRAWS = 4
"""A popular document is often in use: so many are tried before any free one is taken."""


class ResourceChoice:
    """Resources to choose from, by weight; unless given, by the square root of their planned documents.

    Large ones are chosen more often then, and none never. A resource of weight 0 is left out.
    """

    def __init__(self, resources: Iterable[str], counts: Mapping[str, int], weights: Mapping[str, float]) -> None:
        by_name = {
            resource: weights[resource] if resource in weights else sqrt(counts[resource])
            for resource in sorted(resources)
        }
        self._weights = {resource: weight for resource, weight in by_name.items() if weight > 0}
        self.resources = tuple(self._weights)
        self._ends = tuple(accumulate(self._weights.values()))

    def favouring(self, group: Container[str], ratio: float) -> ResourceChoice:
        """Return a choice in which at least `ratio` (0 to less than 1) of all fall on the group, if it has any here."""
        inside = sum(weight for resource, weight in self._weights.items() if resource in group)
        outside = sum(self._weights.values()) - inside
        if not inside or inside >= ratio * (inside + outside):
            return self
        factor = ratio / (1 - ratio) * outside / inside
        raised = {name: weight * (factor if name in group else 1.0) for name, weight in self._weights.items()}
        return ResourceChoice(raised, {}, raised)

    def one(self, random: Random) -> str:
        """Choose a resource; there must be one."""
        return random.choices(self.resources, cum_weights=self._ends)[0]

    def in_turn(self, random: Random) -> list[str]:
        """Return a chosen resource, then the others: to go on with where the first has no document left."""
        if not self.resources:
            return []
        first = self.one(random)
        return [first, *(resource for resource in self.resources if resource != first)]


class Popularity:
    """Takes documents: `uniform`, or by Zipf's law over the planned ones, whose ranks stay the same in a run."""

    def __init__(self, kind: str, counts: Mapping[str, int]) -> None:
        self._counts = counts if kind == "zipf" else {}

    def take(self, vu: VirtualUser, choice: ResourceChoice) -> Entry | None:
        """Take a document of a chosen resource for exclusive use; None where no resource has one left."""
        for resource in choice.in_turn(vu.random):
            entry = self._take(vu, resource)
            if entry is not None:
                return entry
        return None

    def _take(self, vu: VirtualUser, resource: str) -> Entry | None:
        count = self._counts.get(resource, 0)
        for _ in range(_DRAWS if count else 0):
            entry = vu.inventory.take_ordinal(resource, ordinal_of(zipf_rank(vu.random, count), count))
            if entry is not None:
                return entry
        return vu.inventory.take(resource, vu.random)


def zipf_rank(random: Random, count: int) -> int:
    """Draw a rank from 0 to count - 1; rank r has about 1 / (r + 1) of the weight of the first (exponent 1)."""
    return min(count - 1, int((count + 1) ** random.random()) - 1)


def ordinal_of(rank: int, count: int) -> int:
    """Return the ordinal of a rank, a permutation of 0 to count - 1: popular documents lie all over a resource."""
    step = max(1, round(count * _GOLDEN))
    while gcd(step, count) != 1:
        step += 1
    return (rank * step + count // 2) % count
