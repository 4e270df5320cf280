"""Readwrite: production's mix over what the load phase made, by default 50 % GET, 20 % POST, 20 % PUT, 10 % DELETE.

Rules:
- The mix decides the operation and nothing changes it. Where no document is left for it, the iteration is dropped, and
  counted so.
- A document is used by one user at a time, so that no one reads what another deletes.
- Only documents of resources that no planned resource refers to are deleted; creates continue the load's ordinals, and
  make a tenth more of such documents than deletes take, so that the mix can go on for hours.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dms_load_test.scenarios.api import ConstantArrivalRate, ConstantVus, Phase, Step, Table, counted, encode, rows_of
from dms_load_test.scenarios.audit import COUNTERS, THRESHOLD, Audit
from dms_load_test.scenarios.mix import Mix
from dms_load_test.scenarios.popularity import Popularity, ResourceChoice
from dms_load_test.scenarios.query_fields import QueryFields

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dms_load_test.scenarios.api import Api, VirtualUser, Workload

NEEDS_DOCUMENTS = True
OPERATIONS = ("read", "create", "update", "delete")
READS = ("read by id", "read by natural key", "read by a member", "read a page")
_PAGE = 25
_MORE_THAN_DELETES = 1.1
_MOST_FOR_DELETES = 0.9
"""The rest of the creates is for what deletes may not take, however many deletes there are."""
NO_THINKING = {"think_time_min": 0.0, "think_time_max": 0.0}
"""Settings for open models, where the rate says when a user begins."""


class ReadWrite:
    """The behaviour: four operations and the resources that each may use."""

    def __init__(self, workload: Workload, phase: str) -> None:
        counts, documents, weights = workload.counts, workload.documents, workload.weights
        planned = frozenset(counts)
        self._counts = counts
        self._fields = QueryFields(workload.model)
        self._settings = workload.settings
        self._readable = ResourceChoice(planned, counts, weights)
        growable = ResourceChoice(documents.growable & planned, counts, weights)
        self._growable = growable.favouring(workload.unreferred, _ratio_for_deletes(self._settings.readwrite_mix))
        self._updatable = ResourceChoice(documents.updatable & planned, counts, weights)
        self._deletable = ResourceChoice(workload.unreferred, counts, weights)
        self._popularity = Popularity(self._settings.popularity, counts)
        self._mix = Mix(dict(zip(OPERATIONS, self._settings.readwrite_mix, strict=True)), workload.seed)
        self._reads = Mix(dict(zip(READS, self._settings.readwrite_reads, strict=True)), workload.seed)
        self._operations: Mapping[str, Callable[[VirtualUser, Api, int], Awaitable[str]]] = {
            "read by id": self._read,
            "read by natural key": self._look_up,
            "read by a member": self._filter,
            "read a page": self._page,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }
        self.audit = Audit(workload, phase, planned)

    async def iterate(self, vu: VirtualUser) -> None:
        """Do the mix's next operation, or several at the same time; look back at earlier writes; think."""
        batch = self._settings.readwrite_batch
        if batch == 1:
            reasons = [await self._operate(vu, vu.iteration, vu.api)]
        else:
            first = vu.iteration * batch
            reasons = await vu.batch([partial(self._operate, vu, number) for number in range(first, first + batch)])
        if all(reasons):
            vu.drop(reasons[0])
        await self.audit.look_back(vu)
        await vu.think(vu.random.uniform(self._settings.think_time_min, self._settings.think_time_max))

    def planned_mix(self) -> dict[str, float]:
        """Return the share of each kind of operation."""
        total, reads = sum(self._mix.weights.values()), sum(self._reads.weights.values())
        shares = {kind: self._mix.weights["read"] * n / reads / total for kind, n in self._reads.weights.items()}
        return shares | {kind: self._mix.weights[kind] / total for kind in OPERATIONS[1:]}

    async def _operate(self, vu: VirtualUser, number: int, api: Api) -> str:
        """Do operation `number`; return why nothing could be sent for it, or nothing."""
        kind = self._mix.operation(number)
        if kind == "read":
            kind = self._reads.operation(self._mix.rank(number))
        reason = await self._operations[kind](vu, api, number)
        vu.count("mix", kind=f"no document: {kind}" if reason else kind)
        return reason

    async def _read(self, vu: VirtualUser, api: Api, _: int) -> str:
        entry = self._popularity.take(vu, self._readable)
        if entry is None:
            return "no document left to read"
        await api.read(entry.resource, entry.document_id)
        vu.inventory.give_back(entry)
        return ""

    async def _look_up(self, vu: VirtualUser, api: Api, _: int) -> str:
        entry = self._popularity.take(vu, self._readable)
        if entry is None:
            return "no document left to read"
        reply = await api.query(entry.resource, vu.generate.natural_key(entry.resource, entry.ordinal))
        if reply.ok:
            found = [item.get("id") for item in rows_of(reply) or ()]
            vu.check("a query by natural key finds just its document", found == [entry.document_id])
        vu.inventory.give_back(entry)
        return ""

    async def _filter(self, vu: VirtualUser, api: Api, _: int) -> str:
        entry = self._popularity.take(vu, self._readable)
        if entry is None:
            return "no document left to read"
        params = self._member(vu, entry.resource, entry.ordinal)
        reply = await api.query(entry.resource, {**params, "limit": _PAGE})
        if reply.ok:
            vu.check("a query answers with a list", rows_of(reply) is not None)
        vu.inventory.give_back(entry)
        return ""

    async def _page(self, vu: VirtualUser, api: Api, _: int) -> str:
        if not self._readable.resources:
            return "no resource to read"
        resource = self._readable.one(vu.random)
        size = vu.random.choice(self._settings.page_sizes)
        offset = vu.random.randrange(max(1, self._counts[resource] - size))
        reply = await api.query(resource, {"offset": offset, "limit": size})
        if reply.ok:
            rows = rows_of(reply)
            vu.check("a page holds no more than was asked for", rows is not None and len(rows) <= size)
        return ""

    async def _create(self, vu: VirtualUser, api: Api, _: int) -> str:
        if not self._growable.resources:
            return "no planned resource can grow"
        resource = self._growable.one(vu.random)
        ordinal = vu.next_ordinal(resource)
        body = vu.generate.payload(resource, ordinal)
        try:
            reply = await api.create(resource, body, ordinal)
        except BaseException:  # a stop, as a rule: nobody heard the answer
            self.audit.cut_off(resource)
            raise
        self.audit.created(vu, resource, ordinal, reply)
        return ""

    async def _update(self, vu: VirtualUser, api: Api, number: int) -> str:
        entry = self._popularity.take(vu, self._updatable)
        if entry is None:
            return "no document left to update"
        revision = number + 1
        document = vu.generate.changed(entry.resource, entry.ordinal, revision)
        document["id"] = entry.document_id
        reply = await api.update(entry.resource, entry.document_id, encode(document), entry.ordinal)
        self.audit.updated(vu, entry, revision, reply)
        return ""

    async def _delete(self, vu: VirtualUser, api: Api, _: int) -> str:
        entry = self._popularity.take(vu, self._deletable)
        if entry is None:
            return "no document left to delete"
        try:
            reply = await api.delete(entry.resource, entry.document_id)
        except BaseException:  # a stop, as a rule: nobody heard the answer
            self.audit.cut_off(entry.resource)
            raise
        self.audit.deleted(vu, entry, reply)
        return ""

    def _member(self, vu: VirtualUser, resource: str, ordinal: int) -> dict[str, Any]:
        """Return a query by one member of a document."""
        present = self._fields.values(resource, vu.generate.document(resource, ordinal))
        if not present:
            return dict(vu.generate.natural_key(resource, ordinal))
        name = vu.random.choice(sorted(present))
        return {name: present[name]}


def _ratio_for_deletes(mix: Sequence[float]) -> float:
    """Return how much of the creates has to be of what may be deleted; the mix is reads, creates, updates, deletes."""
    _, creates, _, deletes = mix
    return min(_MOST_FOR_DELETES, _MORE_THAN_DELETES * deletes / creates) if creates else 0.0


def plan(workload: Workload) -> Phase:
    """Plan the readwrite phase: for the given time users iterate, or iterations begin at the given rate."""
    settings, name = workload.settings, workload.name or "readwrite"
    if settings.rate_readwrite_phase:
        workload = replace(workload, settings=settings.model_copy(update=NO_THINKING))
    behaviour = ReadWrite(workload, name)
    audit = behaviour.audit
    step = Step(name=name, executor=_executor(workload), iteration=behaviour.iterate)
    return Phase(
        name=name,
        steps=(*audit.steps_before(), step, *audit.steps_after()),
        thresholds=(*settings.thresholds_readwrite, THRESHOLD),
        counters=("mix", *COUNTERS),
        tables=lambda totals: [
            mix_table(behaviour.planned_mix(), counted(totals, name, "mix")),
            *([audit.table(totals)] if audit.ratio else []),
        ],
    )


def _executor(workload: Workload) -> ConstantVus | ConstantArrivalRate:
    settings = workload.settings
    vus, duration_s = settings.vus_readwrite_phase, settings.duration_readwrite_phase
    if not settings.rate_readwrite_phase:
        return ConstantVus(vus=vus, duration_s=duration_s)
    rate_per_s = settings.rate_readwrite_phase / settings.readwrite_batch
    return ConstantArrivalRate(rate_per_s=rate_per_s, duration_s=duration_s, pre_allocated_vus=vus, max_vus=vus)


def mix_table(planned: Mapping[str, float], done: Mapping[str, int]) -> Table:
    """Return the mix as planned and as it came out."""
    total = sum(done.values())
    rows = [
        (kind, f"{share:.1%}", done.get(kind, 0), f"{done.get(kind, 0) / total:.1%}" if total else "-")
        for kind, share in planned.items()
        if share or kind in done
    ]
    rows += [(kind, "-", count, f"{count / total:.1%}") for kind, count in done.items() if kind not in planned]
    return Table("mix", ("operation", "planned", "done", "achieved"), tuple(rows))
