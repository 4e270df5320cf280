"""What is compared: a subject in two runs, each with its totals and the same by slices of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.metrics.noise import Slices

if TYPE_CHECKING:
    from dms_load_test.metrics.ranks import Ranks

PERCENTS = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
BELOW = tuple(PERCENTS)
ABOVE = "above"
TIME_PARTS = (*BELOW, ABOVE)
"""Numerators of `Side.times`: requests not longer than each percentile; how much of the other run they exceed."""


class Subject(NamedTuple):
    """What a row is about; an empty operation or resource stands for all."""

    phase: str
    operation: str = ""
    resource: str = ""

    @property
    def depth(self) -> int:
        """0 for all operations of a phase, 1 for an operation on all resources, 2 on one."""
        return 2 if self.resource else 1 if self.operation else 0

    @property
    def over(self) -> Subject | None:
        """The subject that sums this one up with its like; None for a phase."""
        if self.resource:
            return self._replace(resource="")
        return self._replace(operation="") if self.operation else None


@dataclass(slots=True)
class Side:
    """One run's part of a row: totals, and the same by slices of time."""

    response: Ranks
    done: int
    failed: int
    seconds: float
    times: Slices = field(default_factory=lambda: Slices(len(TIME_PARTS)))
    counts: Slices = field(default_factory=lambda: Slices(1))
    """Operations by seconds."""
    errors: Slices = field(default_factory=lambda: Slices(1))
    """Failed operations by operations."""

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def failed_ratio(self) -> float:
        """Failed operations by operations."""
        return self.failed / self.done if self.done else 0.0


class Pair(NamedTuple):
    """A subject in both runs."""

    subject: Subject
    base: Side
    new: Side
