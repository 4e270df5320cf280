"""The descriptor values that exist: checked on every write, so kept in memory, by name and lower-case URI."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dms_load_test.emulator.identity import descriptor_uri

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import ApiModel, ResourceSchema
    from dms_load_test.emulator.body import Document, Findings
    from dms_load_test.emulator.store import Store, Stored


class Descriptor(NamedTuple):
    """A value's stored spelling and its document's number."""

    uri: str
    number: int


class Descriptors:
    """All descriptor values; follows the store's documents."""

    def __init__(self, model: ApiModel, store: Store) -> None:
        self._store = store
        self._values: dict[str, dict[str, Descriptor]] = {}
        self._names = {store.numbers[resource]: name for name, resource in model.descriptors.items()}
        self.load()

    def load(self) -> None:
        """Read all values from the store."""
        self._values = {name: {} for name in self._names.values()}
        for number, name in self._names.items():
            for stored in self._store.all_of(number):
                self._learn(name, descriptor_uri(msgspec.json.decode(stored.body)), stored.number)

    def find(self, name: str, uri: str) -> Descriptor | None:
        """Return the value of descriptor `name` with this URI, whatever its case."""
        values = self._values.get(name)
        return values.get(uri.lower()) if values else None

    def learn(self, schema: ResourceSchema, document: Document, number: int) -> None:
        """Take note of a new document, if it is a descriptor."""
        if schema.is_descriptor:
            self._learn(schema.name, descriptor_uri(document), number)

    def forget(self, stored: Stored) -> None:
        """Take note of a deleted document, if it was a descriptor."""
        name = self._names.get(stored.resource)
        if name is not None:
            del self._values[name][descriptor_uri(msgspec.json.decode(stored.body)).lower()]

    def resolve(self, found: Findings) -> tuple[list[int], dict[str, list[str]]]:
        """Write each descriptor value in its stored spelling; return the numbers, and violations for unknown ones."""
        numbers: list[int] = []
        unknown: dict[str, list[str]] = {}
        for path, name, holder, member in found.descriptors:
            value = self.find(name, holder[member])
            if value is None:
                unknown[path] = [f"{name} value '{holder[member].lower()}' does not exist."]
            else:
                holder[member] = value.uri
                numbers.append(value.number)
        for name, holder, member in found.spellings:
            value = self.find(name, holder[member])
            if value is not None:
                holder[member] = value.uri
        return numbers, unknown

    def _learn(self, name: str, uri: str, number: int) -> None:
        self._values[name][uri.lower()] = Descriptor(uri, number)
