"""Readwrite: production's mix over what the load phase made, by default 50 % GET, 20 % POST, 20 % PUT, 10 % DELETE.

Rules:
- The mix decides the operation and nothing changes it. Where no document is left for it, the iteration is dropped, and
  counted so.
- A document is used by one user at a time, so that no one reads what another deletes.
- Only documents of resources that no planned resource refers to are deleted; creates continue the load's ordinals.
"""

from __future__ import annotations

from itertools import accumulate
from math import sqrt
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.load.executor import ConstantVus
from dms_load_test.load.plan import Phase, Step
from dms_load_test.load.virtual_user import CREATED
from dms_load_test.scenarios.mix import Mix

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from random import Random

    from dms_load_test.load.virtual_user import Entry, VirtualUser
    from dms_load_test.scenarios.workload import Workload

MIX = {"read": 50, "create": 20, "update": 20, "delete": 10}
QUERY_RATIO = 0.2
"""Share of the reads that look a document up by its natural key instead of its id, as integrations do."""


class Choice:
    """Resources to choose from, by the square root of their planned documents: large ones more often, none never."""

    def __init__(self, resources: Iterable[str], counts: Mapping[str, int]) -> None:
        self.resources = tuple(sorted(resources))
        self._ends = tuple(accumulate(sqrt(counts[resource]) for resource in self.resources))

    def one(self, random: Random) -> str:
        """Choose a resource; there must be one."""
        return random.choices(self.resources, cum_weights=self._ends)[0]

    def in_turn(self, random: Random) -> list[str]:
        """Return a chosen resource, then the others: to go on with where the first has no document left."""
        if not self.resources:
            return []
        first = self.one(random)
        return [first, *(resource for resource in self.resources if resource != first)]


class ReadWrite:
    """The behaviour: four operations and the resources that each may use."""

    def __init__(self, workload: Workload) -> None:
        counts, documents = workload.counts, workload.documents
        planned = frozenset(counts)
        unreferred = {resource for resource in planned if not workload.graph.referrers(resource) & planned}
        settings = workload.settings
        self._readable = Choice(planned, counts)
        self._growable = Choice(documents.growable & planned, counts)
        self._updatable = Choice(documents.updatable & planned, counts)
        self._deletable = Choice(unreferred, counts)
        self._mix = Mix(MIX, workload.seed)
        self._think_s = (settings.think_time_min, settings.think_time_max)
        self._operations: dict[str, Callable[[VirtualUser], Awaitable[None]]] = {
            "read": self._read,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }

    async def iterate(self, vu: VirtualUser) -> None:
        """Do the mix's next operation, then think."""
        await self._operations[self._mix.operation(vu.iteration)](vu)
        await vu.think(vu.random.uniform(*self._think_s))

    async def _read(self, vu: VirtualUser) -> None:
        entry = _take(vu, self._readable, "read")
        if entry is None:
            return
        if vu.random.random() < QUERY_RATIO:
            key = vu.generate.natural_key(entry.resource, entry.ordinal)
            reply = await vu.api.query(entry.resource, key)
            found = reply.ok and [item["id"] for item in reply.json()] == [entry.document_id]
            if reply.ok:
                vu.check("a query by natural key finds just its document", found)
        else:
            await vu.api.read(entry.resource, entry.document_id)
        vu.inventory.give_back(entry)

    async def _create(self, vu: VirtualUser) -> None:
        if not self._growable.resources:
            vu.drop("no planned resource can grow")
            return
        resource = self._growable.one(vu.random)
        ordinal = vu.next_ordinal(resource)
        reply = await vu.api.create(resource, vu.generate.payload(resource, ordinal), ordinal)
        if reply.ok:
            vu.inventory.add(resource, ordinal, reply.document_id, created=reply.status == CREATED)

    async def _update(self, vu: VirtualUser) -> None:
        entry = _take(vu, self._updatable, "update")
        if entry is None:
            return
        document = vu.generate.changed(entry.resource, entry.ordinal, vu.iteration + 1)
        document["id"] = entry.document_id
        await vu.api.update(entry.resource, entry.document_id, msgspec.json.encode(document), entry.ordinal)
        vu.inventory.give_back(entry)

    async def _delete(self, vu: VirtualUser) -> None:
        entry = _take(vu, self._deletable, "delete")
        if entry is None:
            return
        reply = await vu.api.delete(entry.resource, entry.document_id)
        if reply.ok:
            vu.inventory.remove(entry)
        else:
            vu.inventory.give_back(entry)


def plan(workload: Workload) -> Phase:
    """Plan the readwrite phase: its users iterate for the given time."""
    settings = workload.settings
    executor = ConstantVus(vus=settings.vus_readwrite_phase, duration_s=settings.duration_readwrite_phase)
    return Phase(
        name="readwrite",
        steps=(Step(name="readwrite", executor=executor, iteration=ReadWrite(workload).iterate),),
        thresholds=settings.thresholds_readwrite,
    )


def _take(vu: VirtualUser, choice: Choice, operation: str) -> Entry | None:
    """Take a document for exclusive use; where there is none the iteration is dropped under `operation`."""
    for resource in choice.in_turn(vu.random):
        entry = vu.inventory.take(resource, vu.random)
        if entry is not None:
            return entry
    vu.drop(f"no document left to {operation}")
    return None
