"""The plan of a run as a value: phases, each of steps with a barrier after every one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from dms_load_test.load.executor import Executor
    from dms_load_test.load.virtual_user import VirtualUser
    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.metrics.totals import Totals

    Iteration = Callable[[VirtualUser], Awaitable[None]]
    Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """What the phase does about answers that may pass: attempts in all (1 = no retry), and how long at the most."""

    attempts: int = 1
    max_elapsed_s: float = 60.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})


NO_RETRY = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One executor at work on one behaviour. `planned` counts the documents it is to create, by resource.

    A step that is `alone` begins when the phases beside its own have ended all their steps that are not: it sees a
    target that nobody of this run writes to. One that is not `timed` is no load: its time and its iterations are in no
    rate of its phase.
    """

    name: str
    executor: Executor
    iteration: Iteration
    planned: Mapping[str, int] = field(default_factory=dict)
    alone: bool = False
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """What a scenario found out, for every view: `rows` have a cell for each of `columns`; numbers are not rounded."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """What a step came to. `response` holds the times of its operations on documents, failed ones included.

    `seconds` is the time that what was due is of: where arrivals were planned, no less than all of theirs.
    """

    step: Step
    seconds: float
    completed: int
    dropped: int
    operations: int
    failed: int
    response: Distribution


class Pilot(Protocol):
    """Decides on each step when the one before has ended. Pure: what it knows are the figures."""

    def next(self, last: StepFigures | None) -> Step | None:
        """Return the next step, None at the end; `last` is None at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Steps run in order; each begins when the one before has ended on every worker.

    `thresholds` are k6 expressions judged over this phase: `http_req_duration: p(95)<5000`. `max_duration_s` limits all
    steps together; what it cuts off counts as not done. `counters` and `trends` are the names that iterations count and
    time under themselves, to be used in thresholds. A `pilot` runs the first of `steps` again and again, with other
    executors, before the others. `tables` is asked at the phase's end, with the figures of the whole run so far.
    """

    name: str
    steps: tuple[Step, ...]
    thresholds: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    trends: tuple[str, ...] = ()
    pilot: Pilot | None = None
    tables: Callable[[Totals], Iterable[Table]] | None = None
    retry: RetryPolicy = NO_RETRY
    max_duration_s: float | None = None

    @property
    def own_metrics(self) -> dict[str, str]:
        """The names of the phase's own metrics with their kinds, as thresholds know them."""
        return dict.fromkeys(self.counters, "counter") | dict.fromkeys(self.trends, "trend")

    @property
    def planned(self) -> dict[str, int]:
        """Documents to create, by resource, over all steps."""
        total: dict[str, int] = {}
        for step in self.steps:
            for resource, count in step.planned.items():
                total[resource] = total.get(resource, 0) + count
        return total
