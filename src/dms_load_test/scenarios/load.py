"""Load: every planned document is sent exactly once, level by level, so that what it refers to exists.

One step a dependency level, with the barrier that a step's end is. Work is split by document: iteration n of a level
is document n of the level's resources laid end to end, whoever takes it. Where a load is resumed, what was sent before
is left out of the row.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.scenarios.api import Phase, RetryPolicy, SharedIterations, Step
from dms_load_test.scenarios.audit import COUNTERS, THRESHOLD, Audit
from dms_load_test.scenarios.lost import BLOCKED, Lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dms_load_test.scenarios.api import VirtualUser, Workload

ATTEMPTS = 5
"""A load is to be complete: an answer that may pass is asked again, which the report shows."""


class Level:
    """The documents of one level as one numbered row: number -> (resource, ordinal).

    `ordinals` holds those to send of each resource, such as `range(count)`.
    """

    def __init__(
        self, ordinals: Mapping[str, Sequence[int]], audit: Audit | None = None, lost: Lost | None = None
    ) -> None:
        self._lost = lost
        self.planned = {resource: len(numbers) for resource, numbers in ordinals.items()}
        self._audit = audit
        self._rows = tuple(ordinals.items())
        self._ends = tuple(accumulate(self.planned.values()))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def document(self, number: int) -> tuple[str, int]:
        """Return resource and ordinal of document `number`, 0 <= number < len(self)."""
        at = bisect_right(self._ends, number)
        begin = self._ends[at - 1] if at else 0
        resource, ordinals = self._rows[at]
        return resource, ordinals[number - begin]

    def end_of(self, resource: str, ordinal: int) -> int:
        """Return the number behind the last document of a resource of its up to an ordinal; 0 where none is."""
        at = tuple(self.planned).index(resource)
        begin = self._ends[at - 1] if at else 0
        some = bisect_right(self._rows[at][1], ordinal)
        return begin + some if some else 0

    def lacking(self, sent: Mapping[str, OrdinalSet], end: int) -> Iterator[int]:
        """Yield the numbers below `end` of documents that `sent` lacks, ascending."""
        begin = 0
        for resource, ordinals in self._rows:
            known = sent[resource]
            for place, ordinal in enumerate(ordinals[: max(0, end - begin)], begin):
                if ordinal not in known:
                    yield place
            begin += len(ordinals)

    async def create_one(self, vu: VirtualUser) -> None:
        """Create the document of the user's iteration and remember it; then look back at earlier ones.

        What refers to a document that could not be created is not sent: the target would refuse it for that only.
        """
        assert self._audit is not None and self._lost is not None, "this level was made to look at"  # noqa: PT018 - one
        resource, ordinal = self.document(vu.iteration)
        if self._lost and self._lost.blocks(resource, document := vu.generate.document(resource, ordinal)):
            self._lost.add(resource, document)
            vu.count(BLOCKED, kind=resource)
            vu.drop("what it refers to could not be created")
            return
        body = vu.generate.payload(resource, ordinal)
        try:
            reply = await vu.api.create(resource, body, ordinal)
        except BaseException:  # a stop, as a rule: nobody heard the answer
            self._audit.cut_off(resource)
            raise
        self._audit.created(vu, resource, ordinal, reply)
        if not reply.ok:
            self._lost.add(resource, vu.generate.document(resource, ordinal))
        await self._audit.look_back(vu)


def plan(workload: Workload) -> Phase:
    """Plan the load phase: the planned documents of the run that are not sent yet, each level a step."""
    settings, name = workload.settings, workload.name or "load"
    audit = Audit(workload, name, workload.counts)
    levels = levels_of(workload, audit, Lost(workload.model))
    steps = tuple(
        _step(f"level {number} of {len(levels)}", level, workload)
        for number, level in enumerate(levels, start=1)
        if len(level)
    )
    return Phase(
        name=name,
        steps=(*audit.steps_before(), *steps, *audit.steps_after()) if steps else (),
        thresholds=(*settings.thresholds_load, THRESHOLD),
        counters=(*COUNTERS, BLOCKED),
        tables=lambda totals: [audit.table(totals)] if audit.ratio else [],
        retry=RetryPolicy(attempts=ATTEMPTS),
        max_duration_s=settings.duration_load_phase,
    )


def levels_of(workload: Workload, audit: Audit | None = None, lost: Lost | None = None) -> list[Level]:
    """Return the levels of a load with what is left to send of each.

    Where documents of a resource refer to earlier ones of it, those that do are a level of their own.
    """
    counts, sent = workload.counts, workload.sent
    roots = workload.documents.roots
    none = OrdinalSet()
    levels: list[Level] = []
    for resources in workload.graph.levels(counts):
        left = {resource: sent.get(resource, none).missing(counts[resource]) for resource in resources}
        split = {resource: bisect_left(left[resource], roots[resource]) for resource in resources if resource in roots}
        first = {resource: ordinals[: split.get(resource)] for resource, ordinals in left.items()}
        halves = [first, {resource: left[resource][begin:] for resource, begin in split.items()}]
        some = [{resource: rest for resource, rest in half.items() if len(rest)} for half in halves]
        levels += [Level(half, audit, lost) for half in (some if split else some[:1])]
    return levels


def _step(name: str, level: Level, workload: Workload) -> Step:
    return Step(
        name=name,
        executor=SharedIterations(
            vus=workload.settings.vus_load_phase,
            iterations=len(level),
            max_duration_s=workload.settings.duration_load_phase,
        ),
        iteration=level.create_one,
        planned=level.planned,
    )
