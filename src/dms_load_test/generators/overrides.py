"""Members made differently from how the rules make them, as a user's YAML file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.generators.draws import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.generators.draws import Dice
    from dms_load_test.generators.rule import Document, Rule

    Value = Callable[[int, Document], Any]
    """Makes a value of 64 random bits and the object that will hold it; None where it cannot."""
    Key = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Override:
    """The member that `steps` lead to, from the document downwards, is what `value` makes; in collections in each item.

    A step is a name and, for a collection whose key the member is part of, that key: of items that become equal by the
    override the first one stays.
    """

    steps: tuple[tuple[str, Key], ...]
    value: Value


def overridden(rule: Rule, overrides: Sequence[Override], roll: Dice) -> Rule:
    """Return `rule` with members made as `overrides` say, in this order."""
    make = rule.document

    def document(ordinal: int) -> Document:
        body: Document = make(ordinal)
        if rule.shares:
            body = msgspec.json.decode(msgspec.json.encode(body))
        bits = roll(ordinal)
        for number, override in enumerate(overrides):
            _put(body, override.steps, override.value, bits * (2 * number + 1))
        return body

    return replace(rule, document=document, shares=False)


def _put(body: Document, steps: Sequence[tuple[str, Key]], value: Value, bits: int) -> None:
    """Put the value at the end of a path; an object on the way that the document does not have is left out with it."""
    (name, key), *rest = steps
    if not rest:
        made = value(bits, body)
        if made is not None:
            body[name] = made
        return
    held = body.get(name)
    parts = held if isinstance(held, list) else [held] if held else []
    for number, part in enumerate(parts):
        _put(part, rest, value, bits + number * GOLDEN)
    if key and parts:
        distinct: dict[tuple[Any, ...], Document] = {}
        for part in parts:
            distinct.setdefault(_key_of(part, key), part)
        body[name] = list(distinct.values())


def _key_of(item: Document, key: Key) -> tuple[Any, ...]:
    return tuple(_at(item, path) for path in key)


def _at(item: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        item = item.get(name) if item else None
    return item
