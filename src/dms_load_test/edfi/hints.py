"""What the embedded standard knows and OpenAPI documents do not say. Only what a document is silent about is added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dms_load_test.edfi.schema import walk_collections, walk_leaves
from dms_load_test.edfi.standard import load_standard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.edfi.schema import Leaf


@dataclass(frozen=True, slots=True)
class Hints:
    """Facts of the embedded standard.

    `numbers`: name of a number member -> a leaf with its digits and suggested bounds (the same wherever the name
    occurs). `collection_keys`: (resource, path of the collection) -> unique key. `item_keys`: name of a collection ->
    the unique keys that collections of this name have anywhere. `equal`: resource -> pairs of paths. `descriptors`:
    names such as `SexDescriptor`.
    """

    numbers: Mapping[str, Leaf]
    collection_keys: Mapping[tuple[str, str], tuple[str, ...]]
    item_keys: Mapping[str, tuple[tuple[str, ...], ...]]
    equal: Mapping[str, tuple[tuple[str, str], ...]]
    descriptors: frozenset[str]


@cache
def hints() -> Hints:
    """Return the facts, once per process."""
    model = load_standard().model
    numbers: dict[str, Leaf] = {}
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    for resource, schema in model.resources.items():
        numbers |= {leaf.name: leaf for _, leaf in walk_leaves(schema.body) if leaf.kind == "number"}
        keys |= {(resource, path): collection.key for path, collection in walk_collections(schema.body)}
    item_keys: dict[str, dict[tuple[str, ...], None]] = {}
    for (_, path), key in keys.items():
        item_keys.setdefault(path.rpartition(".")[2], {})[key] = None
    equal = {resource: schema.equal for resource, schema in model.resources.items()}
    by_name = {name: tuple(found) for name, found in item_keys.items()}
    return Hints(numbers, keys, by_name, equal, frozenset(model.descriptors))
