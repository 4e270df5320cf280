"""Pipeclean: every resource once through create, list, read, update and delete, and nothing is left behind.

Prerequisites come first: a resource's turn is when all it refers to exists. Deleting goes the other way round.
Documents that were there before (answer 200) are kept. The documents are those of a district of one of everything, of
its own. The inventory knows their ids, under ordinals that are nobody's: `clean` deletes what a run leaves that ends
half-way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.scenarios.api import CREATED, Phase, SharedIterations, Step, Table, encode
from dms_load_test.scenarios.explanation import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.scenarios.api import Reply, Totals, VirtualUser, Workload

SMALLEST = True
ONE_PROCESS = True
"""Coverage is of all resources, and whoever created a document deletes it."""
OPERATIONS = ("create", "list", "read", "update", "delete")
_LIMIT_S = 3600.0


class _Made(NamedTuple):
    """A document to delete, as the inventory knows it."""

    resource: str
    ordinal: int
    document_id: str


@dataclass(slots=True)
class _Row:
    """What became of one resource: by operation its status, time (ms) and, where it failed, why."""

    cells: dict[str, tuple[int, float]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    kept: bool = False
    made: list[_Made] = field(default_factory=list)

    @property
    def works(self) -> bool:
        """Whether all that was to be done succeeded."""
        wanted = OPERATIONS[:-1] if self.kept else OPERATIONS
        return not self.reasons and all(operation in self.cells for operation in wanted)


class Pipeclean:
    """The behaviour: each iteration is about one resource.

    No ordinal goes with a request: `send` and what shows a failure would make the document of the run's own district.
    """

    def __init__(self, workload: Workload, phase: str) -> None:
        self._documents = workload.documents
        self._workload = workload
        self._phase = phase
        self._rows = {resource: _Row() for resource in workload.counts}

    def steps(self) -> tuple[Step, ...]:
        """Return a step for each level upwards, and for each downwards."""
        levels = self._workload.graph.levels(self._workload.counts)
        up = [self._step(f"level {n} of {len(levels)}", level, self._use) for n, level in enumerate(levels, start=1)]
        down = [self._step(f"clean up level {n}", level, self._clean_up) for n, level in enumerate(levels, start=1)]
        return (*up, *reversed(down))

    def table(self, _: Totals) -> Table:
        """Return resource by operation, with status and time, and the coverage."""
        rows = []
        for resource, row in sorted(self._rows.items(), key=lambda item: (item[1].works, item[0])):
            cells = [self._cell(row, operation) for operation in OPERATIONS]
            rows.append((resource, *cells, "; ".join(row.reasons)))
        columns = ("resource", *OPERATIONS, "why not")
        return Table("resources: status and time in ms", columns, tuple(rows), self.coverage())

    def coverage(self) -> str:
        """Return how many of the resources work, in a sentence."""
        working = sum(row.works for row in self._rows.values())
        schemas = self._workload.model.resources.values()
        others = sum(not s.is_descriptor and s.resource not in self._rows for s in schemas)
        text = f"coverage {working / max(1, len(self._rows)):.1%}: {working} of {len(self._rows)} resources work"
        return f"{text}; {others} resources of the API are not chosen (RESOURCES)" if others else text

    def _step(self, name: str, level: Sequence[str], use: Callable[..., object]) -> Step:
        async def iteration(vu: VirtualUser) -> None:
            await use(vu, level[vu.iteration])  # type: ignore[misc]  # both are coroutine functions

        vus = min(self._workload.settings.vus_load_phase, len(level))
        executor = SharedIterations(vus=vus, iterations=len(level), max_duration_s=_LIMIT_S)
        return Step(name=name, executor=executor, iteration=iteration)

    async def _use(self, vu: VirtualUser, resource: str) -> None:
        row = self._rows[resource]
        probe = await self._create(vu, resource, row)
        await self._do(vu, resource, "list", lambda: vu.api.query(resource, {"limit": 25}))
        if probe is None:
            return
        ordinal, document_id = probe
        await self._do(vu, resource, "read", lambda: vu.api.read(resource, document_id))
        if resource in self._documents.updatable and not row.kept:
            document = self._documents.changed(resource, ordinal, 1)
        else:
            document = self._documents.document(resource, ordinal)
        body = encode({**document, "id": document_id})
        await self._do(vu, resource, "update", lambda: vu.api.update(resource, document_id, body))

    async def _create(self, vu: VirtualUser, resource: str, row: _Row) -> tuple[int, str] | None:
        """Create all planned documents; return the first that is ours, else the first there is: ordinal and id."""
        found: list[tuple[int, str]] = []
        ours: list[tuple[int, str]] = []
        for ordinal in range(self._workload.counts[resource]):
            body = self._documents.payload(resource, ordinal)
            reply = await self._do(vu, resource, "create", lambda b=body: vu.api.create(resource, b))
            if not reply.ok:
                break
            found.append((ordinal, reply.document_id))
            if reply.status == CREATED:
                ours.append(found[-1])
                made = _Made(resource, vu.next_ordinal(resource), reply.document_id)
                vu.inventory.add_apart(*made)
                row.made.append(made)
        row.kept = bool(found) and not row.made
        return next(iter(ours or found), None)

    async def _clean_up(self, vu: VirtualUser, resource: str) -> None:
        for made in reversed(self._rows[resource].made):
            reply = await self._do(
                vu, resource, "delete", lambda known=made: vu.api.delete(resource, known.document_id)
            )
            if reply.ok:
                vu.inventory.remove(made)

    async def _do(self, vu: VirtualUser, resource: str, operation: str, send: Callable[..., object]) -> Reply:
        began_s = vu.clock_s()
        reply: Reply = await send()  # type: ignore[misc]  # all are coroutines of the verbs
        row = self._rows[resource]
        known = row.cells.get(operation)
        if known is None or not reply.ok:
            row.cells[operation] = (reply.status, (vu.clock_s() - began_s) * 1000)
        if not reply.ok:
            row.reasons.append(f"{operation}: {explained(reply)}")
        vu.check(f"{operation} works for every resource", reply.ok)
        return reply

    def _cell(self, row: _Row, operation: str) -> str:
        found = row.cells.get(operation)
        if found is None:
            return "kept" if operation == "delete" and row.kept else "-"
        status, milliseconds = found
        return f"{status or 'no answer'} {milliseconds:.1f}"


def plan(workload: Workload) -> Phase:
    """Plan the phase: up the levels and down again."""
    name = workload.name or "pipeclean"
    behaviour = Pipeclean(workload, name)
    return Phase(
        name=name,
        steps=behaviour.steps(),
        thresholds=("checks: rate==1",),
        tables=lambda totals: [behaviour.table(totals)],
    )
