"""Reading a request body: what is no JSON, and what names a member twice, is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from dms_load_test.emulator.problems import Refused, bad_request, invalid_data

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_ENDS = {"}": "object", "]": "array"}
_COMMA = re.compile(r",\s*")


class _Repeated(Exception):  # noqa: N818 -- a finding
    """Carries the name of a member that stands twice in one object."""


def read_body(body: bytes) -> Any:
    """Return the JSON value of a body.

    Raises:
        Refused: if the body is empty, no JSON, or repeats a member.
    """
    if not body.strip():
        raise Refused(bad_request("A non-empty request body is required."))
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(invalid_data({"$.": [_json_fault(body)]})) from None
    if _encode(value) != body:  # the same bytes again: nothing was dropped, so no member stands twice
        _refuse_repeated(body)
    return value


def _refuse_repeated(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_distinct)
    except _Repeated as repeated:
        raise Refused(invalid_data({f"$.{repeated}": ["An item with the same key has already been added."]})) from None
    except (ValueError, RecursionError):
        return  # what the stricter parser took is fine


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return members


def _json_fault(body: bytes) -> str:
    """Say where the JSON breaks off: the two commonest faults in the words of .NET, others in their shape."""
    text = body.decode("utf-8", "replace")  # given bytes, `json` makes halves of characters, which no answer can hold
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        at = _place_of(fault)
        shown = text[at : at + 1]
        where = f"LineNumber: {text.count(chr(10), 0, at)} | BytePositionInLine: {at - text.rfind(chr(10), 0, at) - 1}."
        if fault.msg == "Expecting ',' delimiter" and shown:
            return f"'{shown}' is invalid after a value. Expected either ',', '}}', or ']'. {where}"
        if shown in _ENDS and text[:at].rstrip().endswith(","):
            what = "contains a trailing comma at the end which is not supported in this mode"
            return f"The JSON {_ENDS[shown]} {what}. Change the reader options. {where}"
        return f"'{shown}' is invalid. {fault.msg}. {where}"
    except (ValueError, RecursionError):
        pass
    return "The input is not valid JSON. LineNumber: 0 | BytePositionInLine: 0."


def _place_of(fault: json.JSONDecodeError) -> int:
    """Return where the JSON breaks off: behind a trailing comma, at which Python 3.13 and later point."""
    comma = _COMMA.match(fault.doc, fault.pos) if fault.msg.startswith("Illegal trailing comma") else None
    return comma.end() if comma else fault.pos
