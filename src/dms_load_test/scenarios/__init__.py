"""Behaviour: one file per scenario, each with `plan(workload)`, and the dict of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.scenarios import changes, contention, filtered, knee, load, paging, pipeclean, readwrite, smoke
from dms_load_test.scenarios.scenario import Scenario
from dms_load_test.scenarios.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODULES = {
    "smoke": smoke,
    "load": load,
    "readwrite": readwrite,
    "pipeclean": pipeclean,
    "paging": paging,
    "filtered": filtered,
    "changes": changes,
    "contention": contention,
    "knee": knee,
}
SCENARIOS: Mapping[str, Scenario] = {name: Scenario.of_module(name, module) for name, module in _MODULES.items()}
PHASES: Mapping[str, tuple[str, ...]] = {
    "smoke": ("smoke",),
    "load": ("smoke", "load"),
    "readwrite": ("smoke", "readwrite"),
    "full": ("smoke", "load", "readwrite"),
}
"""What `--phase` runs: the smoke cycle always comes first, so that a wrong set-up ends before any load."""

__all__ = ["PHASES", "SCENARIOS", "Scenario", "Workload"]
