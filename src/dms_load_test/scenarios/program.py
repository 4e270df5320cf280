"""What a run runs: turns, one after the other, each of one scenario or of several side by side. Can be sent on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SMOKE, LOAD = "smoke", "load"


class Known(Protocol):
    """What a program wants to know of a scenario."""

    @property
    def needs_documents(self) -> bool:
        """Whether it works on documents that a load made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One scenario of a run. `scenario` is a built-in one's name or the path of a file; `name` is that of its phase.

    `thresholds` replace the scenario's own where they are not None. `settings` hold for this item alone, by variable
    name. `shape`: see `scenarios/shapes.py`.
    """

    scenario: str
    name: str
    thresholds: tuple[str, ...] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """The turns of a run. `may_load`: where documents are needed and there are none, a load may be put in front."""

    turns: tuple[tuple[Item, ...], ...]
    may_load: bool = True

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, in order."""
        return tuple(item for turn in self.turns for item in turn)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all items."""
        return tuple(item.name for item in self.items)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios of all items."""
        return tuple(item.scenario for item in self.items)

    def wants_documents(self, resolve: Callable[[str], Known]) -> bool:
        """Whether a scenario works on documents that no load of this program makes before it."""
        for turn in self.turns:
            if any(item.scenario == LOAD for item in turn):
                return False
            if any(resolve(item.scenario).needs_documents for item in turn):
                return True
        return False

    def with_load(self, resolve: Callable[[str], Known]) -> Program:
        """Return the program with a load before the first turn that needs documents."""
        places = (
            number
            for number, turn in enumerate(self.turns)
            if any(resolve(item.scenario).needs_documents for item in turn)
        )
        at = next(places, 0)
        load = (Item(scenario=LOAD, name=LOAD),)
        return replace(self, turns=(*self.turns[:at], load, *self.turns[at:]))


def program_of(scenarios: Iterable[str], *, may_load: bool = True, shape: str = "") -> Program:
    """Return the program that runs scenarios in turn; `shape` is for those that work on documents."""
    turns = []
    for number, scenario in enumerate(names := list(scenarios)):
        name = phase_name(scenario)
        seen = sum(phase_name(other) == name for other in names[:number])
        is_shaped = shape and scenario not in {SMOKE, LOAD}
        turns.append(
            (Item(scenario=scenario, name=f"{name} {seen + 1}" if seen else name, shape=shape if is_shaped else ""),)
        )
    return Program(tuple(turns), may_load)


def phase_name(scenario: str) -> str:
    """Return what a scenario's phase is called unless it is named: `my_scenario` of `folder/my_scenario.py`."""
    return scenario.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
