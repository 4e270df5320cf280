"""Rewriting the references of a document when a natural key that they repeat has changed. Pure.

Which of them mean the changed one is told by their links, written when the document was: key values alone would not do,
for a document may refer to two of the same resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.edfi.schema import walk_references
from dms_load_test.emulator.paths import value_reader, values_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.edfi.schema import ApiModel, Reference, ResourceSchema

    Document = dict[str, Any]


class ReferenceRewriter:
    """How documents of one resource repeat the keys of others."""

    def __init__(self, model: ApiModel, schema: ResourceSchema) -> None:
        self._references = tuple(
            (values_reader(path), reference, frozenset(model.targets(reference)))
            for path, reference in walk_references(schema.body)
        )

    def rewrite(self, document: Document, target: ResourceSchema, href: str, changed: Mapping[str, Any]) -> None:
        """Write the key of `changed`, a document of `target`, into the references of `document` that link to `href`."""
        for read, reference, targets in self._references:
            if target.resource in targets:
                for holder in read(document):
                    if holder.get("link", {}).get("href") == href:
                        holder.update(_key_values(reference, target, changed))


def _key_values(reference: Reference, target: ResourceSchema, changed: Mapping[str, Any]) -> Document:
    """Return the reference's members; a superclass's key member has another name in `target`."""
    renamed = target.identity[0] if target.superclass_identity and reference.target == target.superclass else ""
    return {member: value_reader(renamed or path)(changed) for member, path in reference.keys.items()}
