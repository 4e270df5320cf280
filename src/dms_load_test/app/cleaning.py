"""The deletes of one run's documents, in reverse dependency order and in parallel, with an exact account.

Only what the run made is deleted. A document that a POST found (answer 200) is left, unless it can only be the run's
own: its seed was the run's own, and its natural key follows from the seed. The inventory is told of each delete, so
that cleaning up can be interrupted and go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dms_load_test.app.target import PREFLIGHT, UNHEARD, documents_of
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.engine.problems import reason_of
from dms_load_test.errors import TargetError, first_of
from dms_load_test.load.plan import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dms_load_test.app.target import Target
    from dms_load_test.config import Settings
    from dms_load_test.engine.api import EdFiApi
    from dms_load_test.engine.transport import Client
    from dms_load_test.generators import Documents
    from dms_load_test.load.virtual_user import Reply
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.inventory import InventoryEntry, RunInventory

ATTEMPTS = 5
MOST_USERS = 32
LOST_AFTER = 20
"""So many deletes without an answer in a row, each after its attempts, and the target is given up."""
_FLUSH_EVERY = 200
_CONFLICT, _GONE = 409, 404


@dataclass(slots=True)
class CleanAccount:
    """What became of each document, by resource: deleted + gone + kept + refused = all; refused ones with the reason.

    `gone`: the target did not have it any more. `kept`: it was there before the run, or others use it too.
    """

    deleted: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def complete(self) -> bool:
        """Whether nothing of the run's is on the target any more."""
        return not self.refused

    @property
    def done(self) -> int:
        """How many documents have been seen to."""
        return self.deleted.total() + self.gone.total() + self.kept.total() + self.refused.total()

    def lines(self) -> Iterator[str]:
        """Yield the account: a line for each resource, the sums, and the refusals."""
        refused = Counter[str]()
        for (resource, _), count in self.refused.items():
            refused[resource] += count
        columns = (self.deleted, self.gone, refused, self.kept)
        names = sorted({name for column in columns for name in column})
        if not names:
            yield "Nothing of this run was left to delete."
            return
        rows = [(name, *(column[name] for column in columns)) for name in names]
        rows.append(("all", *(column.total() for column in columns)))
        width = max(len(name) for name in names)
        yield f"{'':<{width}}    deleted       gone    refused       kept"
        for name, *counts in rows:
            yield f"{name:<{width}}" + "".join(f"  {count:>9,}" for count in counts)
        for (resource, reason), count in sorted(self.refused.items()):
            yield f"refused: {count:,} {resource}: {reason}"


class Cleaning:
    """The deletes of one run; `account` grows while `run` is at work, and tells before it what is kept in any case.

    `counts`: how many documents are to be deleted, by resource.
    """

    def __init__(
        self, manifest: Manifest, inventory: RunInventory, settings: Settings, target: Target, client: Client
    ) -> None:
        self._manifest = manifest
        self._inventory = inventory
        self._settings = settings
        self._target = target
        policy = PhasePolicy(
            phase=PREFLIGHT, emit=UNHEARD.sample, on_failure=UNHEARD.failure, retry=RetryPolicy(attempts=ATTEMPTS)
        )
        shared = target.api(client, policy)
        self._users = [shared.user() for _ in range(min(MOST_USERS, settings.vus_load_phase))]
        self._unanswered = 0
        self._unflushed = 0
        self.account = CleanAccount()
        self.counts = Counter[str]()
        for entry in inventory.own_documents():
            (self.counts if self._is_own(entry) else self.account.kept)[entry.resource] += 1

    async def run(self) -> None:
        """Delete level by level from the last, then what others referred to, as long as that gets any further.

        Raises:
            TargetError: The target was lost.
        """
        known = self.counts.keys() & self._target.model.resources.keys()
        for resource in self.counts.keys() - known:
            self.account.refused[resource, "the target has no such resource"] = self.counts[resource]
        conflicts: list[InventoryEntry] = []
        for level in reversed(self._target.graph.levels(known)):
            conflicts += await self._delete(entry for resource in level for entry in self._entries(resource))
        while conflicts:
            left = await self._delete(conflicts)
            if len(left) == len(conflicts):
                break
            conflicts = left
        for entry in conflicts:
            self._refuse(entry)
        self._inventory.flush()

    def close(self) -> None:
        """Close the connections."""
        for user in self._users:
            user.close()

    def _entries(self, resource: str | None = None) -> Iterator[InventoryEntry]:
        """Yield the run's own documents."""
        return filter(self._is_own, self._inventory.own_documents(resource))

    async def _delete(self, entries: Iterable[InventoryEntry]) -> list[InventoryEntry]:
        """Delete documents in parallel; return those that others refer to."""
        left = iter(entries)
        referred: list[InventoryEntry] = []

        async def work(api: EdFiApi) -> None:
            for entry in left:
                reply = await api.delete(entry.resource, entry.document_id)
                if not self._note(entry, reply):
                    referred.append(entry)

        try:
            async with asyncio.TaskGroup() as tasks:
                for user in self._users:
                    tasks.create_task(work(user))
        except BaseExceptionGroup as raised:
            raise first_of(raised) from None
        return referred

    def _note(self, entry: InventoryEntry, reply: Reply) -> bool:
        """Enter an answer in the account; return false for a document that others still refer to."""
        if reply.error:
            self._unanswered += 1
            if self._unanswered >= LOST_AFTER:
                raise TargetError(
                    f"the target does not answer any more ({reply.error}); {self.account.done:,} documents are done, "
                    "and `clean` again goes on from there"
                )
            self.account.refused[entry.resource, f"no answer ({reply.error})"] += 1
            return True
        self._unanswered = 0
        if reply.status == _CONFLICT:
            return False
        if reply.ok or reply.status == _GONE:
            (self.account.deleted if reply.ok else self.account.gone)[entry.resource] += 1
            self._inventory.remove(entry)
            self._flush_now_and_then()
        else:
            self.account.refused[entry.resource, f"{reply.status} {_reason(reply)}"] += 1
        return True

    def _refuse(self, entry: InventoryEntry) -> None:
        """Enter a document that others refer to in the account: kept if all runs share it, as it may be theirs."""
        if self._is_shared(entry):
            self.account.kept[entry.resource] += 1
        else:
            self.account.refused[entry.resource, f"{_CONFLICT} documents that are not of this run refer to it"] += 1

    def _flush_now_and_then(self) -> None:
        self._unflushed += 1
        if self._unflushed >= _FLUSH_EVERY:
            self._unflushed = 0
            self._inventory.flush()

    def _is_own(self, entry: InventoryEntry) -> bool:
        """Tell whether a document was made by the run: one that a POST found may still be nobody else's."""
        return entry.created or (self._manifest.own_keys and not self._is_shared(entry))

    def _is_shared(self, entry: InventoryEntry) -> bool:
        """Tell whether runs with other seeds make the same document."""
        mine, others = self._documents
        if entry.ordinal >= mine.counts.get(entry.resource, 0) and entry.resource not in mine.growable:
            return False
        key = mine.natural_key(entry.resource, entry.ordinal)
        return key == others.natural_key(entry.resource, entry.ordinal)

    @cached_property
    def _documents(self) -> tuple[Documents, Documents]:
        """The run's documents, and those of a run with another seed."""
        seed, target = self._manifest.seed, self._target
        mine, others = (
            documents_of(self._settings, number, target.model, target.descriptor_values) for number in (seed, seed + 1)
        )
        return mine, others


def _reason(reply: Reply) -> str:
    try:
        return reason_of(reply.status, reply.body)
    except ValueError:
        return ""
