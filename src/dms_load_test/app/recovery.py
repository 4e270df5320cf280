"""What a run did and its inventory does not know, looked up on the target: before going on, and before cleaning up.

The inventory tells what was acknowledged, but for the last second before a kill or the loss of a worker, and all that
workers sent who noticed only after a while that nobody led them. Rules:

- Documents are sent in the order of a row. Of a row that workers share, each has every n-th document and gets on at a
  pace of its own: what the inventory lacks lies right behind the last document of each share that it knows. So each
  share is looked through by itself.
- Missing documents are looked up by natural key, in the order of their share, through the last known one and on until
  a stretch of them is missing on the target too. Those before the last known one were refused, or taken over.
- What the target does not answer is not taken for missing: the recovery ends, and can be repeated.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dms_load_test.app.lookup import ids_in
from dms_load_test.app.target import PREFLIGHT
from dms_load_test.cluster.post import LEASE_S
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.errors import TargetError, first_of
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.plan import RetryPolicy
from dms_load_test.scenarios.load import ATTEMPTS, levels_of
from dms_load_test.scenarios.program import LOAD, SMOKE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.app.target import Reports, Target
    from dms_load_test.engine.api import ApiTarget, EdFiApi
    from dms_load_test.engine.transport import Client
    from dms_load_test.load.virtual_user import Reply
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.scenarios import Workload

_STRETCH = 128
_STRETCH_A_USER = 4
"""At a kill, no more than one document for each user was on its way: a stretch of several for each was never sent."""
_SHORT_STRETCH = 16
"""Enough, or one for each user, where nothing is known of a row: each worker's first document is within it."""
_MOST_EMPTY = 50
"""So many stretches in a row without any, and what lies before the last known document counts as refused, not lost."""
_READERS = 16
_ORPHANS_S = LEASE_S + 4.0
"""Workers whose coordinator is gone have stopped so long after its last word."""
_STEADY = frozenset({LOAD, SMOKE})
"""Scenarios that make no documents beyond those planned, or none that stay."""
_ENDLESS = 2**62
_SERVER_ERROR = 500
_NO_ANSWERS = frozenset({0, 401, 429})


def reading(target: Target, client: Client, reports: Reports) -> ApiTarget:
    """Return the target's API for looking documents up; an answer that may pass is asked again."""
    policy = PhasePolicy(
        phase=PREFLIGHT, emit=reports.sample, on_failure=reports.failure, retry=RetryPolicy(attempts=ATTEMPTS)
    )
    return target.api(client, policy)


async def orphans_ended(earlier: EarlierRun, say: Callable[[str], None]) -> None:
    """Return when no worker of a run that was killed can still be sending."""
    if not any(row.name == "SCHEDULER" and row.value for row in earlier.manifest.settings):
        return  # processes of the same machine end with their coordinator
    last_s = earlier.folder.record.stat().st_mtime
    left_s = last_s + _ORPHANS_S - time.time()
    if 0 < left_s <= _ORPHANS_S:
        say(f"Waiting {left_s:.0f} s: workers of the killed run may still be sending.")
        await asyncio.sleep(left_s)


async def recovered(
    api: ApiTarget, workload: Workload, inventory: RunInventory, manifest: Manifest, users: int
) -> Mapping[str, OrdinalSet]:
    """Return the ordinals that the run of a manifest sent, by resource; what its inventory lacked is added to it.

    `users` is how many virtual users it had at the same time, at most.

    Raises:
        TargetError: The target cannot be read; what was found until then is in the inventory.
    """
    search = _Search(api, workload, inventory, users)
    try:
        if LOAD in manifest.scenarios or not inventory.is_complete:
            inventory.enter_phase("load")
            for row in search.load_rows():
                await search.along(row)
        if not inventory.is_complete and not _STEADY.issuperset(manifest.scenarios):
            inventory.enter_phase(manifest.items[-1])
            for row in search.grown_rows():
                await search.along(row)
    except BaseExceptionGroup as raised:
        raise first_of(raised) from None
    finally:
        search.close()
        inventory.flush()
    inventory.note_complete(is_complete=True)
    return search.sent


@dataclass(frozen=True, slots=True)
class _Row:
    """Documents of a share that the inventory lacks, in the order of sending; `known` lie before the last it knows."""

    document: Callable[[int], tuple[str, int]]
    length: int
    known: int
    stretch: int


def _shares(row: _Row, lacking: Iterable[int], workers: int) -> Iterator[_Row]:
    """Yield each worker's share of a whole row, without what is known of it.

    From number `row.known` on, none is known; `lacking` are the numbers below it that are not, ascending.
    """
    document, end = row.document, row.known
    before = [array("Q") for _ in range(workers)]
    for number in lacking:
        before[number % workers].append(number)
    for index, numbers in enumerate(before):
        first = end + (index - end) % workers
        last, known = first - workers, len(numbers)
        while known and numbers[known - 1] == last:
            last, known = last - workers, known - 1

        def nth(place: int, numbers: array[int] = numbers, first: int = first) -> tuple[str, int]:
            more = place - len(numbers)
            return document(numbers[place] if more < 0 else first + more * workers)

        yield _Row(nth, len(numbers) + len(range(first, row.length, workers)), known, row.stretch)


class _Search:
    """The search along the rows of one run; what is found goes into `sent` and the inventory."""

    def __init__(self, api: ApiTarget, workload: Workload, inventory: RunInventory, users: int) -> None:
        self._users = [api.user() for _ in range(_READERS)]
        self._workload = workload
        self._inventory = inventory
        self._stretch = max(_STRETCH, _STRETCH_A_USER * users)
        self._short_stretch = max(_SHORT_STRETCH, users)
        self._sharing = inventory.sharing
        self._sent_before = self._acknowledged(self._sharing.rows_before)
        self.sent = self._acknowledged()

    def close(self) -> None:
        """Close the connections."""
        for user in self._users:
            user.close()

    def _acknowledged(self, rows: int | None = None) -> dict[str, OrdinalSet]:
        found = {resource: OrdinalSet() for resource in self._workload.counts}
        for resource, ordinal in self._inventory.acknowledged(rows) if rows != 0 else ():
            if resource in found:
                found[resource].add(ordinal)
        return found

    def load_rows(self) -> Iterator[_Row]:
        """Yield the shares of the levels that the run may have got to: one beyond those it is known to."""
        sent = self.sent
        levels = [level for level in levels_of(replace(self._workload, sent=self._sent_before)) if len(level)]
        reached = [number for number, level in enumerate(levels) if any(len(sent[name]) for name in level.planned)]
        for level in levels[: reached[-1] + 2 if reached else 1]:
            end = max(level.end_of(resource, self._highest(resource)) for resource in level.planned)
            row = _Row(level.document, len(level), end, self._stretch)
            yield from _shares(row, level.lacking(sent, end), self._sharing.workers)

    def _highest(self, resource: str) -> int:
        """Return the highest planned ordinal that was sent; -1 where none was."""
        return min(self._inventory.first_unused_ordinal(resource), self._workload.counts[resource]) - 1

    def grown_rows(self) -> Iterator[_Row]:
        """Yield, for each resource that can grow, the shares of the ordinals beyond the planned ones: endless rows."""
        for resource in sorted(self._workload.documents.growable & self.sent.keys()):
            yield from self._grown(resource)

    def _grown(self, resource: str) -> Iterator[_Row]:
        sent, before = self.sent[resource], self._sent_before[resource]
        first = max(self._workload.counts[resource], before.end)
        end = max(first, self._inventory.first_unused_ordinal(resource)) - first
        lacking = (number for number in range(end) if first + number not in sent)
        stretch = self._stretch if end else self._short_stretch

        def document(number: int) -> tuple[str, int]:
            return resource, first + number

        return _shares(_Row(document, _ENDLESS, end, stretch), lacking, self._sharing.workers)

    async def along(self, row: _Row) -> None:
        """Look documents of a row up until it is clear that the rest was not sent."""
        begin, empty = 0, 0
        while begin < row.length:
            end = min(begin + row.stretch, row.length)
            found = await self._look_up(map(row.document, range(begin, end)))
            for resource, ordinal, document_id in found:
                self.sent[resource].add(ordinal)
                self._inventory.add(resource, ordinal, document_id, created=False)
            empty = 0 if found else empty + 1
            if empty and begin >= row.known:
                return
            begin = max(end, row.known - row.stretch) if empty == _MOST_EMPTY else end

    async def _look_up(self, documents: Iterable[tuple[str, int]]) -> list[tuple[str, int, str]]:
        """Return those of the documents that the target has, each with its id. Raises: TargetError: in a group."""
        left = iter(documents)
        found: list[tuple[str, int, str]] = []

        async def read(api: EdFiApi) -> None:
            for resource, ordinal in left:
                reply = await api.query(resource, self._workload.documents.natural_key(resource, ordinal))
                _require_answer(resource, reply)
                ids = ids_in(resource, reply)
                if len(ids) == 1:
                    found.append((resource, ordinal, ids[0]))

        async with asyncio.TaskGroup() as tasks:
            for user in self._users:
                tasks.create_task(read(user))
        return found


def _require_answer(resource: str, reply: Reply) -> None:
    """Check that a look-up tells something: refusals do, silence does not."""
    if reply.status in _NO_ANSWERS or reply.status >= _SERVER_ERROR:
        raise TargetError(
            f"{resource}: cannot look up what the run made ({reply.error or reply.status}); nothing was written: try "
            "again when the target answers"
        )
