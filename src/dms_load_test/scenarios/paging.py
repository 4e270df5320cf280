"""Paging: every page of every resource, in every way that Ed-Fi clients page, with several page sizes.

Each way must read the same documents: as many as the server counts, none twice. While others write nothing is checked:
those of the same run are known, and of others the count tells, which then is not the first one any more. First and last
pages are timed apart: deep pages are where offsets hurt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dms_load_test.scenarios.api import Phase, SharedIterations, Step, Table, document_of, rows_of, total_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from dms_load_test.scenarios.api import Api, Reply, Totals, VirtualUser, Workload

NEEDS_DOCUMENTS = True
ONE_PROCESS = True
"""Walks in all ways are compared with each other."""
READS_ONLY = True
PARTITIONS = 4
_TREND = "page_time"
_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Walk:
    """What one walk over all pages of a resource saw; `fingerprint` does not depend on the order."""

    rows: int = 0
    fingerprint: int = 0
    pages: int = 0
    whole: bool = True
    readable: bool = True

    def add(self, reply: Reply) -> None:
        """Take in a page."""
        rows = rows_of(reply)
        if rows is None:
            self.lack(reply)
            return
        self.pages += 1
        self.rows += len(rows)
        self.fingerprint = (self.fingerprint + sum(hash(str(item.get("id"))) for item in rows)) & _MASK

    def lack(self, reply: Reply) -> None:
        """Note that an answer did not hold what it should."""
        self.whole = False
        self.readable = self.readable and not reply.ok

    def join(self, other: Walk) -> None:
        """Take in a walk over another part."""
        self.rows += other.rows
        self.pages += other.pages
        self.fingerprint = (self.fingerprint + other.fingerprint) & _MASK
        self.whole = self.whole and other.whole
        self.readable = self.readable and other.readable


class Paging:
    """The behaviour: each iteration walks through one resource in one way."""

    def __init__(self, workload: Workload, phase: str) -> None:
        self._phase = phase
        self._settings = workload.settings
        self._ways: Mapping[str, Callable[[VirtualUser, str, int], Awaitable[Walk]]] = {
            "offset": self._offset,
            "reverse offset": self._reverse_offset,
            "cursor": self._cursor,
            "partitions": self._partitions,
        }
        self.walks = [
            (resource, way, size)
            for size in self._settings.page_sizes
            for way in self._ways
            for resource in sorted(workload.counts)
        ]
        self._others_write = workload.beside_writers
        self._counts: dict[str, int] = {}
        self._changed: set[str] = set()
        self._seen: dict[str, int] = {}
        """Resource -> fingerprint of the first walk that was checked."""
        self._sums: dict[tuple[str, int], Walk] = {}

    async def iterate(self, vu: VirtualUser) -> None:
        """Walk, and check what was seen."""
        resource, way, size = self.walks[vu.iteration]
        before = await total_of(vu.api, resource)
        walk = await self._ways[way](vu, resource, size)
        after = await total_of(vu.api, resource)
        self._sums.setdefault((way, size), Walk()).join(walk)
        vu.check("an answer holds what a page should", walk.readable)
        if not walk.whole or before is None or after is None:
            vu.count("walks", kind="not checked: a page failed")
        elif self._others_write or self._has_changed(resource, before, after):
            vu.count("walks", kind="not checked: others write")
        else:
            vu.count("walks", kind="checked")
            vu.check(f"{way} pages hold as many documents as are counted", walk.rows == before)
            expected = self._seen.setdefault(resource, walk.fingerprint)
            vu.check("every way of paging reads the same documents", walk.fingerprint == expected)

    def _has_changed(self, resource: str, *counts: int) -> bool:
        """Say whether a resource was ever seen with another count: then equal counts do not tell equal documents."""
        first = self._counts.setdefault(resource, counts[0])
        if any(count != first for count in counts):
            self._changed.add(resource)
        return resource in self._changed

    def table(self, totals: Totals) -> Table:
        """Return the ways by page size, with times of first, middle and last pages."""
        rows = []
        for (way, size), walk in sorted(self._sums.items()):
            times = [
                totals.tally.trends.get((self._phase, _TREND, f"{way}, {size}, {place}"))
                for place in ("first", "middle", "last")
            ]
            p95 = [found.percentile_us(95) / 1000 if found else None for found in times]
            rows.append((way, size, walk.pages, walk.rows, *p95))
        columns = ("way", "page size", "pages", "documents", "first p95 ms", "middle p95 ms", "last p95 ms")
        return Table("pages", columns, tuple(rows), "p95 over all resources; the last page is the deepest")

    async def _timed(
        self, vu: VirtualUser, api: Api, resource: str, params: Mapping[str, str | int], kind: str
    ) -> Reply:
        began_s = vu.clock_s()
        reply = await api.query(resource, params)
        vu.observe(_TREND, (vu.clock_s() - began_s) * 1000, kind=kind)
        return reply

    async def _offset(self, vu: VirtualUser, resource: str, size: int) -> Walk:
        total = await total_of(vu.api, resource) or 0
        return await self._by_offsets(vu, resource, range(0, total + 1, size), f"offset, {size}", size)

    async def _reverse_offset(self, vu: VirtualUser, resource: str, size: int) -> Walk:
        total = await total_of(vu.api, resource) or 0
        offsets = range(0, total + 1, size)[::-1]
        return await self._by_offsets(vu, resource, offsets, f"reverse offset, {size}", size)

    async def _by_offsets(self, vu: VirtualUser, resource: str, offsets: range, kind: str, size: int) -> Walk:
        walk, deepest = Walk(), max(offsets)
        for offset in offsets:
            place = "first" if offset == 0 else "last" if offset == deepest else "middle"
            params = {"offset": offset, "limit": size}
            walk.add(await self._timed(vu, vu.api, resource, params, f"{kind}, {place}"))
        return walk

    async def _cursor(self, vu: VirtualUser, resource: str, size: int) -> Walk:
        walk = Walk()
        reply = await self._timed(vu, vu.api, resource, {"limit": size}, f"cursor, {size}, first")
        walk.add(reply)
        async for page in self._follow(
            vu, vu.api, resource, reply.headers.get("next-page-token", ""), f"cursor, {size}"
        ):
            walk.add(page)
        return walk

    async def _partitions(self, vu: VirtualUser, resource: str, size: int) -> Walk:
        walk = Walk()
        reply = await vu.api.query(resource, {"number": PARTITIONS}, part="partitions")
        tokens = (document_of(reply) or {}).get("pageTokens")
        if not isinstance(tokens, list):
            walk.lack(reply)
            return walk
        parts = await vu.batch([partial(self._part, vu, resource, token, size) for token in tokens])
        for part in parts:
            walk.join(part)
        return walk

    async def _part(self, vu: VirtualUser, resource: str, token: str, size: int, api: Api) -> Walk:
        walk = Walk()
        async for page in self._follow(vu, api, resource, token, f"partitions, {size}"):
            walk.add(page)
        return walk

    async def _follow(self, vu: VirtualUser, api: Api, resource: str, token: str, kind: str) -> AsyncIterator[Reply]:
        """Yield the pages from a page token on."""
        size = int(kind.rpartition(", ")[2])
        while token:
            reply = await self._timed(vu, api, resource, {"pageToken": token, "pageSize": size}, f"{kind}, middle")
            yield reply
            token = reply.headers.get("next-page-token", "") if reply.ok else ""


def plan(workload: Workload) -> Phase:
    """Plan the phase: all walks, as many at a time as there are users, within the readwrite phase's time."""
    settings, name = workload.settings, workload.name or "paging"
    behaviour = Paging(workload, name)
    walks = len(behaviour.walks)
    executor = SharedIterations(
        vus=min(settings.vus_readwrite_phase, walks),
        iterations=walks,
        max_duration_s=settings.duration_readwrite_phase,
    )
    return Phase(
        name=name,
        steps=(Step(name=name, executor=executor, iteration=behaviour.iterate),),
        thresholds=settings.thresholds_readwrite,
        counters=("walks",),
        trends=(_TREND,),
        tables=lambda totals: [behaviour.table(totals)],
    )
