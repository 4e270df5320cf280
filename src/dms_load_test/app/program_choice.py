"""What a run is to run, from what the user gave: a phase, or scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.app.scenario_files import resolve
from dms_load_test.errors import ConfigError
from dms_load_test.scenarios import PHASES
from dms_load_test.scenarios.program import SMOKE, program_of
from dms_load_test.scenarios.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dms_load_test.scenarios.program import Program


def program_from(phase: str | None, scenarios: Sequence[str], shape: str) -> Program:
    """Return the program. Without any choice it is the full one: smoke, load, readwrite.

    Raises:
        ConfigError: There is no such phase, scenario or shape, or both a phase and scenarios are given.
        ScenarioError: A scenario's file is wrong.
    """
    if phase and scenarios:
        raise ConfigError("--phase and --scenario both say what to run; give one of them")
    if shape and shape not in SHAPES:
        raise ConfigError(f'--shape "{shape}": expected one of {", ".join(SHAPES)}')
    if scenarios:
        names = [name for text in scenarios for name in text.split(",") if name]
        for name in names:
            resolve(name)
        return program_of(names if names[:1] == [SMOKE] else [SMOKE, *names], shape=shape)
    chosen = phase or "full"
    if chosen not in PHASES:
        raise ConfigError(f'--phase "{chosen}": expected one of {", ".join(PHASES)}')
    return program_of(PHASES[chosen], may_load=chosen == "full", shape=shape)
