"""A scenario as the rest of the program knows it: the module's `plan`, and what else the module says about itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dms_load_test.errors import ScenarioError
from dms_load_test.load.plan import Phase
from dms_load_test.scenarios.program import phase_name
from dms_load_test.scenarios.shapes import shaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.scenarios.program import Item
    from dms_load_test.scenarios.workload import Workload


@dataclass(frozen=True, slots=True)
class Scenario:
    """`plan` returns the phases to run in turn; the switches are variables of the scenario's file.

    `NEEDS_DOCUMENTS`: it works on documents that a load made. `SMALLEST`: it wants a district of one of everything,
    with documents of its own, which it deletes again. `ONE_PROCESS`: what it finds out, beyond counters and times, is
    in the memory of the process that runs it, so that workers would each know a part. `READS_ONLY`: those beside it
    need not expect writes.
    """

    name: str
    plan: Callable[[Workload], tuple[Phase, ...]]
    about: str = ""
    needs_documents: bool = False
    smallest: bool = False
    one_process: bool = False
    reads_only: bool = False

    @classmethod
    def of_module(cls, name: str, module: Any) -> Scenario:
        """Return the scenario of a module. Raises: ScenarioError: it has no `plan`."""
        make = getattr(module, "plan", None)
        if not callable(make):
            raise ScenarioError(f"{name}: there is no function plan(workload), which returns the scenario's phases")

        def plan(workload: Workload) -> tuple[Phase, ...]:
            made = make(workload)
            phases = (made,) if isinstance(made, Phase) else tuple(made)
            if not phases or not all(isinstance(phase, Phase) for phase in phases):
                raise ScenarioError(f"{name}: plan(workload) returned {made!r}; expected a Phase or several")
            return phases

        about = (module.__doc__ or "").strip().partition("\n")[0]
        switches = ("NEEDS_DOCUMENTS", "SMALLEST", "ONE_PROCESS", "READS_ONLY")
        return cls(name, plan, about, *(bool(getattr(module, switch, False)) for switch in switches))


def phases_of(item: Item, scenario: Scenario, workload: Workload) -> tuple[Phase, ...]:
    """Return the phases of an item. Raises: what the scenario's `plan` raises; ConfigError: the shape does not fit."""
    named = workload if item.name == phase_name(item.scenario) else replace(workload, name=item.name)
    phases = scenario.plan(named)
    if item.thresholds is not None:
        phases = tuple(replace(phase, thresholds=item.thresholds) for phase in phases)
    if item.shape:
        phases = tuple(shaped(phase, item.shape, workload.settings.shape_peak) for phase in phases)
    return phases
