"""The integrity audit: acknowledged writes read back later, and documents counted, in every scenario that writes.

Rules:
- A share of the writes is chosen. Its document is held: nobody else uses it until it has been read back, so that what
  is read must be what was sent.
- It is read back after `AFTER_WRITES` further writes, or at the end: not from what the server still has at hand.
- What was not acknowledged, or whose user was stopped first, is in doubt: it is not read back, and counts may differ
  by it.
- An audit that gets no answer tells nothing. It is counted, and is no violation.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.verdict import COUNTED_OTHERWISE
from dms_load_test.scenarios.api import (
    CREATED,
    PerVuIterations,
    SharedIterations,
    Step,
    Table,
    Violation,
    counted,
    document_of,
    rows_of,
    total_of,
)
from dms_load_test.scenarios.comparison import differences, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.scenarios.api import Entry, Reply, Totals, VirtualUser, Workload

AFTER_WRITES = 50
COUNTERS = ("audits",)
THRESHOLD = "integrity_violations: count==0"
OPERATION = "audit"
_READABLE = "an audit is answered with documents"
_MOST_DOUBTED = 100_000
_LIMIT_S = 600.0
_COUNTING_USERS = 4
_READERS = 64
"""Users that read back what is left at the end; where a run has workers, each of so many has one."""
_NOT_FOUND, _FORBIDDEN, _SERVER_ERROR = 404, 403, 500


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a read must find: the document's revision (0: as made), or nothing where it was deleted."""

    entry: Entry
    operation: str
    revision: int
    due: int


class Audit:
    """The audit of one phase. Tell it of every write; `ratio` of the acknowledged ones are read back."""

    def __init__(self, workload: Workload, phase: str, resources: Iterable[str]) -> None:
        self.ratio = workload.settings.audit_ratio
        self._documents = workload.documents
        self._phase = phase
        self._resources = tuple(sorted(resources))
        self._pending: deque[_Expected] = deque()
        self._doubted: set[tuple[str, int]] = set()
        self._writes = 0
        self._balance: Counter[str] = Counter()
        self._doubts: Counter[str] = Counter()
        self._before: dict[str, int] = {}
        self._unseen: set[str] = set()
        self._knows_all_writes = not (workload.is_part or workload.beside_writers)

    def created(self, vu: VirtualUser, resource: str, ordinal: int, reply: Reply) -> None:
        """Take in the answer to a create; an acknowledged one goes into the inventory."""
        if not reply.ok:
            self._doubts[resource] += _in_doubt(reply)
            return
        is_new = reply.status == CREATED
        self._balance[resource] += is_new
        self._doubts[resource] += not is_new  # an attempt before may have made it, unheard
        self._writes += 1
        if vu.random.random() < self.ratio:
            entry = vu.inventory.add_taken(resource, ordinal, reply.document_id, created=is_new)
            self._expect(entry, "create", 0)
        else:
            vu.inventory.add(resource, ordinal, reply.document_id, created=is_new)

    def updated(self, vu: VirtualUser, entry: Entry, revision: int, reply: Reply) -> None:
        """Take in the answer to an update of a taken document, which is given back, now or when it has been audited."""
        known = (entry.resource, entry.ordinal)
        self._writes += reply.ok
        if not reply.ok and _in_doubt(reply) and len(self._doubted) < _MOST_DOUBTED:
            self._doubted.add(known)
        if reply.ok and known not in self._doubted and vu.random.random() < self.ratio:
            self._expect(entry, "update", revision)
        else:
            vu.inventory.give_back(entry)

    def deleted(self, vu: VirtualUser, entry: Entry, reply: Reply) -> None:
        """Take in the answer to a delete of a taken document."""
        if reply.ok:
            self._writes += 1
            self._balance[entry.resource] -= 1
            vu.inventory.remove(entry)
            if vu.random.random() < self.ratio:
                self._expect(entry, "delete", 0)
        elif _in_doubt(reply):
            self._doubts[entry.resource] += 1  # and nobody uses it again: it may be gone
        else:
            vu.inventory.give_back(entry)

    def cut_off(self, resource: str) -> None:
        """Take note that a user was stopped in a create or delete: nobody heard whether it was done."""
        self._doubts[resource] += 1

    async def look_back(self, vu: VirtualUser) -> None:
        """Read back what is due."""
        while self._pending and self._pending[0].due <= self._writes:
            await self._verify(vu, self._pending.popleft())

    def steps_before(self) -> tuple[Step, ...]:
        """Return the step that counts the documents before anything is written; none without an audit."""
        return (self._counting("count before", self._count_before),) if self.ratio else ()

    def steps_after(self) -> tuple[Step, ...]:
        """Return the steps that read back what is left and count again, when nobody writes any more."""
        if not self.ratio:
            return ()
        once = PerVuIterations(vus=_READERS, iterations=1, max_duration_s=_LIMIT_S)
        return (
            Step(name="audit", executor=once, iteration=self._drain, alone=True, timed=False),
            self._counting("count after", self._count_after),
        )

    def table(self, totals: Totals) -> Table:
        """Return what the audit came to."""
        outcomes = counted(totals, self._phase, "audits")
        violations = counted(totals, self._phase, "integrity_violations")
        rows = [*sorted(outcomes.items()), *((f"violation: {kind}", count) for kind, count in violations.items())]
        return Table(
            "integrity audit",
            ("outcome", "number"),
            tuple(rows),
            f"{self.ratio:.1%} of the acknowledged writes were read back, and documents counted before and after. "
            "Others who write to the target meanwhile show in the counts.",
        )

    def _expect(self, entry: Entry, operation: str, revision: int) -> None:
        self._pending.append(_Expected(entry, operation, revision, self._writes + AFTER_WRITES))

    async def _drain(self, vu: VirtualUser) -> None:
        while self._pending:
            await self._verify(vu, self._pending.popleft())

    async def _verify(self, vu: VirtualUser, expected: _Expected) -> None:
        entry, is_gone = expected.entry, expected.operation == "delete"
        expect = _NOT_FOUND if is_gone else 200
        reply = await vu.api.read(entry.resource, entry.document_id, expect=expect, operation=OPERATION)
        if is_gone:
            self._report(vu, entry, reply, "resurrected" if reply.status == 200 else "", "it was deleted")  # noqa: PLR2004 - OK
            return
        if reply.status == _NOT_FOUND:
            self._report(
                vu, entry, reply, "lost", f"its {expected.operation} was acknowledged; it is not found by its id"
            )
            vu.inventory.remove(entry)
            return
        await self._compare(vu, expected, reply)
        vu.inventory.give_back(entry)

    async def _compare(self, vu: VirtualUser, expected: _Expected, reply: Reply) -> None:
        read = document_of(reply)
        if reply.ok and read is None:
            vu.check(_READABLE, passed=False)
            vu.count("audits", kind="not answered")
            return
        found = differences(self._sent(expected), read) if reply.ok else []
        self._report(vu, expected.entry, reply, "changed" if found else "", f"{expected.operation}: {told(found)}")
        if expected.operation == "create" and reply.ok:
            await self._look_up(vu, expected.entry)

    def _sent(self, expected: _Expected) -> dict[str, Any]:
        entry = expected.entry
        if expected.revision:
            return self._documents.changed(entry.resource, entry.ordinal, expected.revision)
        return self._documents.document(entry.resource, entry.ordinal)

    async def _look_up(self, vu: VirtualUser, entry: Entry) -> None:
        key = self._documents.natural_key(entry.resource, entry.ordinal)
        reply = await vu.api.query(entry.resource, key, operation=OPERATION)
        rows = rows_of(reply)
        if reply.ok and rows is None:
            vu.check(_READABLE, passed=False)
        ids = [item.get("id") for item in rows or ()]
        kind = "duplicated" if len(ids) > 1 else "" if ids == [entry.document_id] else "lost"
        if kind and rows is not None:
            detail = f"its natural key finds {ids or 'nothing'}"
            vu.violation(Violation(kind, entry.resource, entry.document_id, entry.ordinal, detail))

    def _report(self, vu: VirtualUser, entry: Entry, reply: Reply, kind: str, detail: str) -> None:
        if kind:
            vu.violation(Violation(kind, entry.resource, entry.document_id, entry.ordinal, detail))
        outcome = "read back, not as written" if kind else "read back, as written" if reply.ok else "not answered"
        vu.count("audits", kind=outcome)
        if reply.status == _FORBIDDEN:
            self._unseen.add(entry.resource)

    def _counting(self, name: str, iteration: Any) -> Step:
        users = min(_COUNTING_USERS, max(1, len(self._resources)))
        executor = SharedIterations(vus=users, iterations=len(self._resources), max_duration_s=_LIMIT_S)
        is_after = iteration == self._count_after
        return Step(name=name, executor=executor, iteration=iteration, alone=is_after, timed=False)

    async def _count_before(self, vu: VirtualUser) -> None:
        resource = self._resources[vu.iteration]
        count = await total_of(vu.api, resource, OPERATION)
        if count is not None:
            self._before[resource] = count

    async def _count_after(self, vu: VirtualUser) -> None:
        resource = self._resources[vu.iteration]
        count = await total_of(vu.api, resource, OPERATION)
        is_known = self._knows_all_writes and resource in self._before and resource not in self._unseen
        if count is None or not is_known:
            vu.count("audits", kind="not counted")
            return
        expected, doubt = self._before[resource] + self._balance[resource], self._doubts[resource]
        if abs(count - expected) <= doubt:
            vu.count("audits", kind="counted, as written")
            return
        vu.count("audits", kind=COUNTED_OTHERWISE)
        kind = "lost" if count < expected else "duplicated"
        allowed = f" or up to {doubt} more or fewer" if doubt else ""
        detail = f"{expected} documents are expected{allowed}, the target counts {count}"
        vu.violation(Violation(kind, resource, "", -1, detail))


def _in_doubt(reply: Reply) -> bool:
    """Whether the write may have been done all the same."""
    return reply.status == 0 or reply.status >= _SERVER_ERROR
