"""The members of a natural key that are the document's own: which one tells documents apart, and which only vary.

A *carrier* holds the ordinal itself, so every document has another one. Where no member can, documents are told apart
by what they refer to and by *variants*: members with a limited choice of values, such as dates and descriptors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.meaning import words
from dms_load_test.generators.patterns import UnknownPatternError, matching
from dms_load_test.generators.phrases import YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dms_load_test.edfi.schema import Leaf
    from dms_load_test.generators.meaning import Pool

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RUN_DIGITS = 6
_RUN_LETTERS = 4
"""So many letters of the alphabet hold the run's number too."""
_ROOM_FOR_WORDS = 34
_TELLING = ("title", "name", "objective")
_CONSTANT = ("namespace",)
_LEAST_NUMBERS = 1_000_000
_PLENTY = 1_000_000
_IDENTIFIERS = ("identifier", "id", "code")
_YEARS = 60
_EXAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Carrier:
    """`value(ordinal)` differs for each ordinal below `capacity`."""

    leaf: Leaf
    value: Callable[[int], Any]
    capacity: float = inf


@dataclass(frozen=True, slots=True)
class Variant:
    """A key member with a limited choice of values; each is different."""

    leaf: Leaf
    values: Pool


def carrier_of(leaves: Sequence[Leaf], run: str) -> Carrier | None:
    """Return the carrier among a key's own members, the roomiest one; None where none can be it."""
    found = [carrier for leaf in leaves if (carrier := _carrier(leaf, run)) is not None]
    return max(
        found,
        key=lambda carrier: (carrier.capacity >= _PLENTY, _names_one(carrier.leaf), carrier.capacity),
        default=None,
    )


def variant_values(leaf: Leaf, pool: Pool, *, alone: bool) -> Pool:
    """Return the values that a member takes where no carrier is: years only if nothing else tells documents apart."""
    if leaf.kind == "integer" and YEAR.search(leaf.name) and alone and pool:
        low, high = leaf.minimum or 0, leaf.maximum or 9999
        return tuple(year for year in range(pool[0] - 1, pool[0] + _YEARS) if low <= year <= high)
    if leaf.name in _CONSTANT:
        return pool[:1]
    return tuple(dict.fromkeys(pool))


def _names_one(leaf: Leaf) -> bool:
    return leaf.name.lower().endswith(_IDENTIFIERS)


def _carrier(leaf: Leaf, run: str) -> Carrier | None:
    if leaf.descriptor or leaf.enum or leaf.name in _CONSTANT or YEAR.search(leaf.name):
        return None
    if leaf.kind == "integer":
        return _number(leaf, run)
    if leaf.kind != "string" or leaf.format in {"date", "time", "date-time"}:
        return None
    return _patterned(leaf) if leaf.pattern else _text(leaf, run)


def _number(leaf: Leaf, run: str) -> Carrier | None:
    low = int(leaf.minimum) if leaf.minimum is not None else 1
    high = int(leaf.maximum) if leaf.maximum is not None else 2**31 - 1
    room = high - low + 1
    if room < _LEAST_NUMBERS:
        return None
    first = int(run) * 1000 % (room // 2)
    return Carrier(leaf, lambda ordinal: low + (first + ordinal) % room, room)


def _patterned(leaf: Leaf) -> Carrier | None:
    try:
        texts = matching(leaf.pattern, leaf.min_length or 1, leaf.max_length or 255, _EXAMPLES)
    except UnknownPatternError:
        return None
    return Carrier(leaf, lambda ordinal: texts[ordinal], len(texts))


def _text(leaf: Leaf, run: str) -> Carrier:
    """Return texts headed by the run's number where there is room for it, so that runs do not meet."""
    most, least = leaf.max_length or 255, leaf.min_length or 1
    if leaf.format == "uri":
        return Carrier(leaf, lambda ordinal: f"uri://ed-fi.org/{run}/{ordinal + 1}")
    if leaf.format == "uuid":
        return Carrier(leaf, lambda ordinal: f"00000000-0000-4000-8000-{run}{ordinal + 1:06}", 10**6 - 1)
    head = ""
    if most >= _ROOM_FOR_WORDS and leaf.name.lower().endswith(_TELLING):
        called = words(leaf.name).removesuffix(" title").removesuffix(" name")
        head = f"{called[: most - 24].rstrip()} "
    digits = most - len(head) - _RUN_DIGITS - 1
    if digits >= _RUN_DIGITS:
        pad = max(least - len(head) - _RUN_DIGITS - 1, 4)
        return Carrier(leaf, lambda ordinal: f"{head}{run}-{ordinal + 1:0{pad}}", 10**digits - 1)
    room = len(_ALPHABET) ** (most - _RUN_LETTERS if most > _RUN_LETTERS else most)
    base = int(run) * room if most > _RUN_LETTERS else 0
    return Carrier(leaf, lambda ordinal: _compact(base + ordinal, max(least, 1)), room)


def _compact(number: int, width: int) -> str:
    letters: list[str] = []
    while number or len(letters) < width:
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))
