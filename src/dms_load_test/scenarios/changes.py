"""Changes: a client that keeps a copy of the target by its change queries, beside whoever writes, and is judged by it.

In a shape there are several clients, each with a copy of its own.

Each round asks for the newest change version and takes over what changed up to it: documents, then deletes. Pages are
read from the last to the first: a document that changes while they are read leaves the window, and those behind it move
up, which makes a forward reader miss some. At the end, when nobody writes any more, the copy must equal the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.scenarios.api import (
    ConstantVus,
    PerVuIterations,
    Phase,
    ScenarioError,
    Step,
    Table,
    counted,
    document_of,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.scenarios.api import Totals, VirtualUser, Workload

ONE_PROCESS = True
"""Whoever compares the clients' copies has to hold them all."""
NEEDS_DOCUMENTS = True
READS_ONLY = True
_EVERY_S = 1.0
_PAGE = 500
_LIMIT_S = 600.0
_TRIES = 3
"""Rounds before the comparison, until one is not broken off."""
_DIFFERENCES = "sync_differences"
_TREND = "sync_round_time"


class Copy:
    """The client's copy: id -> version mark of each document, by resource. `upto` is the change version it is of."""

    def __init__(self, resources: tuple[str, ...]) -> None:
        self.documents: dict[str, dict[str, str]] = {resource: {} for resource in resources}
        self.upto = -1

    def differences(self, resource: str, target: Mapping[str, str]) -> dict[str, int]:
        """Return in how many documents the copy differs, by kind."""
        mine = self.documents[resource]
        return {
            "missing": len(target.keys() - mine.keys()),
            "left over": len(mine.keys() - target.keys()),
            "out of date": sum(mine[known] != mark for known, mark in target.items() if known in mine),
        }


class Changes:
    """The behaviour of the clients."""

    def __init__(self, workload: Workload, phase: str) -> None:
        self._url = workload.change_queries_url
        self._phase = phase
        self._resources = tuple(sorted(workload.counts))
        self._copies: dict[int, Copy] = {}
        """By the number of the client's user."""

    async def iterate(self, vu: VirtualUser) -> None:
        """Synchronise once, then wait for the rest of a second."""
        await self._synchronise(vu, self._copy_of(vu))
        await vu.pace(_EVERY_S)

    async def verify(self, vu: VirtualUser) -> None:
        """Synchronise for the last time and compare all documents: a copy that is not of now tells nothing."""
        self._copy_of(vu)
        copies = [copy for copy in self._copies.values() if await self._is_brought_up_to_date(vu, copy)]
        if lacking := len(self._copies) - len(copies):
            vu.count("sync", lacking, kind="copies not compared")
        compared = 0
        for resource in self._resources if copies else ():
            target = await self._read(vu, resource, {})
            if target is None:
                vu.count("sync", kind="resources not compared")
                continue
            compared += 1
            for copy in copies:
                vu.count("sync", len(target), kind="documents compared")
                for kind, count in copy.differences(resource, target).items():
                    vu.count(_DIFFERENCES, count, kind=kind)
        vu.check("the copy is compared with the target", compared > 0)

    def _copy_of(self, vu: VirtualUser) -> Copy:
        return self._copies.setdefault(vu.number, Copy(self._resources))

    async def _is_brought_up_to_date(self, vu: VirtualUser, copy: Copy) -> bool:
        for _ in range(_TRIES):
            if await self._synchronise(vu, copy):
                return True
        return False

    def table(self, totals: Totals) -> Table:
        """Return what was done and how the copy differs."""
        rows = [*counted(totals, self._phase, "sync").items()]
        rows += [(f"differences: {kind}", n) for kind, n in counted(totals, self._phase, _DIFFERENCES).items()]
        return Table("synchronisation", ("what", "number"), tuple(rows))

    async def _synchronise(self, vu: VirtualUser, copy: Copy) -> bool:
        """Take over what changed; return whether the copy is up to date then."""
        began_s = vu.clock_s()
        newest = await self._newest(vu)
        if newest is None or newest <= copy.upto:
            return newest is not None
        window = {"minChangeVersion": copy.upto + 1, "maxChangeVersion": newest}
        for resource, mine in copy.documents.items():
            changed = await self._read(vu, resource, window)
            deleted = await self._deleted(vu, resource, window, is_plain=_is_plain(mine))
            if changed is None or deleted is None:
                vu.count("sync", kind="rounds broken off")
                return False  # the next round asks for the same window again
            mine.update(changed)
            for known in deleted:
                mine.pop(known, None)
            vu.count("sync", len(changed), kind="documents taken over")
            vu.count("sync", len(deleted), kind="deletes taken over")
        copy.upto = newest
        vu.count("sync", kind="rounds")
        vu.observe(_TREND, (vu.clock_s() - began_s) * 1000)
        return True

    async def _newest(self, vu: VirtualUser) -> int | None:
        reply = await vu.api.get(f"{self._url.rstrip('/')}/availableChangeVersions")
        members = {name.lower(): value for name, value in (document_of(reply) or {}).items()}
        newest = str(members.get("newestchangeversion", ""))
        return int(newest) if vu.check("the newest change version is told", newest.isdecimal()) else None

    async def _read(self, vu: VirtualUser, resource: str, window: Mapping[str, int]) -> dict[str, str] | None:
        """Return id -> mark of the documents of a window, read from the last page back; None if a page failed."""
        reply = await vu.api.query(resource, {**window, "limit": 1, "totalCount": "true"})
        if not reply.ok:
            return None
        total = reply.headers.get("total-count", "")
        if not vu.check("a page tells the count that was asked for", total.isdecimal()):
            return None
        found: dict[str, str] = {}
        for offset in range(0, int(total), _PAGE)[::-1]:
            page = await self._page(vu, resource, {**window, "offset": offset, "limit": _PAGE})
            if page is None:
                return None
            found.update((str(item.get("id")), mark_of(item)) for item in page)
        return found

    async def _deleted(
        self, vu: VirtualUser, resource: str, window: Mapping[str, int], *, is_plain: bool
    ) -> list[str] | None:
        found: list[str] = []
        while True:
            rows = await self._page(vu, resource, {**window, "offset": len(found), "limit": _PAGE}, part="deletes")
            if rows is None:
                return None
            found += [str(row.get("id")) for row in rows]
            if len(rows) < _PAGE:
                break
        keys = await vu.api.query(resource, {**window, "limit": _PAGE}, part="keyChanges")
        vu.check("key changes are told", keys.ok)
        return [known.replace("-", "") for known in found] if is_plain else found

    async def _page(
        self, vu: VirtualUser, resource: str, params: Mapping[str, int], part: str = ""
    ) -> list[dict[str, Any]] | None:
        """Return the rows of a page; None if it failed, which is counted, or holds none, which fails a check."""
        reply = await vu.api.query(resource, params, part=part)
        rows = rows_of(reply)
        if reply.ok:
            vu.check("a page is a list of documents", rows is not None)
        return rows


def mark_of(document: Mapping[str, Any]) -> str:
    """Return what tells one version of a document from another."""
    return str(document.get("_etag") or document.get("_lastModifiedDate") or "")


def _is_plain(known: Mapping[str, str]) -> bool:
    """Whether the target spells ids in documents without hyphens."""
    return "-" not in next(iter(known), "-")


def plan(workload: Workload) -> Phase:
    """Plan the phase: one client for the readwrite phase's time, then the comparison when the others have ended.

    Raises: ScenarioError: The target has no change queries.
    """
    settings, name = workload.settings, workload.name or "changes"
    if not workload.change_queries_url:
        raise ScenarioError(f"{name}: the target has no change queries; its discovery names none, or none with TLS")
    behaviour = Changes(workload, name)
    client = ConstantVus(vus=1, duration_s=settings.duration_readwrite_phase)
    once = PerVuIterations(vus=1, iterations=1, max_duration_s=_LIMIT_S)
    return Phase(
        name=name,
        steps=(
            Step(name=name, executor=client, iteration=behaviour.iterate),
            Step(name="verify", executor=once, iteration=behaviour.verify, alone=True),
        ),
        thresholds=(*settings.thresholds_readwrite, f"{_DIFFERENCES}: count==0"),
        counters=("sync", _DIFFERENCES),
        trends=(_TREND,),
        tables=lambda totals: [behaviour.table(totals)],
    )
