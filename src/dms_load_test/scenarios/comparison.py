"""Whether a document that was read is the one that was sent, member by member. Pure.

What the server adds is no difference: its own members, links in references, and members it derives. What it leaves out
is none where it holds nothing. Rules of Ed-Fi: descriptors are compared without regard to case, arrays are sets.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

SERVER_MEMBERS = frozenset({"id", "_etag", "_lastModifiedDate", "link"})
MOST_SHOWN = 3
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00:00)?")


def differences(sent: Any, read: Any, at: str = "$") -> list[str]:
    """Return where `read` differs from `sent`: `$.birthDate: sent "2010-01-01", read "2011-01-01"`."""
    if isinstance(sent, dict) and isinstance(read, dict):
        members = (name for name in sent if name not in SERVER_MEMBERS)
        return [found for name in members for found in differences(sent[name], read.get(name), f"{at}.{name}")]
    if isinstance(sent, list) and isinstance(read, list):
        return _list_differences(sent, read, at)
    if _same(sent, read):
        return []
    return [f"{at}: sent {_text(sent)}, read {_text(read)}"]


def told(found: list[str]) -> str:
    """Return the first differences in one text."""
    more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return "; ".join(found[:MOST_SHOWN]) + more


def _list_differences(sent: list[Any], read: list[Any], at: str) -> list[str]:
    if len(sent) != len(read):
        return [f"{at}: sent {len(sent)} items, read {len(read)}"]
    left = list(read)
    for number, item in enumerate(sent):
        same = next((place for place, other in enumerate(left) if not differences(item, other)), None)
        if same is None:
            return [f"{at}[{number}]: sent {_text(item)}, read no such item"]
        del left[same]
    return []


def _same(sent: Any, read: Any) -> bool:
    if sent == read or (sent in (None, []) and read in (None, [])):
        return True
    if not (isinstance(sent, str) and isinstance(read, str)):
        return False
    if "Descriptor#" in sent:
        return sent.casefold() == read.casefold()
    times = _DATE_TIME.fullmatch(sent), _DATE_TIME.fullmatch(read)
    return all(times) and times[0][1] == times[1][1]  # type: ignore[index]  # both match


def _text(value: Any) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()[:80]
