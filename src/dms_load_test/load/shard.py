"""A shard: the part k of n that one worker takes of any numbered work, by stride."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Worker `index` (from 0) of `count`. The union of all shards is exactly the work, and no two overlap."""

    index: int = 0
    count: int = 1

    def numbers(self, total: int) -> range:
        """Return this shard's part of 0..total-1."""
        return range(self.index, total, self.count)

    def share(self, total: int) -> int:
        """Return how many of `total` equal things (virtual users, iterations) this shard takes."""
        return len(self.numbers(total))


WHOLE = Shard()
