"""Why a request failed, in words that group: values such as ids and quoted texts are folded away. Pure.

`blot` takes what is secret out of a text. It comes first: what is folded or cut is no longer recognised.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

REASON_LENGTH = 200
EXAMPLE_LENGTH = 1000
_BEARER = re.compile(r"(?i)(bearer\s+|access_token\W+)[\w.~+/=-]+")
_FOLDS = (
    (_BEARER, r"\1***"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\b"), "{id}"),
    (re.compile(r"'[^']*'"), "'…'"),
    (re.compile(r'"[^"]*"'), '"…"'),
    (re.compile(r"\d+(?:[.,]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)


def reason_of(status: int, body: bytes, blot: Callable[[str], str] = str) -> str:
    """Return the short reason of a failed answer.

    >>> reason_of(404, b'{"type": "urn:ed-fi:api:not-found", "detail": "No School 255901 here."}')
    'not-found: No School # here.'

    Made of the problem type's last part and the first message that says most: a validation error with its path, an
    error, the detail.
    """
    problem = _problem(body)
    if problem is None:
        return fold(blot(body.decode("utf-8", "replace"))[:EXAMPLE_LENGTH]) or f"status {status} without a body"
    kind = str(problem.get("type") or problem.get("title") or "").rstrip(":").rpartition(":")[2]
    message = _message(problem)
    return fold(blot(f"{kind}: {message}" if kind and message else kind or message)) or f"status {status}"


def fold(text: str) -> str:
    """Replace what differs between alike messages, and bound the length."""
    for pattern, replacement in _FOLDS:
        text = pattern.sub(replacement, text)
    return text.strip()[:REASON_LENGTH]


def correlation_id_of(body: bytes, blot: Callable[[str], str] = str) -> str:
    """Return the answer's correlation id, by which the server's log can be searched; empty where there is none."""
    problem = _problem(body)
    found = problem.get("correlationId") or problem.get("traceId") if problem else ""
    return blot(str(found or ""))[:EXAMPLE_LENGTH]


def example_of(body: bytes, blot: Callable[[str], str] = str) -> str:
    """Return the answer's text, bounded, with anything that looks like a token blotted out."""
    text = blot(body.decode("utf-8", "replace"))
    return _BEARER.sub(r"\1***", text[: 4 * EXAMPLE_LENGTH])[:EXAMPLE_LENGTH]


def _problem(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _message(problem: dict[str, Any]) -> str:
    validation = problem.get("validationErrors")
    if isinstance(validation, dict) and validation:
        path, messages = next(iter(validation.items()))
        first = messages[0] if isinstance(messages, list) and messages else messages
        return f"{path} {first}"
    errors = problem.get("errors")
    if isinstance(errors, list) and errors:
        return str(errors[0])
    return str(problem.get("detail") or problem.get("message") or problem.get("error") or "")
