"""All that a scenario is written with: import from here, as the built-in ones do.

A scenario is a file with a function `plan(workload)` that returns one phase, or several to be run in turn. A phase has
steps, a step an executor and an iteration: `async def iteration(vu: VirtualUser) -> None`. See docs/scenarios.md.

    from dms_load_test.scenarios.api import ConstantVus, Phase, VirtualUser, Workload, phase

    async def look_up(vu: VirtualUser) -> None:
        reply = await vu.api.query("students", {"limit": 1})
        vu.check("there are students", len(rows_of(reply) or ()) == 1)

    def plan(workload: Workload) -> Phase:
        return phase("look up", look_up, ConstantVus(vus=2, duration_s=10.0), thresholds=("checks: rate==1",))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.errors import ScenarioError
from dms_load_test.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from dms_load_test.load.pause import Constant, Exponential, Pause, Uniform
from dms_load_test.load.plan import Phase, Pilot, RetryPolicy, Step, StepFigures, Table
from dms_load_test.load.virtual_user import CREATED, Api, Entry, Inventory, Reply, Violation, VirtualUser
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.metrics.totals import Totals
from dms_load_test.scenarios.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = [
    "CREATED",
    "Api",
    "Constant",
    "ConstantArrivalRate",
    "ConstantVus",
    "Distribution",
    "Entry",
    "Executor",
    "Exponential",
    "Inventory",
    "Pause",
    "PerVuIterations",
    "Phase",
    "Pilot",
    "RampingArrivalRate",
    "RampingVus",
    "Reply",
    "RetryPolicy",
    "ScenarioError",
    "SharedIterations",
    "Stage",
    "Step",
    "StepFigures",
    "Table",
    "Totals",
    "Uniform",
    "Violation",
    "VirtualUser",
    "Workload",
    "counted",
    "document_of",
    "encode",
    "phase",
    "rows_of",
    "total_of",
]


def phase(name: str, iteration: Callable[[VirtualUser], Awaitable[None]], executor: Executor, **options: Any) -> Phase:
    """Return a phase of one step; `options` are those of `Phase`: thresholds, counters, trends, retry, tables."""
    return Phase(name=name, steps=(Step(name=name, executor=executor, iteration=iteration),), **options)


def encode(document: Any) -> bytes:
    """Return a document as the JSON bytes that the verbs take."""
    return msgspec.json.encode(document)


def rows_of(reply: Reply) -> list[dict[str, Any]] | None:
    """Return the documents of a page; None where the target sent no list of documents, whatever its status says."""
    rows = _decoded(reply)
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def document_of(reply: Reply) -> dict[str, Any] | None:
    """Return the document of an answer; None where the target sent none, whatever its status says."""
    document = _decoded(reply)
    return document if isinstance(document, dict) else None


def _decoded(reply: Reply) -> Any:
    if not reply.ok:
        return None
    try:
        return reply.json()
    except ValueError:
        return None


async def total_of(api: Api, resource: str, operation: str = "query") -> int | None:
    """Return how many documents of a resource the target counts; None where it does not say."""
    reply = await api.query(resource, {"limit": 1, "totalCount": "true"}, operation=operation)
    count = reply.headers.get("total-count", "") if reply.ok else ""
    return int(count) if count.isdecimal() else None


def counted(totals: Totals, phase_name: str, counter: str) -> dict[str, int]:
    """Return what a phase counted under a counter, by kind."""
    counters = totals.tally.counters.items()
    return {kind: count for (at, name, kind), count in counters if (at, name) == (phase_name, counter)}
