"""The plan of a run as a value: phases, each of steps with a barrier after every one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dms_load_test.load.executor import Executor
    from dms_load_test.load.virtual_user import VirtualUser

    Iteration = Callable[[VirtualUser], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """What the phase does about answers that may pass: attempts in all (1 = no retry), and how long at the most."""

    attempts: int = 1
    max_elapsed_s: float = 60.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})


NO_RETRY = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One executor at work on one behaviour. `planned` counts the documents it is to create, by resource."""

    name: str
    executor: Executor
    iteration: Iteration
    planned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Steps run in order; each begins when the one before has ended on every worker.

    `thresholds` are k6 expressions judged over this phase: `http_req_duration: p(95)<5000`. `max_duration_s` limits all
    steps together; what it cuts off counts as not done.
    """

    name: str
    steps: tuple[Step, ...]
    thresholds: tuple[str, ...] = ()
    retry: RetryPolicy = NO_RETRY
    max_duration_s: float | None = None

    @property
    def planned(self) -> dict[str, int]:
        """Documents to create, by resource, over all steps."""
        total: dict[str, int] = {}
        for step in self.steps:
            for resource, count in step.planned.items():
                total[resource] = total.get(resource, 0) + count
        return total
