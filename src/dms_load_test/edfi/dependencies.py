"""In which order resources can be loaded: the API's own list joined with the references of its OpenAPI documents.

How the two are joined:
- References are the law: a resource's level is higher than that of all it refers to. Where the list says otherwise,
  the reference wins and moves the referrer behind its target.
- The list (`/metadata/dependencies`) is kept beyond that, because it knows more than references tell: who may write
  about a student depends on the student's enrolment. A resource is never loaded before its order in the list; where a
  resource has several entries, the one for `Create` counts.
- What the list leaves out (`schoolYearTypes` in DMS) is loaded as early as its references allow.
- A cycle is broken at references that are not required; one of required references is an error.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.graph import CycleError, Edge, break_cycles, ranks
from dms_load_test.edfi.links import Link, edges_among, links_of
from dms_load_test.edfi.load_order import write_dependencies
from dms_load_test.edfi.schema import resource_of
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel

__all__ = ["DependencyEntry", "DependencyGraph", "parse_dependencies", "write_dependencies"]

_NAMES_SHOWN = 10
_USUAL_SUBCLASS = {
    "EducationOrganization": "schools",
    "GeneralStudentProgramAssociation": "studentProgramAssociations",
}
"""Which subclass `closure` adds for an abstract reference that nothing chosen meets."""


@dataclass(frozen=True, slots=True)
class DependencyEntry:
    """One entry of `/metadata/dependencies`: from `order` (1 or more) on, `operations` on `resource` can succeed."""

    resource: str
    order: int
    operations: tuple[str, ...] = ("Create", "Update")


def parse_dependencies(entries: Any) -> tuple[DependencyEntry, ...]:
    """Read the JSON list of `/metadata/dependencies`, just decoded.

    Raises:
        TargetError: the document is no list of `{resource, order, operations}`.
    """
    if not isinstance(entries, (list, tuple)):
        raise TargetError("the dependencies document is no JSON list; check DEPENDENCIES_URL")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries))


def _entry(number: int, entry: Any) -> DependencyEntry:
    try:
        operations = tuple(str(operation) for operation in entry.get("operations", ("Create", "Update")))
        return DependencyEntry(resource_of(entry["resource"]), int(entry["order"]), operations)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise TargetError(
            f"entry {number} of the dependencies document is no {{resource, order, operations}}; check DEPENDENCIES_URL"
        ) from problem


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """Which resource needs which. Make it with `build`; all names are resources, descriptors included."""

    _links: Mapping[str, tuple[Link, ...]]
    _floor: Mapping[str, int]
    _referrers: Mapping[str, frozenset[str]]

    @classmethod
    def build(cls, model: ApiModel, entries: Iterable[DependencyEntry]) -> DependencyGraph:
        """Join the model's references with the API's list.

        Raises:
            TargetError: `entries` name resources that the model does not have, or required references form a cycle.
        """
        floor = _create_orders(entries)
        unknown = sorted(floor.keys() - model.resources.keys())
        if unknown:
            raise TargetError(
                f"the dependencies name {_some(unknown)}, which the OpenAPI documents do not describe; "
                "check that DEPENDENCIES_URL and OPENAPI_URLS belong to the same API"
            )
        links = {name: tuple(links_of(model, schema)) for name, schema in model.resources.items()}
        referrers: defaultdict[str, set[str]] = defaultdict(set)
        for name, pointers in links.items():
            for link in pointers:
                for target in link.targets:
                    referrers[target].add(name)
        graph = cls(links, floor, {name: frozenset(found) for name, found in referrers.items()})
        graph.levels(links)  # a cycle is told at once, not by the first plan that has it
        return graph

    def levels(self, resources: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        """Divide `resources` into levels: each needs only earlier ones, broken references aside; sorted within.

        Only `resources` themselves count: what they need beyond must exist already (see `closure`).

        Raises:
            TargetError: a name is unknown, or required references among them form a cycle.
        """
        chosen = self._known(resources)
        kept, _ = self._edges(chosen)
        by_rank: defaultdict[int, list[str]] = defaultdict(list)
        for name, rank in ranks(sorted(chosen), kept, self._floor).items():
            by_rank[rank].append(name)
        return tuple(tuple(by_rank[rank]) for rank in sorted(by_rank))

    def broken(self, resources: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Return the (referrer, target) pairs among `resources` that no level order can honour: leave them out.

        A resource's reference to itself is not one of them: it may point to an earlier document.
        """
        _, broken = self._edges(self._known(resources))
        return frozenset((edge.after, edge.before) for edge in broken if edge.after != edge.before)

    def closure(self, resources: Iterable[str]) -> frozenset[str]:
        """Return `resources` and all they need, and what that needs, descriptors aside.

        An abstract reference is met by any subclass; if none is chosen, its usual one is added.

        Raises:
            TargetError: a name is unknown.
        """
        found = set(self._known(resources))
        waiting = sorted(found)
        while waiting:
            for link in self._links[waiting.pop(0)]:
                wanted = link.required and not link.descriptor
                if wanted and link.targets and found.isdisjoint(link.targets):
                    usual = _USUAL_SUBCLASS.get(link.abstract, "")
                    name = usual if usual in link.targets else link.targets[0]
                    found.add(name)
                    waiting.append(name)
        return frozenset(found)

    def references(self, resource: str) -> frozenset[str]:
        """Return all that documents of `resource` may point to, itself and descriptors included."""
        (known,) = self._known((resource,))
        return frozenset(target for link in self._links[known] for target in link.targets)

    def referrers(self, resource: str) -> frozenset[str]:
        """Return all whose documents may point to documents of `resource`."""
        (known,) = self._known((resource,))
        return self._referrers.get(known, frozenset())

    def to_dot(self, resources: Iterable[str]) -> str:
        """Draw `resources` in Graphviz's language: a column per level, optional references dashed, broken ones red."""
        chosen = self._known(resources)
        kept, broken = self._edges(chosen)
        lines = ['digraph "Ed-Fi dependencies" {', "  rankdir=LR;", "  node [shape=box];"]
        for level in self.levels(chosen):
            names = " ".join(f'"{name}";' for name in level)
            lines += [f"  {{ rank=same; {names} }}"]
        for edge in sorted(kept | broken):
            style = "" if edge.required else ' [style=dashed, color="red"]' if edge in broken else " [style=dashed]"
            lines.append(f'  "{edge.before}" -> "{edge.after}"{style};')
        return "\n".join([*lines, "}", ""])

    def _known(self, resources: Iterable[str]) -> frozenset[str]:
        chosen = frozenset(resources)
        unknown = sorted(chosen - self._links.keys())
        if unknown:
            raise TargetError(f"the target has no resource {_some(unknown)}; `resources` lists what it has")
        return chosen

    def _edges(self, resources: frozenset[str]) -> tuple[frozenset[Edge], frozenset[Edge]]:
        """Return the (kept, broken) edges among `resources`."""
        try:
            return break_cycles(edges_among(self._links, resources))
        except CycleError as error:
            raise TargetError(f"these resources require each other in a cycle: {error}") from error


def _create_orders(entries: Iterable[DependencyEntry]) -> dict[str, int]:
    orders: dict[str, int] = {}
    for entry in entries:
        if "Create" in entry.operations:
            orders[entry.resource] = min(entry.order, orders.get(entry.resource, entry.order))
    return orders


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown
