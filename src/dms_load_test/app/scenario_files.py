"""Scenarios by name or from a user's file; what is wrong with a file is told with its line."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.app.user_modules import fault_of, load_module
from dms_load_test.errors import ConfigError, LoadTestError, ScenarioError
from dms_load_test.scenarios import SCENARIOS, Scenario
from dms_load_test.scenarios.program import phase_name
from dms_load_test.scenarios.scenario import phases_of

if TYPE_CHECKING:
    from dms_load_test.load.plan import Phase
    from dms_load_test.scenarios import Workload
    from dms_load_test.scenarios.program import Item

SUFFIX = ".py"


def resolve(name: str) -> Scenario:
    """Return a built-in scenario by name, or that of a file by path.

    Raises:
        ConfigError: There is no such scenario or file.
        ScenarioError: The file is no scenario; the message tells file and line.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    if not name.endswith(SUFFIX):
        raise ConfigError(
            f'scenario "{name}": expected one of {", ".join(SCENARIOS)}, or the path of a Python file that ends in .py'
        )
    return _from_file(Path(name).resolve(), name)


def planned(item: Item, workload: Workload) -> tuple[Phase, ...]:
    """Return the phases of an item.

    Raises:
        ScenarioError: The scenario's `plan` raised; the message tells file and line.
        ConfigError: As `phases_of`.
    """
    scenario = resolve(item.scenario)
    try:
        return phases_of(item, scenario, workload)
    except LoadTestError:
        raise
    except Exception as error:  # a user's code may raise anything
        if not item.scenario.endswith(SUFFIX):
            raise
        raise ScenarioError(fault_of(error, Path(item.scenario).resolve())) from error


@lru_cache(maxsize=32)
def _from_file(path: Path, name: str) -> Scenario:
    if not path.is_file():
        raise ConfigError(f"scenario {name}: no such file")
    try:
        module = load_module(path)
    except Exception as error:
        raise ScenarioError(fault_of(error, path)) from error
    return Scenario.of_module(f"{path}" if phase_name(name) in SCENARIOS else phase_name(name), module)
