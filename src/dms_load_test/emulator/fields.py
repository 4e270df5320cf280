"""Checks and coercions of single values, compiled once per leaf of a schema.

A compiled check takes the JSON value and returns the value to keep, or raises `Wrong` with the message that follows
the member's name. Source: DMS `docs/DATA-STRICTNESS.md` (coercions) and the messages of its JSON Schema validator.
"""

from __future__ import annotations

import math
import re
import sys
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.edfi.schema import Leaf

    Check = Callable[[Any], Any]

_WHOLE_BITS = {"int32": 31}
_DEFAULT_WHOLE_BITS = 63  # what SQLite and .NET's long can hold
_STORED_WHOLE = 2**_DEFAULT_WHOLE_BITS
_EXACT_FLOAT = 2**53
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SLASH_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_SLASH_DATE_FROM_YEAR = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII)
_MONTHS = 12
_TIME = re.compile(r"\d\d:\d\d:\d\d", re.ASCII)
_HALF_DAY_TIME = re.compile(r"[ T](\d{1,2}):(\d\d)(:\d\d)? ?([AP])M", re.ASCII | re.IGNORECASE)
_TYPE_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


class Wrong(Exception):  # noqa: N818 -- a finding about a value, not an error of the program
    """A value that breaks its leaf's rules; the text follows the member's name."""


class OutOfRange(Wrong):
    """A decimal with too many digits; DMS looks at these after everything else in the schema."""


def wrong_type(value: object, expected: str) -> Wrong:
    """Return the finding for a value of the wrong JSON type."""
    return Wrong(f'Value is "{_TYPE_NAMES.get(type(value), "null")}" but should be "{expected}"')


def compile_leaf(leaf: Leaf) -> Check:
    """Return the check of one scalar member."""
    return _COMPILERS[leaf.kind](leaf)


def _string(leaf: Leaf) -> Check:
    if leaf.format in _FORMATS:
        return _formatted(leaf.format)
    low, high = leaf.min_length or 0, leaf.max_length or math.inf
    plain = not (leaf.blanks or leaf.pattern or leaf.enum)

    def check(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type(value, "string")
        if not low <= len(value) <= high:
            bound, limit = ("least", low) if len(value) < low else ("most", high)
            raise Wrong(f"Value should be at {bound} {limit} characters")
        if not plain:
            _check_text(value, leaf)
        return value

    return check


def _check_text(value: str, leaf: Leaf) -> None:
    if leaf.blanks and not value:
        raise Wrong("is required and should not be left empty.")
    stripped = value.strip()
    if leaf.blanks and (not stripped or (leaf.blanks == "noEdge" and value != stripped)):
        raise Wrong("cannot contain leading or trailing spaces.")
    if leaf.enum and value not in leaf.enum:
        raise Wrong("Value should match one of the values specified by the enum")
    if leaf.pattern and not re.search(leaf.pattern, value):
        raise Wrong("The string value is not a match for the indicated regular expression")


def _formatted(name: str) -> Check:
    parse = _FORMATS[name]

    def check(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type(value, "string")
        try:
            return parse(value)
        except (ValueError, OverflowError):  # a moment near the first or the last year may have none in UTC
            raise Wrong(f'Value does not match format "{name}"') from None

    return check


def _date(text: str) -> str:
    if _ISO_DATE.fullmatch(text):
        date.fromisoformat(text)
        return text
    day, rest = _without_slashes(text)
    if rest:
        raise ValueError(text)
    return day


def _without_slashes(text: str) -> tuple[str, str]:
    """`5/1/2009 8:00` -> ("2009-05-01", " 8:00"); the month comes first, unless it could be none."""
    by_year = _SLASH_DATE_FROM_YEAR.match(text)
    found = by_year or _SLASH_DATE.match(text)
    if found is None:
        raise ValueError(text)
    first, second, third = (int(part) for part in found.groups())
    if by_year:
        day = date(first, second, third)
    else:
        day = date(third, second, first) if first > _MONTHS else date(third, first, second)
    return day.isoformat(), text[found.end() :]


def _date_time(text: str) -> str:
    if "/" in text[:5]:
        text = "".join(_without_slashes(text))
    moment = datetime.fromisoformat(_HALF_DAY_TIME.sub(_whole_day_time, text))
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = moment.replace(tzinfo=None, microsecond=0)
    return f"{whole.isoformat()}Z"  # strftime writes the year 500 with three digits


def _whole_day_time(found: re.Match[str]) -> str:
    """` 2:15:30 PM` -> `T14:15:30`."""
    moment = datetime.strptime(f"{found[1]}:{found[2]}{found[3] or ':00'} {found[4]}M", "%I:%M:%S %p")  # noqa: DTZ007 -- a time of day
    return f"T{moment:%H:%M:%S}"


def date_of(text: str) -> str:
    """Return the day of a date or of a date with a time, as a filter may give it.

    Raises:
        ValueError: if it is neither.
    """
    return _date(text) if "T" not in text else _date(datetime.fromisoformat(text).date().isoformat())


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    time.fromisoformat(text)
    return text


def _integer(leaf: Leaf) -> Check:
    low, high = _bounds(leaf)

    def check(value: Any) -> int:
        if type(value) is not int:
            value = _whole(value)
        if not low <= value <= high:
            _raise_beyond(value, low, high)
        return value  # type: ignore[no-any-return]  # an int by now

    return check


def _whole(value: Any) -> int:
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value)
    if type(value) is float and value.is_integer():
        return int(value)
    raise wrong_type(value, "integer")


def _number(leaf: Leaf) -> Check:
    low, high = _bounds(leaf)
    limit, shown = math.inf, ""
    if leaf.digits:
        total, places = leaf.digits
        shown = f"{10 ** (total - places) - 10**-places:.{places}f}"
        limit = float(shown)

    def check(value: Any) -> float:
        if type(value) is str and _DECIMAL.fullmatch(value):
            value = _decimal(value)
        if type(value) is not float and type(value) is not int:
            raise wrong_type(value, "number")
        if not low <= value <= high:
            _raise_beyond(value, low, high)
        if not -limit <= value <= limit:
            raise OutOfRange(f"must be between -{shown} and {shown}.")
        if type(value) is int and not -_STORED_WHOLE <= value < _STORED_WHOLE:
            return float(value)
        return value

    return check


def _decimal(text: str) -> float:
    return int(text) if _WHOLE.fullmatch(text) else float(text)


def _bounds(leaf: Leaf) -> tuple[float, float]:
    """Return inclusive bounds; without any those of the storage, so that no infinity comes in."""
    floor, ceiling = -sys.float_info.max, sys.float_info.max
    if leaf.kind == "integer":
        limit = 2 ** _WHOLE_BITS.get(leaf.format, _DEFAULT_WHOLE_BITS)
        floor, ceiling = -limit, limit - 1
    return (
        floor if leaf.minimum is None else leaf.minimum,
        ceiling if leaf.maximum is None else leaf.maximum,
    )


def _raise_beyond(value: float, low: float, high: float) -> None:
    bound, limit = ("least", low) if value < low else ("most", high)
    is_whole = isinstance(limit, int) or (limit.is_integer() and abs(limit) < _EXACT_FLOAT)
    shown = str(int(limit)) if is_whole else f"{limit:g}"
    raise Wrong(f"Value should be at {bound} {shown}")


def _boolean(_leaf: Leaf) -> Check:
    def check(value: Any) -> bool:
        if type(value) is bool:
            return value
        known = (
            _BOOLEANS.get(value)
            if type(value) is int
            else _BOOLEAN_TEXTS.get(value.lower())
            if type(value) is str
            else None
        )
        if known is None:
            raise wrong_type(value, "boolean")
        return known

    return check


_BOOLEANS = {0: False, 1: True}
_BOOLEAN_TEXTS = {"0": False, "1": True, "false": False, "true": True}
_FORMATS: dict[str, Callable[[str], str]] = {"date": _date, "date-time": _date_time, "time": _time}
_COMPILERS: dict[str, Callable[[Leaf], Check]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
