"""The virtual user that iterations are given: `load.virtual_user.VirtualUser` with the engine behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Protocol, TypeVar

from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from dms_load_test.errors import ScenarioError
from dms_load_test.load.pause import seconds_of
from dms_load_test.load.shard import WHOLE, Shard
from dms_load_test.load.virtual_user import Api

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dms_load_test.generators import Documents
    from dms_load_test.load.pause import Pause
    from dms_load_test.load.virtual_user import Inventory, Violation

T = TypeVar("T")


class Ordinals:
    """Hands out ordinals that this run has not used. `first` holds, by resource, where they begin (0 if absent)."""

    def __init__(self, first: Mapping[str, int], shard: Shard = WHOLE) -> None:
        self.first = first
        self._shard = shard
        self._given: Counter[str] = Counter()

    def next(self, resource: str) -> int:
        """Return the shard's next ordinal of `resource`; no other shard gets the same."""
        count = self._given[resource]
        self._given[resource] = count + 1
        return self.first.get(resource, 0) + self._shard.index + count * self._shard.count


class DueApi(Api, Protocol):
    """An `Api` that counts the wait of its next operation from when that was due, unless `due_ns` is 0."""

    due_ns: int

    def close(self) -> None:
        """Close the user's connections."""


def _ignore(*_: object) -> None:
    """Take what nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseWorld:
    """What all users of a phase share.

    `on_check` takes a check's name and result; `on_count` and `on_observe` a name, an amount or milliseconds, a kind.
    """

    documents: Documents
    inventory: Inventory
    ordinals: Ordinals
    on_check: Callable[[str, bool], None]
    seed: int
    clock: Clock = SYSTEM_CLOCK
    on_count: Callable[[str, int, str], None] = _ignore
    on_observe: Callable[[str, float, str], None] = _ignore
    on_violation: Callable[[Violation], None] = _ignore


class User:
    """One simulated client. Its dice depend on the run's seed and its number only.

    `more` makes the verbs of a further connection, for batches.
    """

    __slots__ = (
        "_began_ns",
        "_due_api",
        "_idle_apis",
        "_more",
        "_world",
        "api",
        "dropped",
        "generate",
        "inventory",
        "iteration",
        "number",
        "random",
    )

    def __init__(self, number: int, api: DueApi, world: PhaseWorld, more: Callable[[], DueApi] | None = None) -> None:
        self.number = number
        self.iteration = 0
        self.api: Api = api
        self._due_api = api
        self.generate = world.documents
        self.inventory = world.inventory
        self.random = Random(f"{world.seed}/{number}")
        self.dropped = ""
        self._world = world
        self._more = more
        self._idle_apis: list[DueApi] = []
        self._began_ns = 0

    def close(self) -> None:
        """Close the user's connections."""
        for api in (self._due_api, *self._idle_apis):
            api.close()

    def begin(self, iteration: int, due_ns: int = 0) -> None:
        """Begin an iteration; in open models its first request was due at `due_ns`, in closed ones it is when sent."""
        self.iteration = iteration
        self.dropped = ""
        self._began_ns = self._world.clock.now_ns()
        self._due_api.due_ns = due_ns

    def check(self, name: str, passed: bool) -> bool:  # noqa: FBT001 - reads as in k6: check("gone", reply.status == 404)
        """Count a check and return its result."""
        self._world.on_check(name, passed)
        return passed

    def count(self, name: str, amount: int = 1, *, kind: str = "") -> None:
        """Add to a counter of the phase."""
        self._world.on_count(name, amount, kind)

    def observe(self, name: str, milliseconds: float, *, kind: str = "") -> None:
        """Add a time to a trend of the phase."""
        self._world.on_observe(name, milliseconds, kind)

    def violation(self, found: Violation) -> None:
        """Report an acknowledged write that the target did not keep."""
        self._world.on_violation(found)

    def drop(self, reason: str) -> None:
        """Count the current iteration as dropped: it was planned, and nothing could be sent for it."""
        self.dropped = reason

    def next_ordinal(self, resource: str) -> int:
        """Return an ordinal of `resource` that this run has not used."""
        return self._world.ordinals.next(resource)

    def clock_s(self) -> float:
        """Return the time (s) of a clock that only goes forward."""
        return self._world.clock.now_ns() / NS_PER_S

    async def batch(self, requests: Sequence[Callable[[Api], Awaitable[T]]]) -> list[T]:
        """Do things at the same time, each with verbs on a connection of its own; all were due when the first was.

        What one of them raises ends the others and is raised.
        """
        if self._more is None:
            raise ScenarioError("this user has no further connections for a batch")
        if not requests:
            return []  # the due time is left to what is sent next
        while len(self._idle_apis) < len(requests):
            self._idle_apis.append(self._more())
        due_ns, self._due_api.due_ns = self._due_api.due_ns, 0
        apis = [self._idle_apis.pop() for _ in requests]
        tasks = []
        try:
            async with asyncio.TaskGroup() as group:
                for api, request in zip(apis, requests, strict=True):
                    api.due_ns = due_ns
                    tasks.append(group.create_task(_await(request(api))))
        except BaseExceptionGroup as raised:
            raise raised.exceptions[0] from None
        finally:
            self._idle_apis += apis
        return [task.result() for task in tasks]

    async def think(self, seconds: float | Pause) -> None:
        """Pause this user."""
        await self._pause(seconds_of(seconds, self.random))

    async def pace(self, seconds: float | Pause) -> None:
        """Pause this user until its iteration has taken so long."""
        left_s = seconds_of(seconds, self.random) - (self._world.clock.now_ns() - self._began_ns) / NS_PER_S
        if left_s > 0:
            await self._pause(left_s)

    async def _pause(self, seconds: float) -> None:
        """Pause; what is due and not yet sent is due so much later: a client's own pause is no wait for the server."""
        clock, api = self._world.clock, self._due_api
        began_ns = clock.now_ns()
        await clock.sleep(seconds)
        if api.due_ns:  # but for what was slept too long: that is a delay like any other
            api.due_ns += min(int(seconds * NS_PER_S), clock.now_ns() - began_ns)


async def _await(awaited: Awaitable[T]) -> T:
    return await awaited
