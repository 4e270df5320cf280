"""Scenarios by name or from a user's file; what is wrong with a file is told with its line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.app.user_modules import fault_of, load_module
from dms_load_test.errors import ConfigError, LoadTestError, ScenarioError
from dms_load_test.scenarios import SCENARIOS, Scenario
from dms_load_test.scenarios.program import phase_name
from dms_load_test.scenarios.scenario import phases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dms_load_test.load.plan import Phase, Pilot, Step, StepFigures, Table
    from dms_load_test.metrics.totals import Totals
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
        ScenarioError: The `plan` of a user's file raised, or later its tables or pilot; the message tells the line.
        ConfigError: As `phases_of`.
    """
    scenario = resolve(item.scenario)
    if not item.scenario.endswith(SUFFIX):
        return phases_of(item, scenario, workload)
    path = Path(item.scenario).resolve()
    with _told(path):
        return tuple(_told_phase(phase, path) for phase in phases_of(item, scenario, workload))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell the line of what a user's code raises, which may be anything."""
    try:
        yield
    except LoadTestError:
        raise
    except Exception as error:
        raise ScenarioError(fault_of(error, path)) from error


def _told_phase(phase: Phase, path: Path) -> Phase:
    """Return the phase; what its tables and its pilot raise is told with the line (iterations are by the engine)."""
    pilot = None if phase.pilot is None else _ToldPilot(phase.pilot, path)
    tables = None if phase.tables is None else partial(_told_tables, phase.tables, path)
    return replace(phase, pilot=pilot, tables=tables)


def _told_tables(tables: Callable[[Totals], Iterable[Table]], path: Path, totals: Totals) -> tuple[Table, ...]:
    with _told(path):
        return tuple(tables(totals))


class _ToldPilot:
    """A user's pilot."""

    def __init__(self, pilot: Pilot, path: Path) -> None:
        self._pilot = pilot
        self._path = path

    def next(self, last: StepFigures | None) -> Step | None:
        """Return the next step."""
        with _told(self._path):
            return self._pilot.next(last)


@lru_cache(maxsize=32)
def _from_file(path: Path, name: str) -> Scenario:
    if not path.is_file():
        raise ConfigError(f"scenario {name}: no such file")
    try:
        module = load_module(path)
    except Exception as error:
        raise ScenarioError(fault_of(error, path)) from error
    return Scenario.of_module(f"{path}" if phase_name(name) in SCENARIOS else phase_name(name), module)
