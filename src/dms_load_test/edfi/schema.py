"""What a resource looks like: the one form that the embedded standard and OpenAPI documents are both read into.

Rules of this file:
- A *resource* is named by its endpoint: `students`; outside the core project with its prefix: `tpdm/candidates`.
  `resource_of` and `path_of` are the only places that know how that maps to a URL path.
- A *path* points to a leaf in a document as Ed-Fi writes it: `$.addresses[*].city`, `$.schoolReference.schoolId`.
- `required` is relative to the immediate parent: a required member of an optional object may be absent with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Kind = Literal["string", "integer", "number", "boolean"]
CORE = "ed-fi"


def resource_of(path: str) -> str:
    """`/ed-fi/students` -> `students`; `/tpdm/candidates` -> `tpdm/candidates`."""
    return path.strip("/").removeprefix(f"{CORE}/")


def path_of(resource: str) -> str:
    """`students` -> `/ed-fi/students`; `tpdm/candidates` -> `/tpdm/candidates`."""
    return f"/{resource}" if "/" in resource else f"/{CORE}/{resource}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar member. Lengths are in characters, bounds inclusive, `digits` is (total, decimal places)."""

    name: str
    kind: Kind
    required: bool = False
    format: str = ""
    descriptor: str = ""
    """Name of the descriptor whose URI the value is: `GradeLevelDescriptor`; empty for other values."""
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    digits: tuple[int, int] | None = None
    pattern: str = ""
    enum: tuple[str, ...] = ()
    blanks: Literal["", "noEdge", "notBlank"] = ""
    """`noEdge`: no leading or trailing blank; `notBlank`: at least one visible character."""
    suggested: tuple[float | None, float | None] = (None, None)
    """Bounds that the data standard gives and a server does not check; generated values stay inside."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference object: the natural key of a document of `target`, member by member.

    `target` is a resource (`schools`) or an abstract name (`EducationOrganization`); `keys` maps each member of the
    reference object to the identity path in the target that it repeats.
    """

    name: str
    target: str
    leaves: tuple[Leaf, ...]
    keys: Mapping[str, str]
    required: bool = False
    identity: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """An object: the body of a resource, an inline common, an extension, or the item of a collection."""

    leaves: tuple[Leaf, ...] = ()
    references: tuple[Reference, ...] = ()
    objects: tuple[Inline, ...] = ()
    collections: tuple[Collection, ...] = ()


@dataclass(frozen=True, slots=True)
class Inline:
    """A single nested object that is no reference, `contentStandard` or `_ext`."""

    name: str
    node: Node
    required: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """An array of objects. `key`: paths relative to the item that must differ between items of one array."""

    name: str
    item: Node
    required: bool = False
    min_items: int = 0
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceSchema:
    """One resource of the API.

    `name` is the singular (`StudentSchoolAssociation`), `identity` the natural key's paths in order of the standard,
    `equal` pairs of paths whose values must agree wherever both are present, `query` the filter parameters and the
    path each one compares. `superclass_identity` is set where the subclass renames its superclass's only key member
    (`schoolId` is an `educationOrganizationId`).
    """

    resource: str
    name: str
    body: Node
    identity: tuple[str, ...]
    equal: tuple[tuple[str, str], ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    superclass: str = ""
    superclass_identity: str = ""
    allow_identity_updates: bool = False
    is_descriptor: bool = False


@dataclass(frozen=True, slots=True)
class AbstractResource:
    """A superclass that has no endpoint: its documents are those of `subclasses` (resources)."""

    name: str
    identity: tuple[str, ...]
    subclasses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApiModel:
    """All resources of one API, descriptors included. `descriptors`: `SexDescriptor` -> `sexDescriptors`."""

    resources: Mapping[str, ResourceSchema]
    abstract: Mapping[str, AbstractResource] = field(default_factory=dict)
    descriptors: Mapping[str, str] = field(default_factory=dict)

    def targets(self, reference: Reference) -> tuple[str, ...]:
        """Return the resources whose documents `reference` may point to."""
        abstract = self.abstract.get(reference.target)
        return abstract.subclasses if abstract else (reference.target,)


def walk_leaves(node: Node, at: str = "$") -> Iterator[tuple[str, Leaf]]:
    """Yield (path, leaf) for every leaf below `node`, members of references included."""
    for leaf in node.leaves:
        yield f"{at}.{leaf.name}", leaf
    for path, reference in _own_references(node, at):
        for leaf in reference.leaves:
            yield f"{path}.{leaf.name}", leaf
    for path, child in _children(node, at):
        yield from walk_leaves(child, path)


def walk_references(node: Node, at: str = "$") -> Iterator[tuple[str, Reference]]:
    """Yield (path, reference) for every reference below `node`: `$.classPeriods[*].classPeriodReference`."""
    yield from _own_references(node, at)
    for path, child in _children(node, at):
        yield from walk_references(child, path)


def walk_collections(node: Node, at: str = "$") -> Iterator[tuple[str, Collection]]:
    """Yield (path, collection) for every collection below `node`: `$.addresses`, `$.addresses[*].periods`."""
    for collection in node.collections:
        yield f"{at}.{collection.name}", collection
    for path, child in _children(node, at):
        yield from walk_collections(child, path)


def map_references(node: Node, change: Callable[[Reference], Reference]) -> Node:
    """Return `node` with each reference in it, at any depth, replaced by what `change` makes of it."""
    return Node(
        leaves=node.leaves,
        references=tuple(change(reference) for reference in node.references),
        objects=tuple(replace(inline, node=map_references(inline.node, change)) for inline in node.objects),
        collections=tuple(
            replace(collection, item=map_references(collection.item, change)) for collection in node.collections
        ),
    )


def _own_references(node: Node, at: str) -> Iterator[tuple[str, Reference]]:
    for reference in node.references:
        yield f"{at}.{reference.name}", reference


def _children(node: Node, at: str) -> Iterator[tuple[str, Node]]:
    for inline in node.objects:
        yield f"{at}.{inline.name}", inline.node
    for collection in node.collections:
        yield f"{at}.{collection.name}[*]", collection.item
