"""Scenarios by name or from a user's file; what is wrong with a file is told with its line."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError, LoadTestError, ScenarioError
from dms_load_test.scenarios import SCENARIOS, Scenario
from dms_load_test.scenarios.program import phase_name
from dms_load_test.scenarios.scenario import phases_of

if TYPE_CHECKING:
    from types import ModuleType

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
        raise told(error, str(Path(item.scenario).resolve())) from error


@lru_cache(maxsize=32)
def _from_file(path: Path, name: str) -> Scenario:
    if not path.is_file():
        raise ConfigError(f"scenario {name}: no such file")
    # Two users' files may have the same name; each is a module of its own.
    module_name = f"scenario_{sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"scenario {name}: no Python file")
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise told(error, str(path)) from error
    return Scenario.of_module(f"{path}" if phase_name(name) in SCENARIOS else phase_name(name), module)


def told(error: Exception, path: str) -> ScenarioError:
    """Return what is wrong with a file: `mine.py:12: NameError: name 'x' is not defined`."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return ScenarioError(f"{path}:{error.lineno}: {error.msg}")
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    place = f"{path}:{own[-1].lineno}" if own else path
    return ScenarioError(f"{place}: {type(error).__name__}: {error}")
