"""Whether a value that a user gives for a member is one that a server takes.

More than `fitting.leaf_problem`, which our own rules are held against: they never make a date that is none.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time
from math import isfinite
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.fitting import leaf_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.edfi.schema import Leaf

_WHOLE_BITS = {"int32": 31}
_MOST_BITS = 63


def given_problem(leaf: Leaf, value: Any) -> str:
    """Say why `value` is no valid value of `leaf`; empty if it is one."""
    if isinstance(value, str):
        return leaf_problem(leaf, value) or _text_problem(leaf, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # First, as huge numbers cannot be compared with decimals, and NaN not with anything.
        return _size_problem(leaf, value) or leaf_problem(leaf, value) or _places_problem(leaf, value)
    return leaf_problem(leaf, value)


def _text_problem(leaf: Leaf, value: str) -> str:
    if not value:
        return "is empty"
    if leaf.descriptor and value.endswith("#"):
        return "has no code value"
    if leaf.format in _FORMATS:
        parse, example = _FORMATS[leaf.format]
        try:
            parse(value)
        except ValueError:
            return f"is no {leaf.format}, such as {example}"
    if leaf.pattern:
        with suppress(re.error):  # of another dialect: the target will tell
            return "" if re.search(leaf.pattern, value) else f"does not match {leaf.pattern}"
    return ""


def _size_problem(leaf: Leaf, value: Any) -> str:
    if isinstance(value, float):
        return "" if isfinite(value) else "is no finite number"
    bits = _WHOLE_BITS.get(leaf.format, _MOST_BITS)
    return "" if -(2**bits) <= value < 2**bits else f"does not fit into {bits + 1} bits"


def _places_problem(leaf: Leaf, value: float) -> str:
    if leaf.digits is None:
        return ""
    total, places = leaf.digits
    if round(value, places) != value:
        return f"has more than {places} decimal places"
    return "" if abs(value) < 10 ** (total - places) else f"has more than {total - places} digits before the point"


def _formatted(pattern: str, parse: Callable[[str], object]) -> Callable[[str], None]:
    """Return a check: Python alone reads more than servers do, such as weeks (2025-W01-1)."""
    wanted = re.compile(pattern)

    def check(text: str) -> None:
        if not wanted.fullmatch(text):
            raise ValueError(text)
        parse(text)

    return check


_DAY, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
_FORMATS: dict[str, tuple[Callable[[str], None], str]] = {
    "date": (_formatted(_DAY, date.fromisoformat), "2025-08-31"),
    "date-time": (
        _formatted(rf"{_DAY}([T ]{_TIME}(\.\d+)?(Z|[+-]\d\d:\d\d)?)?", datetime.fromisoformat),
        "2025-08-31T08:00:00Z",
    ),
    "time": (_formatted(_TIME, time.fromisoformat), "08:00:00"),
}
