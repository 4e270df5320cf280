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
    """Makes a value of 64 random bits and the object that will hold it."""


@dataclass(frozen=True, slots=True)
class Override:
    """The member at `path`, names from the document downwards, is what `value` makes; in collections in each item."""

    path: tuple[str, ...]
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
            _put(body, override.path, override.value, bits * (2 * number + 1))
        return body

    return replace(rule, document=document, shares=False)


def _put(body: Document, path: tuple[str, ...], value: Value, bits: int) -> None:
    """Put the value at `path`; an object on the way that the document does not have is left out with it."""
    name, *rest = path
    if not rest:
        body[name] = value(bits, body)
        return
    held = body.get(name)
    parts = held if isinstance(held, list) else [held] if held else []
    for number, part in enumerate(parts):
        _put(part, tuple(rest), value, bits + number * GOLDEN)
