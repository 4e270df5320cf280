"""Load: every planned document is sent exactly once, level by level, so that what it refers to exists.

One step a dependency level, with the barrier that a step's end is. Work is split by document: iteration n of a level
is document n of the level's resources laid end to end, whoever takes it. Where a load is resumed, what was sent before
is left out of the row.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from dms_load_test.load.executor import SharedIterations
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.plan import Phase, RetryPolicy, Step
from dms_load_test.load.virtual_user import CREATED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dms_load_test.load.virtual_user import VirtualUser
    from dms_load_test.scenarios.workload import Workload

ATTEMPTS = 5
"""A load is to be complete: an answer that may pass is asked again, which the report shows."""


class Level:
    """The documents of one level as one numbered row: number -> (resource, ordinal).

    `ordinals` holds those to send of each resource, such as `range(count)`.
    """

    def __init__(self, ordinals: Mapping[str, Sequence[int]]) -> None:
        self.planned = {resource: len(numbers) for resource, numbers in ordinals.items()}
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

    async def create_one(self, vu: VirtualUser) -> None:
        """Create the document of the user's iteration and remember it."""
        resource, ordinal = self.document(vu.iteration)
        reply = await vu.api.create(resource, vu.generate.payload(resource, ordinal), ordinal)
        if reply.ok:
            vu.inventory.add(resource, ordinal, reply.document_id, created=reply.status == CREATED)


def plan(workload: Workload) -> Phase:
    """Plan the load phase: the planned documents of the run that are not sent yet, each level a step."""
    settings = workload.settings
    return Phase(
        name="load",
        steps=tuple(
            _step(number, level, workload) for number, level in enumerate(levels_of(workload), start=1) if len(level)
        ),
        thresholds=settings.thresholds_load,
        retry=RetryPolicy(attempts=ATTEMPTS),
        max_duration_s=settings.duration_load_phase,
    )


def levels_of(workload: Workload) -> list[Level]:
    """Return the levels of a load with what is left to send of each."""
    counts, sent = workload.counts, workload.sent
    none = OrdinalSet()
    return [
        Level(
            {
                resource: left
                for resource in resources
                if len(left := sent.get(resource, none).missing(counts[resource]))
            }
        )
        for resources in workload.graph.levels(counts)
    ]


def _step(number: int, level: Level, workload: Workload) -> Step:
    return Step(
        name=f"level {number}",
        executor=SharedIterations(
            vus=workload.settings.vus_load_phase,
            iterations=len(level),
            max_duration_s=workload.settings.duration_load_phase,
        ),
        iteration=level.create_one,
        planned=level.planned,
    )
