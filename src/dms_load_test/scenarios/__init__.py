"""Behaviour: one file per scenario, each with `plan(workload) -> Phase`, and the dict of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.scenarios import load, readwrite, smoke
from dms_load_test.scenarios.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.load.plan import Phase

SCENARIOS: Mapping[str, Callable[[Workload], Phase]] = {
    "smoke": smoke.plan,
    "load": load.plan,
    "readwrite": readwrite.plan,
}
PHASES: Mapping[str, tuple[str, ...]] = {
    "smoke": ("smoke",),
    "load": ("smoke", "load"),
    "readwrite": ("smoke", "readwrite"),
    "full": ("smoke", "load", "readwrite"),
}
"""What `--phase` runs: the smoke cycle always comes first, so that a wrong set-up ends before any load."""

__all__ = ["PHASES", "SCENARIOS", "Workload"]
