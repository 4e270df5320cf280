"""What a load could not create, and which documents need not be sent because they refer to it.

Only what was lost is remembered, by natural key, and nothing is looked at while nothing is lost. The memory is one
process's: what refers to a document that another worker lost is sent, and refused by the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.schema import walk_references
from dms_load_test.generators.lineage import representatives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dms_load_test.edfi.schema import ApiModel, Reference

    Key = tuple[str, frozenset[tuple[str, Any]]]

BLOCKED = "blocked_documents"
"""Counter of a load's phase: planned documents that were not sent; its kind is the resource."""


class Lost:
    """Documents that could not be created, or were not sent for that reason. True while there is one."""

    def __init__(self, model: ApiModel) -> None:
        self._model = model
        self._keys: set[Key] = set()
        self._references: dict[str, tuple[tuple[str, Reference], ...]] = {}
        self._columns: dict[str, Mapping[str, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add(self, resource: str, document: Mapping[str, Any]) -> None:
        """Remember a document as lost."""
        schema = self._model.resources.get(resource)
        if schema is None:
            return
        members = {path: next(_values(document, path), None) for path in schema.identity}
        self._keys.add((resource, self._by_column(resource, members)))
        if schema.superclass:
            renamed = {schema.superclass_identity or path: value for path, value in members.items()}
            self._keys.add((schema.superclass, self._by_column(schema.superclass, renamed)))

    def blocks(self, resource: str, document: Mapping[str, Any]) -> bool:
        """Whether a document refers to one that is lost."""
        return any(
            (reference.target, self._key(reference, item)) in self._keys
            for path, reference in self._references_of(resource)
            for item in _values(document, path)
        )

    def _references_of(self, resource: str) -> tuple[tuple[str, Reference], ...]:
        if resource not in self._references:
            schema = self._model.resources.get(resource)
            self._references[resource] = tuple(walk_references(schema.body)) if schema else ()
        return self._references[resource]

    def _key(self, reference: Reference, item: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
        members = {path: item.get(member) for member, path in reference.keys.items()}
        return self._by_column(reference.target, members)

    def _by_column(self, resource: str, members: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
        """Return a natural key with one path for each column: of paths that are one, a reference repeats but one."""
        columns = self._columns.get(resource)
        if columns is None:
            schema = self._model.resources.get(resource)
            columns = self._columns[resource] = representatives(schema) if schema else {}
        return frozenset((columns.get(path, path), value) for path, value in members.items())


def _values(document: Any, path: str) -> Iterator[Any]:
    """Yield what is at a path of a document: nothing where a part of it is absent, each item of an array."""
    found = [document]
    for part in path.split(".")[1:]:
        name = part.removesuffix("[*]")
        found = [value[name] for value in found if name in value]
        if name != part:
            found = [item for items in found for item in items]
    yield from found
