"""A part of a step: what one worker takes of it, and what is left of that when the worker is lost. Pure.

The iterations of a part stand in a row; what is done of the row is a count of its beginning and the few beyond that
(each virtual user holds one), so it is told in some bytes however long the row is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dms_load_test.load.executor import PerVuIterations, SharedIterations
from dms_load_test.load.schedule import most_users
from dms_load_test.load.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.load.executor import Executor
    from dms_load_test.load.plan import Step
    from dms_load_test.load.virtual_user import VirtualUser

Counted = SharedIterations | PerVuIterations
"""Executors whose iterations are numbered beforehand, so that what is left of a part can be done elsewhere."""


@dataclass(frozen=True, slots=True)
class Done:
    """Places (from 0) in a part's row that are done: the first `frontier` ones, and those in `beyond`."""

    frontier: int = 0
    beyond: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many are done."""
        return self.frontier + len(self.beyond)


@dataclass(frozen=True, slots=True)
class Part:
    """Shard `shard` of step `step` of a phase, less what is `done`. `attempt` tells the first one from takeovers."""

    phase: str
    step: int
    shard: Shard
    done: Done = field(default_factory=Done)
    attempt: int = 0


class DoneRow:
    """The growing `Done` of a part; `mark` takes constant time."""

    def __init__(self, done: Done) -> None:
        self._frontier = done.frontier
        self._beyond = set(done.beyond)

    def mark(self, place: int) -> None:
        """Note that the iteration at `place` has ended."""
        self._beyond.add(place)
        while self._frontier in self._beyond:
            self._beyond.discard(self._frontier)
            self._frontier += 1

    def value(self) -> Done:
        """Return it as it is now."""
        return Done(self._frontier, tuple(sorted(self._beyond)))


class Row:
    """The iterations of a counted executor that a shard has, by place."""

    def __init__(self, executor: Counted, shard: Shard) -> None:
        self._shard = shard
        self._vus = executor.vus if isinstance(executor, PerVuIterations) else 0
        self._users = shard.share(self._vus)
        self._length = self._users * executor.iterations if self._vus else shard.share(executor.iterations)

    def __len__(self) -> int:
        return self._length

    def number(self, place: int) -> int:
        """Return the number, within the step, of the iteration at `place`."""
        if not self._vus:
            return self._shard.index + place * self._shard.count
        turn, user = divmod(place, self._users)
        return turn * self._vus + self._shard.index + user * self._shard.count

    def place(self, number: int) -> int:
        """Return the place of the iteration with a number that the shard has."""
        if not self._vus:
            return (number - self._shard.index) // self._shard.count
        turn, user = divmod(number, self._vus)
        return turn * self._users + (user - self._shard.index) // self._shard.count

    def left(self, done: Done) -> Left:
        """Return the places that are not done."""
        last = max(done.beyond, default=done.frontier - 1)
        skipped = set(done.beyond)
        head = [place for place in range(done.frontier, last + 1) if place not in skipped]
        return Left(tuple(head), range(last + 1, self._length))


@dataclass(frozen=True, slots=True)
class Left:
    """Places that are left: some, and all from there on."""

    head: tuple[int, ...]
    tail: range

    def __len__(self) -> int:
        return len(self.head) + len(self.tail)

    def place(self, number: int) -> int:
        """Return the place that is number `number` (from 0) of those left."""
        return self.head[number] if number < len(self.head) else self.tail[number - len(self.head)]


def part_count(executor: Executor, workers: int) -> int:
    """Return how many parts a step falls into: each has a user at least, or its iterations would wait for nobody."""
    return max(1, min(workers, most_users(executor)))


def shards(count: int) -> Iterable[Shard]:
    """Return all shards of `count`."""
    return (Shard(index, count) for index in range(count))


def tracked(step: Step, shard: Shard, row: DoneRow) -> Step:
    """Return the counted step with iterations that are marked in `row` when they end."""
    assert isinstance(step.executor, SharedIterations | PerVuIterations)
    places, iteration = Row(step.executor, shard), step.iteration

    async def iterate(vu: VirtualUser) -> None:
        await iteration(vu)
        row.mark(places.place(vu.iteration))

    return replace(step, iteration=iterate)


def rest_of(step: Step, part: Part, row: DoneRow) -> Step:
    """Return what is left of a part as a step of its own, for the whole shard; its users are the part's, from 0.

    Numbers stay those of the plan: every iteration that is not done is taken once, by any of the part's users.
    """
    executor = step.executor
    assert isinstance(executor, SharedIterations | PerVuIterations)
    places, iteration = Row(executor, part.shard), step.iteration
    left = places.left(part.done)

    async def iterate(vu: VirtualUser) -> None:
        place = left.place(vu.iteration)
        vu.iteration = places.number(place)
        await iteration(vu)
        row.mark(place)

    shared = SharedIterations(
        vus=part.shard.share(executor.vus),
        iterations=len(left),
        max_duration_s=executor.max_duration_s,
        graceful_stop_s=executor.graceful_stop_s,
    )
    return replace(step, executor=shared, iteration=iterate)
