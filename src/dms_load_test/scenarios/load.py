"""Load: every planned document is sent exactly once, level by level, so that what it refers to exists.

One step a dependency level, with the barrier that a step's end is. Work is split by document: iteration n of a level
is document n of the level's resources laid end to end, whoever takes it.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from dms_load_test.load.executor import SharedIterations
from dms_load_test.load.plan import Phase, RetryPolicy, Step
from dms_load_test.load.virtual_user import CREATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.load.virtual_user import VirtualUser
    from dms_load_test.scenarios.workload import Workload

ATTEMPTS = 5
"""A load is to be complete: an answer that may pass is asked again, which the report shows."""


class Level:
    """The documents of one level as one numbered row: number -> (resource, ordinal)."""

    def __init__(self, planned: Mapping[str, int]) -> None:
        self.planned = planned
        self._resources = tuple(planned)
        self._ends = tuple(accumulate(planned.values()))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def document(self, number: int) -> tuple[str, int]:
        """Return resource and ordinal of document `number`, 0 <= number < len(self)."""
        at = bisect_right(self._ends, number)
        begin = self._ends[at - 1] if at else 0
        return self._resources[at], number - begin

    async def create_one(self, vu: VirtualUser) -> None:
        """Create the document of the user's iteration and remember it."""
        resource, ordinal = self.document(vu.iteration)
        reply = await vu.api.create(resource, vu.generate.payload(resource, ordinal), ordinal)
        if reply.ok:
            vu.inventory.add(resource, ordinal, reply.document_id, created=reply.status == CREATED)


def plan(workload: Workload) -> Phase:
    """Plan the load phase: the planned documents of the run, each level a step."""
    settings, counts = workload.settings, workload.counts
    levels = [
        Level({resource: counts[resource] for resource in resources}) for resources in workload.graph.levels(counts)
    ]
    return Phase(
        name="load",
        steps=tuple(_step(number, level, workload) for number, level in enumerate(levels, start=1)),
        thresholds=settings.thresholds_load,
        retry=RetryPolicy(attempts=ATTEMPTS),
        max_duration_s=settings.duration_load_phase,
    )


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
