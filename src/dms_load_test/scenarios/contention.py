"""Contention: all users write to the same few documents and parents, and every answer is told apart.

Half of the iterations update one of a few documents with If-Match, as careful clients do: read, change, write under the
condition that nobody else has. A 412 is the server's right answer to a race; two writes that succeed on the same ETag
are a lost update. The other half creates children of one parent, where databases deadlock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dms_load_test.scenarios.api import (
    CREATED,
    ConstantVus,
    PerVuIterations,
    Phase,
    Step,
    Table,
    Violation,
    counted,
    document_of,
    encode,
)
from dms_load_test.scenarios.audit import COUNTERS, OPERATION, THRESHOLD
from dms_load_test.scenarios.comparison import differences, told

if TYPE_CHECKING:
    from dms_load_test.scenarios.api import Entry, Reply, Totals, VirtualUser, Workload

ONE_PROCESS = True
"""All users fight for the same documents, and what they wrote is known where it is read back at the end."""
NEEDS_DOCUMENTS = True
CHILDREN = ("studentSectionAttendanceEvents", "studentSchoolAttendanceEvents")
"""Resources that hang on a parent, the likeliest to collide first; each child has a key of its own below one parent."""
UPDATED = ("students", "staffs", "contacts")
TRIES = 5
_LOST = "lost_updates"
_PARENTS = ("sectionReference", "schoolReference", "sessionReference")
_REMEMBERED = 256
_LIMIT_S = 600.0
_MOST_CHILDREN = 1000
_KINDS = {200: "done", 201: "done", 204: "done", 409: "409 conflict", 412: "412 precondition failed", 429: "429"}


@dataclass(slots=True)
class _Hot:
    """A document that all users update: the ETags that updates succeeded on, and the revisions that they made."""

    entry: Entry
    used: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    made: dict[str, int] = field(default_factory=dict)
    """ETag -> revision, the newest last; without updates whose answers told no ETag."""

    def updated(self, upon: str, made: str, revision: int) -> bool:
        """Take note of an update upon one ETag that made another; return whether it overwrote an update unseen."""
        is_lost = upon in self.used
        self.used.append(upon)
        if made:
            self.made = dict(list(self.made.items())[-_REMEMBERED:]) | {made: revision}
        return is_lost


@dataclass(frozen=True, slots=True)
class _Child:
    """A created document that is to be read back."""

    document_id: str
    ordinal: int
    sent: dict[str, Any]


class Contention:
    """The behaviour."""

    def __init__(self, workload: Workload, phase: str) -> None:
        counts, documents = workload.counts, workload.documents
        self._phase = phase
        self._settings = workload.settings
        self._documents = documents
        updated = [name for name in UPDATED if name in documents.updatable and name in counts]
        self._updated = (updated or sorted(documents.updatable & counts.keys()) or [""])[0]
        grown = [name for name in CHILDREN if name in documents.growable and name in counts]
        self._child = grown[0] if grown else ""
        self._hot: list[_Hot] = []
        self._is_chosen = False
        self._revision = 0
        self._children: list[_Child] = []

    async def iterate(self, vu: VirtualUser) -> None:
        """Update a hot document, or create a child of the hot parent."""
        self._choose(vu)
        if vu.iteration % 2 and self._child:
            await self._create(vu)
        elif self._hot:
            await self._update(vu, self._hot[vu.random.randrange(len(self._hot))])
        else:
            vu.drop("there is no document to fight for")

    async def verify(self, vu: VirtualUser) -> None:
        """Read back the hot documents, which must be as their last update made them, and a share of the children."""
        for hot in self._hot:
            entry = hot.entry
            reply = await vu.api.read(entry.resource, entry.document_id, operation=OPERATION)
            revision = hot.made.get(_etag(reply), 0) if reply.ok else 0
            if revision or not reply.ok:
                sent = self._documents.changed(entry.resource, entry.ordinal, revision) if revision else {}
                self._compare(vu, (entry.resource, entry.document_id, entry.ordinal), sent, reply)
            elif hot.used:
                vu.count("audits", kind="not compared: no update was answered with its ETag")
            vu.inventory.give_back(entry)
        self._hot.clear()
        for child in self._children:
            reply = await vu.api.read(self._child, child.document_id, operation=OPERATION)
            self._compare(vu, (self._child, child.document_id, child.ordinal), child.sent, reply)

    def _compare(self, vu: VirtualUser, which: tuple[str, str, int], sent: dict[str, Any], reply: Reply) -> None:
        if reply.status == 404:  # noqa: PLR2004 - Not Found
            vu.violation(Violation("lost", *which, "it was acknowledged; it is not found by its id"))
        elif reply.ok and (read := document_of(reply)) is None:
            vu.check("a read answers with a document", passed=False)
        elif reply.ok and (found := differences(sent, read)):
            vu.violation(Violation("changed", *which, told(found)))
        else:
            vu.count("audits", kind="read back, as written" if reply.ok else "not answered")

    def table(self, totals: Totals) -> Table:
        """Return the answers, apart."""
        kinds = counted(totals, self._phase, "contended_writes")
        lost = counted(totals, self._phase, _LOST)
        rows = (*sorted(kinds.items()), ("lost updates", sum(lost.values())))
        return Table("contended writes", ("answer", "number"), rows, f"{self._updated} and {self._child or 'no child'}")

    def _choose(self, vu: VirtualUser) -> None:
        if self._is_chosen or not self._updated:
            return
        self._is_chosen = True
        for _ in range(self._settings.contention_documents):
            entry = vu.inventory.take(self._updated, vu.random)
            if entry is not None:
                self._hot.append(_Hot(entry))

    async def _update(self, vu: VirtualUser, hot: _Hot) -> None:
        entry = hot.entry
        for attempt in range(TRIES):
            read = await vu.api.read(entry.resource, entry.document_id)
            if not read.ok:
                return
            etag = _etag(read)
            if not vu.check("a document is read with its ETag", bool(etag)):
                return
            self._revision = revision = self._revision + 1
            document = self._documents.changed(entry.resource, entry.ordinal, revision)
            body = encode({**document, "id": entry.document_id})
            reply = await vu.api.update(
                entry.resource, entry.document_id, body, entry.ordinal, if_match=etag, expect=(200, 204, 412)
            )
            self._count(vu, "update", reply)
            if reply.status in {200, 204} and hot.updated(etag, reply.headers.get("etag", ""), revision):
                vu.count(_LOST, kind=entry.resource)
            if reply.status != 412:  # noqa: PLR2004 - Precondition Failed: somebody was faster
                return
            if attempt < TRIES - 1:
                vu.count("contended_writes", kind="update: tried again after 412")

    async def _create(self, vu: VirtualUser) -> None:
        ordinal = vu.next_ordinal(self._child)
        document = self._documents.document(self._child, ordinal)
        parent = self._documents.document(self._child, 0)
        shared: dict[str, Any] = {name: parent[name] for name in _PARENTS if name in parent and name in document}
        sent = {**document, **shared}
        # What is sent is not what the generator says of the ordinal: no failure may show that instead, and no run may
        # look the document up or update it by that.
        reply = await vu.api.create(self._child, encode(sent))
        self._count(vu, "create", reply)
        if not reply.ok:
            return
        vu.inventory.add_apart(self._child, ordinal, reply.document_id, created=reply.status == CREATED)
        if vu.random.random() < self._settings.audit_ratio and len(self._children) < _MOST_CHILDREN:
            self._children.append(_Child(reply.document_id, ordinal, sent))

    def _count(self, vu: VirtualUser, operation: str, reply: Reply) -> None:
        kind = _KINDS.get(reply.status)
        if kind is None:
            is_deadlock = reply.status >= 500 and b"deadlock" in reply.body.lower()  # noqa: PLR2004 - server errors
            kind = f"{reply.status or 'no answer'}{' deadlock' if is_deadlock else ''}"
        vu.count("contended_writes", kind=f"{operation}: {kind}")


def _etag(reply: Reply) -> str:
    return reply.headers.get("etag") or str((document_of(reply) or {}).get("_etag", ""))


def plan(workload: Workload) -> Phase:
    """Plan the phase: the readwrite phase's users for its time, without thinking."""
    settings, name = workload.settings, workload.name or "contention"
    behaviour = Contention(workload, name)
    executor = ConstantVus(vus=settings.vus_readwrite_phase, duration_s=settings.duration_readwrite_phase)
    once = PerVuIterations(vus=1, iterations=1, max_duration_s=_LIMIT_S)
    return Phase(
        name=name,
        steps=(
            Step(name=name, executor=executor, iteration=behaviour.iterate),
            Step(name="verify", executor=once, iteration=behaviour.verify, alone=True),
        ),
        thresholds=(f"{_LOST}: count==0", THRESHOLD),
        counters=("contended_writes", _LOST, *COUNTERS),
        tables=lambda totals: [behaviour.table(totals)],
    )
