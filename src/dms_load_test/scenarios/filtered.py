"""Filtered: queries by every query field of every resource, and by combinations of them up to a size.

The values are those of a document that the target has, read just before. So each query must find it, and nothing that
does not match: unless somebody changes it meanwhile.
"""

from __future__ import annotations

from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Any

from dms_load_test.scenarios.api import Phase, SharedIterations, Step, Table, document_of, rows_of
from dms_load_test.scenarios.comparison import differences
from dms_load_test.scenarios.query_fields import QueryFields, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dms_load_test.scenarios.api import Reply, Totals, VirtualUser, Workload

NEEDS_DOCUMENTS = True
ONE_PROCESS = True
"""The slowest are those of all queries, and any resource may have just one document to ask for."""
READS_ONLY = True
_TREND = "filter_time"
_PAGE = 25
_MOST_SHOWN = 15


class Filtered:
    """The behaviour: each iteration is about one resource."""

    def __init__(self, workload: Workload, phase: str) -> None:
        self._settings = workload.settings
        self._phase = phase
        self._fields = QueryFields(workload.model)
        self._slowest: list[tuple[float, str, str, int]] = []
        self.resources = tuple(sorted(workload.counts))

    async def iterate(self, vu: VirtualUser) -> None:
        """Query one resource by all combinations of a document's members."""
        resource = self.resources[vu.iteration]
        entry = vu.inventory.take(resource, vu.random)
        if entry is None:
            vu.drop(f"there is no document of {resource}")
            return
        try:
            read = await vu.api.read(resource, entry.document_id)
            document = document_of(read)
            if read.ok:
                vu.check("a read answers with a document", document is not None)
            if document is not None:
                await self._query_all(vu, resource, document)
        finally:
            vu.inventory.give_back(entry)

    async def _query_all(self, vu: VirtualUser, resource: str, document: dict[str, Any]) -> None:
        values = self._fields.values(resource, document)
        for names in self.selections(sorted(values)):
            params = {name: values[name] for name in names}
            began_s = vu.clock_s()
            reply = await vu.api.query(resource, {**params, "limit": _PAGE, "totalCount": "true"})
            took_ms = (vu.clock_s() - began_s) * 1000
            vu.observe(_TREND, took_ms, kind=f"{len(names)} fields" if len(names) > 1 else "1 field")
            if reply.ok:
                self._check(vu, resource, document, params, reply)
            self._keep_slow(took_ms, resource, ", ".join(names), reply.status)

    def selections(self, names: list[str]) -> Iterator[tuple[str, ...]]:
        """Return the combinations of query fields: all single ones, then pairs and so on, up to the bound."""
        sizes = range(1, min(self._settings.filter_size, len(names)) + 1)
        found = chain.from_iterable(combinations(names, size) for size in sizes)
        return islice(found, max(self._settings.filter_most, len(names)))

    def _check(
        self, vu: VirtualUser, resource: str, document: dict[str, Any], params: Mapping[str, Any], reply: Reply
    ) -> None:
        rows = rows_of(reply)
        vu.check("a query answers with a list", rows is not None)
        if rows is None:
            return
        total = reply.headers.get("total-count", "")
        if not (total.isdecimal() and int(total) > len(rows)):
            found = any(row.get("id") == document.get("id") for row in rows)
            vu.check("a query by members of a document finds it", found)
        paths = self._fields.of(resource)
        fits = all(not differences(params[name], value_at(row, paths[name])) for row in rows for name in params)
        vu.check("a query finds only what matches", fits)

    def _keep_slow(self, took_ms: float, resource: str, names: str, status: int) -> None:
        self._slowest.append((took_ms, resource, names, status))
        if len(self._slowest) > 2 * _MOST_SHOWN:
            self._slowest = sorted(self._slowest, reverse=True)[:_MOST_SHOWN]

    def table(self, _: Totals) -> Table:
        """Return the slowest queries."""
        slowest = sorted(self._slowest, reverse=True)[:_MOST_SHOWN]
        rows = tuple((resource, names, status, took_ms) for took_ms, resource, names, status in slowest)
        return Table("slowest queries", ("resource", "fields", "status", "ms"), rows)


def plan(workload: Workload) -> Phase:
    """Plan the phase: all resources, as many at a time as there are users, within the readwrite phase's time."""
    settings, name = workload.settings, workload.name or "filtered"
    behaviour = Filtered(workload, name)
    executor = SharedIterations(
        vus=min(settings.vus_readwrite_phase, len(behaviour.resources)),
        iterations=len(behaviour.resources),
        max_duration_s=settings.duration_readwrite_phase,
    )
    return Phase(
        name=name,
        steps=(Step(name=name, executor=executor, iteration=behaviour.iterate),),
        thresholds=settings.thresholds_readwrite,
        trends=(_TREND,),
        tables=lambda totals: [behaviour.table(totals)],
    )
