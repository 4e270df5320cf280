"""Which operation iteration n does: a fixed mix, kept to even in short runs and in any part of a run.

Dice would miss 50/20/20/10 by several points in a run of a hundred operations. Here the operations of one cycle are
spread evenly (smooth weighted round robin), and each cycle begins at another place of it, so that no worker that takes
every n-th iteration always gets the same operation.
"""

from __future__ import annotations

from functools import reduce
from math import gcd
from typing import TYPE_CHECKING

from dms_load_test.generators.draws import GOLDEN, MASK

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mix:
    """Operations and their weights; weights are whole and not all zero."""

    def __init__(self, weights: Mapping[str, int], seed: int) -> None:
        common = reduce(gcd, weights.values())
        self.weights = dict(weights)
        self._cycle = _spread({name: weight // common for name, weight in weights.items() if weight})
        self._seed = seed

    def operation(self, number: int) -> str:
        """Return the operation of iteration `number` (from 0)."""
        cycle, place = divmod(number, len(self._cycle))
        return self._cycle[(place + self._turn(cycle)) % len(self._cycle)]

    def rank(self, number: int) -> int:
        """Return how many iterations before `number` have the same operation: numbers those of one kind from 0."""
        length = len(self._cycle)
        cycle, place = divmod(number, length)
        begin = self._turn(cycle) % length
        operation = self._cycle[(place + begin) % length]
        earlier = sum(self._cycle[(begin + step) % length] == operation for step in range(place))
        return cycle * self._cycle.count(operation) + earlier

    def _turn(self, cycle: int) -> int:
        return ((cycle + self._seed) * GOLDEN & MASK) >> 32


def _spread(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Order one cycle evenly: each step goes to the operation that is furthest behind its share."""
    total = sum(weights.values())
    credit = dict.fromkeys(weights, 0)
    order = []
    for _ in range(total):
        for name, weight in weights.items():
            credit[name] += weight
        chosen = max(credit, key=lambda name: credit[name])
        credit[chosen] -= total
        order.append(chosen)
    return tuple(order)
