"""What each resource of a model points to: its references and the descriptors it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test.edfi.graph import Edge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dms_load_test.edfi.schema import ApiModel, Node, ResourceSchema


@dataclass(frozen=True, slots=True)
class Link:
    """A resource points to a document of one of `targets` (several for an abstract reference).

    `required`: no valid document of it can be without it, so neither the member nor what holds it is optional.
    """

    targets: tuple[str, ...]
    required: bool
    abstract: str = ""
    """Name of the abstract resource that `targets` are the subclasses of; empty for other links."""
    descriptor: bool = False
    """Whether the value of a member is a descriptor of the one target."""


def links_of(model: ApiModel, schema: ResourceSchema) -> Iterator[Link]:
    """Yield the links of one resource; targets that the model does not know are left out."""
    for target, required in _pointers(schema.body, needed=True):
        abstract = model.abstract.get(target)
        if abstract is not None:
            targets = tuple(name for name in abstract.subclasses if name in model.resources)
            yield Link(targets, required, target)
            continue
        endpoint = model.descriptors.get(target, target)
        if endpoint in model.resources:
            yield Link((endpoint,), required, descriptor=target in model.descriptors)


def edges_among(links: Mapping[str, tuple[Link, ...]], resources: Collection[str]) -> frozenset[Edge]:
    """Return one edge per pair of `resources` that a link joins.

    An abstract reference can be met by any subclass: it alone makes an edge required only where a single subclass is
    among `resources`.
    """
    required: dict[tuple[str, str], bool] = {}
    for resource in resources:
        for link in links[resource]:
            targets = [target for target in link.targets if target in resources]
            for target in targets:
                pair = target, resource
                required[pair] = required.get(pair, False) or (link.required and len(targets) == 1)
    return frozenset(Edge(before, after, needed) for (before, after), needed in required.items())


def _pointers(node: Node, *, needed: bool) -> Iterator[tuple[str, bool]]:
    """Yield (target or descriptor name, required) of everything `node` points to.

    Members of a reference that are descriptors count too: the target must exist with them.
    """
    for leaf in node.leaves:
        if leaf.descriptor:
            yield leaf.descriptor, needed and leaf.required
    for reference in node.references:
        yield reference.target, needed and reference.required
        for leaf in reference.leaves:
            if leaf.descriptor:
                yield leaf.descriptor, needed and reference.required
    for inline in node.objects:
        yield from _pointers(inline.node, needed=needed and inline.required)
    for collection in node.collections:
        yield from _pointers(collection.item, needed=needed and collection.required)
