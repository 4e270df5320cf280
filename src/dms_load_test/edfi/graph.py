"""Directed graphs of names: cycles broken or named, ranks, reachability. Pure and deterministic."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`before` must exist when `after` is made. An edge that is not `required` may be broken to end a cycle."""

    before: str
    after: str
    required: bool = True


class CycleError(Exception):
    """Required edges form a cycle. `cycle` holds its names in order, the first one repeated at the end."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        super().__init__(" -> ".join(cycle))
        self.cycle = cycle


def break_cycles(edges: Collection[Edge]) -> tuple[frozenset[Edge], frozenset[Edge]]:
    """Return (kept, broken): `kept` has no cycle, `broken` holds as few optional edges as a greedy choice needs.

    Optional edges are tried in the order of their names, so that equal graphs are always broken alike.

    Raises:
        CycleError: required edges alone form a cycle, self references included.
    """
    suspects = _cyclic_core(edges)
    kept = {edge for edge in edges if edge not in suspects or edge.required}
    after = _successors(kept)
    for edge in sorted(edge for edge in suspects if edge.required):
        way = _way(after, edge.after, edge.before)
        if way is not None:
            raise CycleError((edge.before, *way))
    broken = set()
    for edge in sorted(suspects - kept):
        if _way(after, edge.after, edge.before) is None:
            kept.add(edge)
            after[edge.before].add(edge.after)
        else:
            broken.add(edge)
    return frozenset(kept), frozenset(broken)


def ranks(names: Collection[str], edges: Collection[Edge], floor: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return each name's rank: at least its `floor` (0 by default) and more than the rank of all that is before it.

    `edges` must have no cycle; edges to or from other names are ignored.
    """
    floor = floor or {}
    known = set(names)
    rank = {name: floor.get(name, 0) for name in names}
    after = _successors(edge for edge in edges if edge.before in known and edge.after in known)
    waiting = dict.fromkeys(names, 0)
    for followers in after.values():
        for follower in followers:
            waiting[follower] += 1
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        for follower in after.get(name, ()):
            rank[follower] = max(rank[follower], rank[name] + 1)
            waiting[follower] -= 1
            if waiting[follower] == 0:
                ready.append(follower)
    return rank


def _successors(edges: Iterable[Edge]) -> defaultdict[str, set[str]]:
    after: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        after[edge.before].add(edge.after)
    return after


def _cyclic_core(edges: Collection[Edge]) -> set[Edge]:
    """Return the edges that are left when names that nothing enters, or nothing leaves, are taken away repeatedly.

    Every cycle is within these; most graphs of this kind have none left.
    """
    core = set(edges)
    while True:
        entered = {edge.after for edge in core}
        left = {edge.before for edge in core}
        inner = {edge for edge in core if edge.before in entered and edge.after in left}
        if inner == core:
            return core
        core = inner


def _way(after: Mapping[str, set[str]], start: str, goal: str) -> tuple[str, ...] | None:
    """Return the names from `start` to `goal`, both included, or None where no way leads there."""
    came_from: dict[str, str | None] = {start: None}
    stack = [start]
    while stack:
        name = stack.pop()
        if name == goal:
            return _trace(came_from, goal)
        for follower in sorted(after.get(name, ()), reverse=True):
            if follower not in came_from:
                came_from[follower] = name
                stack.append(follower)
    return None


def _trace(came_from: Mapping[str, str | None], goal: str) -> tuple[str, ...]:
    names = []
    at: str | None = goal
    while at is not None:
        names.append(at)
        at = came_from[at]
    return tuple(reversed(names))
