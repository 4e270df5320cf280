"""Paging and change version parameters: by offset or by cursor, read and checked as DMS does.

A page token is the base64url of an inclusive range of document numbers, `min,max`: opaque to clients.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl

from dms_load_test.emulator.problems import Refused, invalid_parameters

OPEN_END = 2**63 - 1
"""The upper end of a range that has none: SQLite's greatest integer."""
_GREATEST_PARTITION_COUNT = 200
_DEFAULT_PARTITION_COUNT = "10"
_BOOLEANS = {"true": True, "false": False}
_OF_PAGES = ("pageToken", "pageSize", "limit", "offset", "totalCount")
_NO_BOOLEAN = "TotalCount must be a boolean value."
_CURSOR_WITH_OFFSET = (
    "Both offset and pageToken parameters were provided, but they support alternative paging approaches and cannot be "
    "used together."
)
_CURSOR_WITH_LIMIT = "Use pageSize instead of limit when using cursor paging with pageToken."
_CURSOR_WITH_COUNT = "The totalCount parameter cannot be set to true when using cursor paging with pageToken."
_SIZE_WITH_OFFSET = "Use limit instead of pageSize when using limit/offset paging."
_SIZE_ALONE = "PageToken is required when pageSize is specified."
_RANGE = re.compile(r"(\d{1,19}),(\d{1,19})", re.ASCII)


class Parameter(NamedTuple):
    """One query parameter, its name as it was written."""

    name: str
    value: str


_ABSENT = Parameter("", "")
Parameters = dict[str, Parameter]
"""Query parameters by lower-case name. Functions that read some of them also remove them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a collection is asked for. `numbers`: the cursor's range, `None` for a page by offset."""

    limit: int
    offset: int = 0
    total_count: bool = False
    numbers: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The change versions that are asked for, inclusive; `has_end` tells whether an upper end was given."""

    versions: tuple[int, int] | None = None
    has_end: bool = False


def parse_parameters(query_string: bytes) -> Parameters:
    """Return the parameters; of repeated ones the last."""
    if not query_string:
        return {}
    pairs = parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True)
    return {name.lower(): Parameter(name, value) for name, value in pairs}


class PageSizes(NamedTuple):
    """How many rows a page has where nothing is said, and at most."""

    default: int
    greatest: int


def take_page(parameters: Parameters, sizes: PageSizes) -> Page:
    """Read limit, offset and totalCount, or pageToken and pageSize.

    Raises:
        Refused: with every wrong parameter of limit and offset; with the first fault of a cursor.
    """
    cursor = "pagetoken" in parameters or "pagesize" in parameters
    return _take_cursor_page(parameters, sizes) if cursor else _take_offset_page(parameters, sizes)


def _take_offset_page(parameters: Parameters, sizes: PageSizes) -> Page:
    errors: list[str] = []
    offset = whole_number(_take(parameters, "offset", "0"))
    limit = whole_number(_take(parameters, "limit", str(sizes.default)))
    total_count = _BOOLEANS.get(_take(parameters, "totalcount", "false").lower())
    if offset is None:
        errors.append("Offset must be a numeric value greater than or equal to 0.")
    if limit is None or limit > sizes.greatest:
        errors.append(f"Limit must be omitted or set to a numeric value between 0 and {sizes.greatest}.")
    if total_count is None:
        errors.append(_NO_BOOLEAN)
    if offset is None or limit is None or total_count is None or errors:
        raise Refused(invalid_parameters(*errors))
    return Page(limit, offset, total_count)


def _take_cursor_page(parameters: Parameters, sizes: PageSizes) -> Page:
    numbers = _cursor(parameters)
    size = whole_number(_take(parameters, "pagesize", str(sizes.default)))
    if size is None or size > sizes.greatest:
        raise Refused(invalid_parameters(f"PageSize must be a value between 0 and {sizes.greatest}."))
    if _take(parameters, "totalcount", "false").lower() not in _BOOLEANS:
        raise Refused(invalid_parameters(_NO_BOOLEAN))
    return Page(size, numbers=numbers)


def _cursor(parameters: Parameters) -> tuple[int, int]:
    """Read the token. Of cursor paging one fault is told: of the token, else of the mixture, else of a value."""
    if "pagetoken" not in parameters:
        by_offset = "offset" in parameters and "limit" not in parameters
        raise Refused(invalid_parameters(_SIZE_WITH_OFFSET if by_offset else _SIZE_ALONE))
    numbers = parse_token(_take(parameters, "pagetoken", ""))
    if numbers is None:
        raise Refused(invalid_parameters("The page token provided was invalid."))
    if "offset" in parameters:
        raise Refused(invalid_parameters(_CURSOR_WITH_OFFSET))
    if "limit" in parameters:
        raise Refused(invalid_parameters(_CURSOR_WITH_LIMIT))
    if parameters.get("totalcount", _ABSENT).value.lower() == "true":
        raise Refused(invalid_parameters(_CURSOR_WITH_COUNT))
    return numbers


def take_window(parameters: Parameters) -> Window:
    """Read minChangeVersion and maxChangeVersion.

    Raises:
        Refused: with every wrong parameter.
    """
    if "minchangeversion" not in parameters and "maxchangeversion" not in parameters:
        return Window()
    errors: list[str] = []
    has_end = "maxchangeversion" in parameters
    low = whole_number(_take(parameters, "minchangeversion", "0"))
    high = whole_number(_take(parameters, "maxchangeversion", str(OPEN_END))) if has_end else OPEN_END
    if low is None:
        errors.append("MinChangeVersion must be a numeric value greater than or equal to 0.")
    if high is None:
        errors.append("MaxChangeVersion must be a numeric value greater than or equal to 0.")
    if low is None or high is None:
        raise Refused(invalid_parameters(*errors))
    if low > high:
        raise Refused(invalid_parameters("MinChangeVersion must be less than or equal to MaxChangeVersion."))
    return Window((low, high), has_end)


def take_partition_count(parameters: Parameters) -> int:
    """Read how many partitions are asked for.

    Raises:
        Refused: if it is no number from 1 to 200, or paging parameters are given.
    """
    surplus = [name for name in _OF_PAGES if name.lower() in parameters]
    if surplus:
        messages = (f"The '{name}' parameter is not supported by the partitions endpoint." for name in surplus)
        raise Refused(invalid_parameters(*messages))
    count = whole_number(_take(parameters, "number", _DEFAULT_PARTITION_COUNT))
    if not count or count > _GREATEST_PARTITION_COUNT:
        raise Refused(invalid_parameters("Number of partitions must be between 1 and 200."))
    return count


def write_token(first: int, last: int) -> str:
    """Return the token of a range of document numbers."""
    return base64.urlsafe_b64encode(f"{first},{last}".encode()).decode().rstrip("=")


def parse_token(token: str) -> tuple[int, int] | None:
    """Return a token's range, `None` if it is no token."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    return (first, last) if max(first, last) <= OPEN_END else None


def _take(parameters: Parameters, name: str, default: str) -> str:
    return parameters.pop(name).value if name in parameters else default


def whole_number(text: str) -> int | None:
    """Return the number, `None` for a text that is none, or more than SQLite can hold."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None  # noqa: PLR2004 -- digits of the greatest number
    return number if number is not None and number <= OPEN_END else None
