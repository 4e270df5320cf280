"""What a run did and its inventory does not know, looked up on the target: before going on, and before cleaning up.

The inventory tells what was acknowledged, but for the last second before a kill or the loss of a worker, and all that
workers sent who noticed only after a while that nobody led them. Documents are sent in the order of a row, so what the
inventory lacks lies together, a little before or behind the last that it knows: missing documents are looked up by
natural key, in this order, through that last one and on until a stretch of them is missing on the target too. Workers
that share a row get on at different paces; so what is missing before the last one is looked up as well.
"""

from __future__ import annotations

import asyncio
import sys
import time
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dms_load_test.app.target import PREFLIGHT
from dms_load_test.cluster.post import LEASE_S
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.plan import RetryPolicy
from dms_load_test.scenarios.load import ATTEMPTS, levels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.app.target import Reports, Target
    from dms_load_test.engine.api import ApiTarget, EdFiApi
    from dms_load_test.engine.transport import Client
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.scenarios import Workload
    from dms_load_test.scenarios.load import Level

_STRETCH = 128
_STRETCH_A_USER = 4
"""At a kill, no more than one document for each user was on its way: a stretch of several for each was never sent."""
_SHORT_STRETCH = 16
"""Enough, or one for each user, where nothing is known of a row: each worker's first document is within it."""
_MOST_EMPTY = 50
"""So many stretches in a row without any, and what lies before the last known document counts as refused, not lost."""
_READERS = 16
_ORPHANS_S = LEASE_S + 2.0
"""Workers whose coordinator is gone have stopped so long after its last word."""
_STEADY = frozenset({"load", "smoke"})
"""Phases that make no documents beyond those planned, or none that stay."""


def reading(target: Target, client: Client, reports: Reports) -> ApiTarget:
    """Return the target's API for looking documents up; an answer that may pass is asked again."""
    policy = PhasePolicy(
        phase=PREFLIGHT, emit=reports.sample, on_failure=reports.failure, retry=RetryPolicy(attempts=ATTEMPTS)
    )
    return target.api(client, policy)


async def orphans_ended(earlier: EarlierRun, say: Callable[[str], None]) -> None:
    """Return when no worker of a run that was killed can still be sending."""
    if not _texts(earlier.manifest).get("SCHEDULER"):
        return  # processes of the same machine end with their coordinator
    last_s = earlier.folder.record.stat().st_mtime
    left_s = last_s + _ORPHANS_S - time.time()
    if 0 < left_s <= _ORPHANS_S:
        say(f"Waiting {left_s:.0f} s: workers of the killed run may still be sending.")
        await asyncio.sleep(left_s)


async def recovered(
    api: ApiTarget, workload: Workload, inventory: RunInventory, manifest: Manifest
) -> Mapping[str, OrdinalSet]:
    """Return the ordinals that the run of a manifest sent, by resource; what its inventory lacked is added to it.

    Raises:
        TargetError: The target cannot be read.
    """
    sent = {resource: OrdinalSet(inventory.acknowledged(resource)) for resource in workload.counts}
    users = max((int(text) for name, text in _texts(manifest).items() if name.startswith("VUS_")), default=1)
    search = _Search(api, workload, inventory, sent, max(_STRETCH, _STRETCH_A_USER * users))
    try:
        if "load" in manifest.phases:
            inventory.enter_phase("load")
            for row in search.load_rows():
                await search.along(row)
        if not inventory.is_complete and not _STEADY.issuperset(manifest.phases):
            inventory.enter_phase(manifest.phases[-1])
            for row in search.grown_rows(max(_SHORT_STRETCH, users)):
                await search.along(row)
    finally:
        search.close()
    inventory.flush()
    inventory.note_complete(is_complete=True)
    return sent


@dataclass(frozen=True, slots=True)
class _Row:
    """Documents that the inventory lacks, by number, in the order of sending; `known` lie before the last it knows."""

    document: Callable[[int], tuple[str, int]]
    length: int
    known: int
    stretch: int


class _Search:
    """The search along the rows of one run; what is found goes into `sent` and the inventory."""

    def __init__(
        self,
        api: ApiTarget,
        workload: Workload,
        inventory: RunInventory,
        sent: dict[str, OrdinalSet],
        stretch: int,
    ) -> None:
        self._users = [api.user() for _ in range(_READERS)]
        self._workload = workload
        self._inventory = inventory
        self._sent = sent
        self._stretch = stretch

    def close(self) -> None:
        """Close the connections."""
        for user in self._users:
            user.close()

    def load_rows(self) -> Iterator[_Row]:
        """Yield the levels that the run may have got to: one beyond those it is known to."""
        workload, sent = self._workload, self._sent
        left = levels_of(replace(workload, sent=sent))
        whole = levels_of(replace(workload, sent={}))
        reached = [number for number, level in enumerate(whole) if any(len(sent[name]) for name in level.planned)]
        for missing, level in zip(left[: reached[-1] + 2 if reached else 1], whole, strict=False):
            yield _Row(missing.document, len(missing), self._known(missing, level), self._stretch)

    def _known(self, missing: Level, level: Level) -> int:
        """Return how many of the missing come before the last document of the level that is known to be sent."""
        places = {resource: place for place, resource in enumerate(level.planned)}
        known = [(place, self._highest(resource)) for resource, place in places.items() if len(self._sent[resource])]

        def place_of(number: int) -> tuple[int, int]:
            resource, ordinal = missing.document(number)
            return places[resource], ordinal

        return bisect_left(range(len(missing)), max(known), key=place_of) if known else 0

    def _highest(self, resource: str) -> int:
        """Return the highest planned ordinal that was sent."""
        return min(self._inventory.first_unused_ordinal(resource), self._workload.counts[resource]) - 1

    def grown_rows(self, short: int) -> Iterator[_Row]:
        """Yield, for each resource that can grow, the ordinals beyond the planned ones, without an end."""
        for resource in sorted(self._workload.documents.growable & self._sent.keys()):
            yield self._grown(resource, short)

    def _grown(self, resource: str, short: int) -> _Row:
        first = self._workload.counts[resource]
        unused = max(first, self._inventory.first_unused_ordinal(resource))
        missing = [ordinal for ordinal in range(first, unused) if ordinal not in self._sent[resource]]
        known = len(missing)

        def document(number: int) -> tuple[str, int]:
            return resource, missing[number] if number < known else unused + number - known

        return _Row(document, sys.maxsize, known, self._stretch if unused > first else short)

    async def along(self, row: _Row) -> None:
        """Look documents of a row up until it is clear that the rest was not sent."""
        begin, empty = 0, 0
        while begin < row.length:
            end = min(begin + row.stretch, row.length)
            found = await self._look_up(map(row.document, range(begin, end)))
            for resource, ordinal, document_id in found:
                self._sent[resource].add(ordinal)
                self._inventory.add(resource, ordinal, document_id, created=False)
            empty = 0 if found else empty + 1
            if empty and begin >= row.known:
                return
            begin = max(end, row.known - row.stretch) if empty == _MOST_EMPTY else end

    async def _look_up(self, documents: Iterable[tuple[str, int]]) -> list[tuple[str, int, str]]:
        """Return those of the documents that the target has, each with its id."""
        left = iter(documents)
        found: list[tuple[str, int, str]] = []

        async def read(api: EdFiApi) -> None:
            for resource, ordinal in left:
                reply = await api.query(resource, self._workload.documents.natural_key(resource, ordinal))
                matches = reply.json() if reply.ok else []
                if len(matches) == 1:
                    found.append((resource, ordinal, matches[0]["id"]))

        async with asyncio.TaskGroup() as tasks:
            for user in self._users:
                tasks.create_task(read(user))
        return found


def _texts(manifest: Manifest) -> dict[str, str]:
    """Return the settings of a run by name."""
    return {row.name: row.value for row in manifest.settings}
