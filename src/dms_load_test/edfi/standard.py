"""The embedded Ed-Fi Data Standard: `edfi/data/ds-5.2.json` read into `ApiModel`.

The file holds facts only, a leaf in a few words: `string! len=1..60 noEdge`, `descriptor:SexDescriptor`,
`number digits=9,2 suggest=0..`. A `!` marks a required member; `len`, `in` (bounds) and `suggest` are inclusive ranges
that may be open on either side. Source: the Ed-Fi Data Standard 5.2.0 (XSD, descriptor files) and DMS's relational
manifest of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources as package_files
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.edfi.schema import (
    AbstractResource,
    ApiModel,
    Collection,
    Inline,
    Leaf,
    Node,
    Reference,
    ResourceSchema,
    map_references,
    walk_leaves,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.edfi.schema import Kind

DESCRIPTOR_URI_LENGTH = 306
"""Namespace (255), `#` and code value (50)."""
_KINDS: Mapping[str, tuple[Kind, str]] = {
    "string": ("string", ""),
    "integer": ("integer", ""),
    "int32": ("integer", "int32"),
    "int64": ("integer", "int64"),
    "number": ("number", ""),
    "boolean": ("boolean", ""),
    "date": ("string", "date"),
    "time": ("string", "time"),
    "date-time": ("string", "date-time"),
}


@dataclass(frozen=True, slots=True)
class DataStandard:
    """The embedded standard.

    `descriptor_values`: `SexDescriptor` -> code values in the published order, without the blanks at the end that three
    of them are published with: servers drop those.
    """

    name: str
    version: str
    model: ApiModel
    descriptor_values: Mapping[str, tuple[str, ...]]


@cache
def load_standard() -> DataStandard:
    """Read the embedded standard (5.2), once per process."""
    raw = msgspec.json.decode(package_files.files("dms_load_test.edfi").joinpath("data/ds-5.2.json").read_bytes())
    abstract = {
        name: AbstractResource(name, tuple(facts["identity"]), tuple(facts["subclasses"]))
        for name, facts in raw["abstract"].items()
    }
    descriptors = {name: facts["endpoint"] for name, facts in raw["descriptors"].items()}
    schemas = {endpoint: _resource(endpoint, facts) for endpoint, facts in raw["resources"].items()}
    schemas = _type_reference_leaves(schemas, abstract)
    for name, endpoint in descriptors.items():
        schemas[endpoint] = _descriptor(name, endpoint, raw["descriptorFields"])
    return DataStandard(
        name=raw["project"],
        version=raw["version"],
        model=ApiModel(schemas, abstract, descriptors),
        descriptor_values={
            name: tuple(value.strip() for value in facts["values"]) for name, facts in raw["descriptors"].items()
        },
    )


def parse_leaf(name: str, words: str) -> Leaf:
    """Read one leaf's facts: `parse_leaf("city", "string! len=2..30 noEdge")`."""
    kind_word, *marks = words.split()
    required = kind_word.endswith("!")
    kind_word = kind_word.rstrip("!")
    if kind_word.startswith("descriptor:"):
        descriptor = kind_word.removeprefix("descriptor:")
        return Leaf(name, "string", required, descriptor=descriptor, max_length=DESCRIPTOR_URI_LENGTH)
    kind, fmt = _KINDS[kind_word]
    facts: dict[str, Any] = {}
    for mark in marks:
        facts |= _fact(mark)
    return Leaf(name, kind, required, format=fmt, **facts)


def _fact(mark: str) -> dict[str, Any]:
    """`in=1..8` -> `{"minimum": 1.0, "maximum": 8.0}`."""
    word, _, value = mark.partition("=")
    low, _, high = value.partition("..")
    match word:
        case "len":
            return {"min_length": _whole(low), "max_length": _whole(high)}
        case "in":
            return {"minimum": _bound(low), "maximum": _bound(high)}
        case "suggest":
            return {"suggested": (_bound(low), _bound(high))}
        case "digits":
            total, places = value.split(",")
            return {"digits": (int(total), int(places))}
        case "noEdge" | "notBlank":
            return {"blanks": word}
        case _:
            raise ValueError(f"no fact about a leaf: {mark!r}")


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _bound(text: str) -> float | None:
    return float(text) if text else None


def _descriptor(name: str, endpoint: str, fields: Mapping[str, str]) -> ResourceSchema:
    leaves = tuple(parse_leaf(leaf, words) for leaf, words in fields.items())
    return ResourceSchema(
        resource=endpoint,
        name=name,
        body=Node(leaves=leaves),
        identity=("$.namespace", "$.codeValue"),
        query={leaf: f"$.{leaf}" for leaf in fields},
        is_descriptor=True,
    )


def _resource(endpoint: str, facts: Mapping[str, Any]) -> ResourceSchema:
    return ResourceSchema(
        resource=endpoint,
        name=facts["name"],
        body=_node(facts, "$"),
        identity=tuple(facts["identity"]),
        equal=tuple((left, right) for left, right in facts.get("equal", ())),
        query=facts["query"],
        superclass=facts.get("superclass", ""),
        superclass_identity=facts.get("superclassIdentity", ""),
        allow_identity_updates=facts.get("identityUpdates", False),
    )


def _node(facts: Mapping[str, Any], at: str) -> Node:
    """Build the object at path `at` from the resource's flat facts."""
    return Node(
        leaves=tuple(parse_leaf(name, words) for name, words in _members(facts["fields"], at)),
        references=tuple(_reference(name, about) for name, about in _members(facts.get("references", {}), at)),
        objects=tuple(
            Inline(name, _node(facts, f"{at}.{name}"), required)
            for name, required in _members(facts.get("objects", {}), at)
        ),
        collections=tuple(
            Collection(
                name,
                _node(facts, f"{at}.{name}[*]"),
                required=about.get("required", False),
                min_items=about.get("min", 0),
                key=tuple(about["key"]),
            )
            for name, about in _members(facts.get("collections", {}), at)
        ),
    )


def _members(flat: Mapping[str, Any], at: str) -> list[tuple[str, Any]]:
    """Return (name, facts) of the paths directly below `at`."""
    split = ((path.rpartition("."), about) for path, about in flat.items())
    return [(name, about) for (parent, _, name), about in split if parent == at]


def _reference(name: str, facts: Mapping[str, Any]) -> Reference:
    """Build a reference; its leaves' types follow from the target, see `_type_reference_leaves`."""
    needed = facts.get("leavesRequired", facts["keys"])
    bounds = facts.get("bounds", {})
    leaves = []
    for leaf in facts["keys"]:
        low, high = bounds.get(leaf, (None, None))
        leaves.append(Leaf(leaf, "string", required=leaf in needed, minimum=low, maximum=high, blanks="noEdge"))
    return Reference(
        name,
        facts["to"],
        tuple(leaves),
        facts["keys"],
        required=facts.get("required", False),
        identity=facts.get("identity", False),
    )


def _type_reference_leaves(
    schemas: Mapping[str, ResourceSchema], abstract: Mapping[str, AbstractResource]
) -> dict[str, ResourceSchema]:
    """Give every member of every reference the type, lengths and descriptor of the identity leaf it repeats."""
    types: dict[tuple[str, str], Leaf] = {}

    def typed(reference: Reference) -> Reference:
        leaves = tuple(
            _as_member(leaf, identity_leaf(reference.target, reference.keys[leaf.name])) for leaf in reference.leaves
        )
        return replace(reference, leaves=leaves)

    def identity_leaf(target: str, path: str) -> Leaf:
        if (target, path) in types:
            return types[target, path]
        if target in abstract and target not in schemas:
            subclass = schemas[abstract[target].subclasses[0]]
            own_path = subclass.identity[0] if subclass.superclass_identity else path
            leaf = identity_leaf(subclass.resource, own_path)
        else:
            leaf = _own_leaf(schemas[target], path)
            parent, _, name = path.rpartition(".")
            holder = _reference_at(schemas[target].body, parent)
            if holder is not None:
                leaf = identity_leaf(holder.target, holder.keys[name])
        types[target, path] = leaf
        return leaf

    return {resource: replace(schema, body=map_references(schema.body, typed)) for resource, schema in schemas.items()}


def _as_member(leaf: Leaf, repeated: Leaf) -> Leaf:
    """Return `repeated` under the member's name; bounds that are given for the reference win."""
    typed = replace(repeated, name=leaf.name, required=leaf.required)
    return typed if leaf.minimum is None else replace(typed, minimum=leaf.minimum, maximum=leaf.maximum)


def _own_leaf(schema: ResourceSchema, path: str) -> Leaf:
    return next(leaf for at, leaf in walk_leaves(schema.body) if at == path)


def _reference_at(node: Node, path: str) -> Reference | None:
    return next((reference for reference in node.references if f"$.{reference.name}" == path), None)
