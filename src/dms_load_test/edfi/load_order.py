"""The list that DMS serves at `/metadata/dependencies`, made by DMS's rules for any model."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.graph import CycleError, Edge, break_cycles, ranks
from dms_load_test.edfi.links import edges_among, links_of
from dms_load_test.edfi.schema import path_of
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dms_load_test.edfi.schema import ApiModel

_ENROLLED = "studentSchoolAssociations"
_PERSONS: Mapping[str, tuple[str, ...]] = {
    "students": (_ENROLLED,),
    "staffs": (
        "staffEducationOrganizationAssignmentAssociations",
        "staffEducationOrganizationEmploymentAssociations",
    ),
    "contacts": ("studentContactAssociations",),
    "parents": ("studentParentAssociations",),
}
"""Person -> the associations that authorize writing about that person."""
_UPDATE_ALSO_AFTER: Mapping[str, tuple[str, ...]] = {"contacts": (_ENROLLED,), "parents": (_ENROLLED,)}
_UNLISTED = frozenset({"schoolYearTypes"})


def write_dependencies(model: ApiModel) -> list[dict[str, Any]]:
    """Return the entries `{"resource": "/ed-fi/students", "order": 3, "operations": ["Create"]}` in DMS's order.

    Descriptors have order 1. A person can be created early but updated only after the associations that authorize it:
    it has two entries, the later one at the start of its group.

    Raises:
        TargetError: required references form a cycle.
    """
    listed, kept = _graph(model)
    orders = {name: rank + 1 for name, rank in ranks(listed, kept).items()}
    return _entries(orders)


def write_graphml(model: ApiModel) -> str:
    """Return the same graph as GraphML; a person's update is a node of its own, named `...#Retry`.

    Raises:
        TargetError: required references form a cycle.
    """
    listed, kept = _graph(model)
    edges = {(path_of(edge.before), path_of(edge.after)) for edge in kept}
    updates = {name: associations for name, associations in _PERSONS.items() if {name, *associations} <= set(listed)}
    edges |= {(path_of(before), f"{path_of(name)}#Retry") for name, after in updates.items() for before in after}
    nodes = sorted([path_of(name) for name in listed] + [f"{path_of(name)}#Retry" for name in updates])
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        '  <graph id="EdFi Dependencies" edgedefault="directed">',
        *(f'    <node id="{node}" />' for node in nodes),
        *(f'    <edge source="{source}" target="{target}" />' for source, target in sorted(edges)),
        "  </graph>",
        "</graphml>",
    ]
    return "\n".join([*lines, ""])


def _graph(model: ApiModel) -> tuple[list[str], frozenset[Edge]]:
    """Return the listed resources and the edges between them that have no cycle."""
    listed = sorted(model.resources.keys() - _UNLISTED)
    links = {name: tuple(links_of(model, model.resources[name])) for name in listed}
    edges = _authorized(edges_among(links, frozenset(listed)), frozenset(listed))
    try:
        kept, _ = break_cycles(edges)
    except CycleError as error:
        raise TargetError(f"these resources require each other in a cycle: {error}") from error
    return listed, kept


def _authorized(edges: Iterable[Edge], listed: frozenset[str]) -> frozenset[Edge]:
    """Let whatever depends on a person depend on the associations that authorize it; drop self references."""
    exempt = frozenset(name for names in _PERSONS.values() for name in names)
    moved = set()
    for edge in edges:
        stands_for = [name for name in _PERSONS.get(edge.before, ()) if name in listed]
        befores = stands_for if stands_for and edge.after not in exempt else [edge.before]
        moved |= {Edge(before, edge.after, edge.required) for before in befores if before != edge.after}
    return frozenset(moved)


def _entries(orders: Mapping[str, int]) -> list[dict[str, Any]]:
    groups: defaultdict[int, list[tuple[str, list[str]]]] = defaultdict(list)
    updates = _update_orders(orders)
    for name in sorted(orders, key=lambda resource: path_of(resource).rpartition("/")[2]):
        operations = ["Create"] if name in updates else ["Create", "Update"]
        groups[orders[name]].append((name, operations))
    for name, order in updates.items():
        groups[order].insert(0, (name, ["Update"]))
    return [
        {"resource": path_of(name), "order": order, "operations": operations}
        for order in sorted(groups)
        for name, operations in groups[order]
    ]


def _update_orders(orders: Mapping[str, int]) -> dict[str, int]:
    """Return person -> order of its second entry, for the persons whose associations the model has."""
    updates = {}
    for person, associations in _PERSONS.items():
        if person in orders and all(name in orders for name in associations):
            after = associations + tuple(name for name in _UPDATE_ALSO_AFTER.get(person, ()) if name in orders)
            updates[person] = 1 + max(orders[name] for name in after)
    return updates
