"""Which member of a generic document a revision changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.lineage import representatives

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.edfi.schema import Leaf, ResourceSchema
    from dms_load_test.generators.meaning import Meaning

    Change = Callable[[dict[str, Any], int], None]

_ROOM = 16
"""Characters that a text must have room for to hold a word and the revision."""
_MANY = 100_000


def change_of(schema: ResourceSchema, meaning: Meaning) -> Change | None:
    """Return what changes a text, or else a number, that nothing else repeats; None where there is no such member."""
    repeated = representatives(schema)
    free = [
        leaf
        for leaf in schema.body.leaves
        if (path := f"$.{leaf.name}") not in schema.identity and path not in repeated and not _limited(leaf)
    ]
    for leaf in free:
        if leaf.kind == "string" and (leaf.max_length or 255) >= max(_ROOM, leaf.min_length or 0):
            return _text_change(leaf, meaning)
    for leaf in free:
        if leaf.kind == "integer" and _room(leaf) >= _MANY:
            return _number_change(leaf)
    return None


def _limited(leaf: Leaf) -> bool:
    return bool(leaf.descriptor or leaf.enum or leaf.pattern or leaf.format in {"date", "time", "date-time", "uuid"})


def _room(leaf: Leaf) -> float:
    low = leaf.minimum if leaf.minimum is not None else 0
    high = leaf.maximum if leaf.maximum is not None else 2**31 - 1
    suggested = leaf.suggested[1]
    return (high if suggested is None else min(high, suggested)) - low


def _text_change(leaf: Leaf, meaning: Meaning) -> Change:
    most, least = leaf.max_length or 255, leaf.min_length or 0
    pool = meaning.pool(leaf)

    def change(document: dict[str, Any], revision: int) -> None:
        text = str(document.get(leaf.name) or pool[0])
        mark = f" {revision}" if leaf.name.lower().endswith(("name", "title", "surname")) else f" (revision {revision})"
        if len(text) + len(mark) > most:
            mark = f" {revision}"
        document[leaf.name] = (text[: most - len(mark)].rstrip() + mark).ljust(least, ".")

    return change


def _number_change(leaf: Leaf) -> Change:
    low = int(leaf.minimum) if leaf.minimum is not None else 0
    room = int(_room(leaf))

    def change(document: dict[str, Any], revision: int) -> None:
        document[leaf.name] = low + (int(document.get(leaf.name) or low) - low + revision) % room

    return change
