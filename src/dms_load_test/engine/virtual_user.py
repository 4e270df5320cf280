"""The virtual user that iterations are given: `load.virtual_user.VirtualUser` with the engine behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Protocol

from dms_load_test.engine.clock import SYSTEM_CLOCK, Clock
from dms_load_test.load.shard import WHOLE, Shard
from dms_load_test.load.virtual_user import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.generators import Documents
    from dms_load_test.load.virtual_user import Inventory


class Ordinals:
    """Hands out ordinals that this run has not used. `first` holds, by resource, where they begin (0 if absent)."""

    def __init__(self, first: Mapping[str, int], shard: Shard = WHOLE) -> None:
        self._first = first
        self._shard = shard
        self._given: Counter[str] = Counter()

    def next(self, resource: str) -> int:
        """Return the shard's next ordinal of `resource`; no other shard gets the same."""
        count = self._given[resource]
        self._given[resource] = count + 1
        return self._first.get(resource, 0) + self._shard.index + count * self._shard.count


class DueApi(Api, Protocol):
    """An `Api` that counts the wait of its next operation from when that was due, unless `due_ns` is 0."""

    due_ns: int

    def close(self) -> None:
        """Close the user's connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all users of a phase share. `on_check` takes a check's name and result."""

    documents: Documents
    inventory: Inventory
    ordinals: Ordinals
    on_check: Callable[[str, bool], None]
    seed: int
    clock: Clock = SYSTEM_CLOCK


class User:
    """One simulated client. Its dice depend on the run's seed and its number only."""

    __slots__ = (
        "_clock",
        "_due_api",
        "_on_check",
        "_ordinals",
        "api",
        "dropped",
        "generate",
        "inventory",
        "iteration",
        "number",
        "random",
    )

    def __init__(self, number: int, api: DueApi, world: World) -> None:
        self.number = number
        self.iteration = 0
        self.api: Api = api
        self._due_api = api
        self.generate = world.documents
        self.inventory = world.inventory
        self.random = Random(f"{world.seed}/{number}")
        self.dropped = ""
        self._clock = world.clock
        self._ordinals = world.ordinals
        self._on_check = world.on_check

    def close(self) -> None:
        """Close the user's connections."""
        self._due_api.close()

    def begin(self, iteration: int, due_ns: int = 0) -> None:
        """Begin an iteration; in open models its first request was due at `due_ns`."""
        self.iteration = iteration
        self.dropped = ""
        if due_ns:
            self._due_api.due_ns = due_ns

    def check(self, name: str, passed: bool) -> bool:  # noqa: FBT001 - reads as in k6: check("gone", reply.status == 404)
        """Count a check and return its result."""
        self._on_check(name, passed)
        return passed

    def drop(self, reason: str) -> None:
        """Count the current iteration as dropped: it was planned, and nothing could be sent for it."""
        self.dropped = reason

    def next_ordinal(self, resource: str) -> int:
        """Return an ordinal of `resource` that this run has not used."""
        return self._ordinals.next(resource)

    async def think(self, seconds: float) -> None:
        """Pause this user."""
        await self._clock.sleep(seconds)
