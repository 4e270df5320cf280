"""A program carried out: the scenarios of each turn planned when it comes, and run, alone or side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dms_load_test.app.scenario_files import planned, resolve
from dms_load_test.app.target import documents_of
from dms_load_test.config import KEYS, Settings
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.verdict import judge
from dms_load_test.scenarios.program import SMOKE
from dms_load_test.scenarios.workload import MOST_SEEDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.app.phases import PhaseRunner
    from dms_load_test.app.session import Session
    from dms_load_test.app.target import Target
    from dms_load_test.load.plan import Phase
    from dms_load_test.scenarios import Workload
    from dms_load_test.scenarios.program import Item, Program

ONE_OF_EVERYTHING = {
    "school_count": 1,
    "student_count": 1,
    "staff_count": 1,
    "courses_per_school": 1,
    "sections_per_course": 1,
}
"""The sizes of a `SMALLEST` scenario's district."""
_APART = MOST_SEEDS // 2
"""From a run's seed to that of its own district: people number their runs 1, 2, 3, and none may update another's."""


class ProgramRunner:
    """Runs the turns of a program against one target."""

    def __init__(self, runner: PhaseRunner, session: Session, target: Target, workload: Workload) -> None:
        self._runner = runner
        self._session = session
        self._target = target
        self._workload = workload

    async def run(self) -> None:
        """Run all turns; a smoke cycle that fails ends the run before any load.

        Raises:
            LoadTestError: As `PhaseRunner.run`, and as `planned`.
        """
        for turn in self._workload.program.turns:
            if self._session.stop.requested:
                return
            by_item = planned_turn(turn, self._workload, self._target)
            if len(by_item) == 1:
                for phase in by_item[0]:
                    await self._run(phase)
            else:
                await self._run(*(phases[0] for phases in by_item))
            if turn[0].scenario == SMOKE and len(self._workload.program.turns) > 1 and not self._passed():
                self._session.note("The smoke cycle failed; nothing else is run.")
                return

    def _passed(self) -> bool:
        return judge(self._runner.thresholds, self._session.totals).passed

    async def _run(self, *phases: Phase) -> None:
        """Run those that have steps side by side: of a load that is resumed none may be left."""
        if self._session.stop.requested:
            return
        for phase in phases:
            if not phase.steps:
                self._session.note(f"Nothing is left to do for {phase.name}.")
        if left := [phase for phase in phases if phase.steps]:
            await self._runner.run(*left)


def require_plannable(workload: Workload, target: Target) -> None:
    """Plan the whole program once, so that a mistake in its last turn is told before its first one is run.

    Raises:
        ConfigError, ScenarioError: As `planned_turn`; a threshold is wrong; phases have the same name.
    """
    items: dict[str, str] = {}
    for turn in workload.program.turns:
        for item, phases in zip(turn, planned_turn(turn, workload, target), strict=True):
            for phase in phases:
                if phase.name in items:
                    raise ConfigError(_same_name(phase.name, items[phase.name], item.name))
                items[phase.name] = item.name
                for text in phase.thresholds:
                    parse_threshold(text, phase.name, phase.own_metrics)


def _same_name(phase: str, first: str, second: str) -> str:
    """Say what to do about phases of the same name: figures, thresholds and users are kept by it."""
    if first == second:
        return f'{first} has several phases with the name "{phase}"; each needs a name of its own'
    return (
        f'{first} and {second} both have a phase with the name "{phase}", which its figures are kept by; let the '
        "scenario's file name its phases by the item (`workload.name or ...`), or leave one of them out"
    )


def planned_turn(turn: tuple[Item, ...], workload: Workload, target: Target) -> list[tuple[Phase, ...]]:
    """Return the phases of each item of a turn.

    Raises:
        ConfigError, ScenarioError: As `planned`; an item of several phases stands beside others.
    """
    by_item = [planned(item, workload_of(item, workload, target)) for item in turn]
    for item, phases in zip(turn, by_item, strict=True):
        if len(turn) > 1 and len(phases) != 1:
            raise ConfigError(f"{item.name} has {len(phases)} phases: it cannot run beside others")
    return by_item


def workload_of(item: Item, workload: Workload, target: Target) -> Workload:
    """Return what an item's scenario plans from: the run's data, unless it wants a district of its own."""
    settings = overridden(workload.settings, item.settings)
    workload = replace(workload, beside_writers=_is_beside_writers(item, workload.program))
    if resolve(item.scenario).smallest:
        settings = settings.model_copy(update=ONE_OF_EVERYTHING)
        seed = (workload.seed + _APART) % MOST_SEEDS
        documents = documents_of(settings, seed, target.model, target.descriptor_values)
        return replace(workload, settings=settings, documents=documents, seed=seed)
    return replace(workload, settings=settings)


def _is_beside_writers(item: Item, program: Program) -> bool:
    turn = next((turn for turn in program.turns if item in turn), ())
    return any(not resolve(other.scenario).reads_only for other in turn if other.name != item.name)


def phase_named(name: str, workload: Workload, target: Target) -> Phase:
    """Return a phase of the workload's program, planned as the coordinator of a run planned it.

    Raises:
        ConfigError, ScenarioError: As `planned`; the program has no such phase.
    """
    for item in workload.program.items:
        for phase in planned(item, workload_of(item, workload, target)):
            if phase.name == name:
                return phase
    raise ConfigError(f"{name}: the run has no such phase")


def overridden(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """Return the settings with some of them set otherwise; names are those of variables.

    Raises:
        ConfigError: A name or a value is wrong.
    """
    if not texts:
        return settings
    for name in texts:
        if name not in KEYS:
            raise ConfigError(f"{name}: no such setting; `dms-load-test config` lists all")
    values = settings.model_dump() | {KEYS[name].field: text for name, text in texts.items()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        wrong = [str(detail["loc"][0]).upper() for detail in error.errors(include_input=False)]
        problems = "; ".join(f"{name}: expected {KEYS[name].expected}" for name in dict.fromkeys(wrong))
        raise ConfigError(problems) from error
