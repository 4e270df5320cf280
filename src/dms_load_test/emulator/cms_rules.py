"""What the Configuration Service checks in a posted entry, in the words of DMS's validator. Pure.

A checker takes (value, shown name) and returns a message, or an empty text where nothing is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dms_load_test.emulator.problems import Problem, Refused

Checker = Callable[[Any, str], str]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_KINDS_OF_CHARACTERS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
_SHORTEST_SECRET, _LONGEST_SECRET = 32, 128
_PREFIX_LENGTH = 128


def text(longest: int) -> Checker:
    """A text that is there and no longer than `longest` characters."""

    def check(value: Any, shown: str) -> str:
        if not isinstance(value, str) or not value.strip():
            return f"'{shown}' must not be empty."
        if len(value) > longest:
            return (
                f"The length of '{shown}' must be {longest} characters or fewer. You entered {len(value)} characters."
            )
        return ""

    return check


def optional(check: Checker) -> Checker:
    """Allow the member to be absent."""
    return lambda value, shown: "" if value is None else check(value, shown)


def email(value: Any, shown: str) -> str:
    """Check an e-mail address."""
    return "" if isinstance(value, str) and _EMAIL.fullmatch(value) else f"'{shown}' is not a valid email address."


def without_blanks(value: Any, shown: str) -> str:
    """Check a name that may not hold blanks."""
    return text(256)(value, shown) or (f"{shown} must not contain white spaces." if re.search(r"\s", value) else "")


def prefixes(value: Any, shown: str) -> str:
    """Check namespace prefixes, joined by commas."""
    if not isinstance(value, str):
        return f"'{shown}' must be a text."
    if any(len(prefix.strip()) > _PREFIX_LENGTH for prefix in value.split(",")):
        return f"Each NamespacePrefix length must be {_PREFIX_LENGTH} characters or fewer."
    return ""


def number(value: Any, shown: str) -> str:
    """Check a positive number."""
    return "" if _is_positive(value) else f"'{shown}' must be greater than '0'."


def numbers(value: Any, shown: str) -> str:
    """Check a list of positive numbers."""
    if not isinstance(value, list):
        return f"'{shown}' must be a list of numbers."
    return "" if all(map(_is_positive, value)) else f"Each number of '{shown}' must be greater than '0'."


def some_numbers(value: Any, shown: str) -> str:
    """Check a list of positive numbers that may not be empty."""
    return numbers(value, shown) if value else f"'{shown}' must not be empty."


def strong_secret(value: Any, shown: str) -> str:
    """Check a client secret."""
    fits = isinstance(value, str) and _SHORTEST_SECRET <= len(value) <= _LONGEST_SECRET
    if fits and all(re.search(kind, value) for kind in _KINDS_OF_CHARACTERS):
        return ""
    return (
        f"'{shown}' must contain at least one lowercase letter, one uppercase letter, one number, and one special "
        f"character, and must be {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters long."
    )


def flag(value: Any, shown: str) -> str:
    """Check a boolean."""
    return "" if type(value) is bool else f"'{shown}' must be true or false."


def _is_positive(value: Any) -> bool:
    return type(value) is int and value > 0


def check(entry: Any, rules: Mapping[str, Checker]) -> dict[str, Any]:
    """Return the entry's known members.

    Raises:
        Refused: with every violation.
    """
    if not isinstance(entry, dict):
        raise Refused(invalid({"$": ["The request body must be a JSON object."]}))
    found: dict[str, list[str]] = {}
    for member, checker in rules.items():
        name = member[:1].upper() + member[1:]
        message = checker(entry.get(member), _WORDS.sub(" ", name))
        if message:
            found[name] = [message]
    if found:
        raise Refused(invalid(found))
    return {member: entry[member] for member in rules if entry.get(member) is not None}


def invalid(violations: Mapping[str, list[str]]) -> Problem:
    """400: an entry breaks its rules."""
    detail = "Data validation failed. See 'validationErrors' for details."
    return Problem(400, "bad-request:data", "Data Validation Failed", detail, violations)


def unknown_grant_type() -> Problem:
    """400: the token endpoint gives tokens to clients alone."""
    detail = "The specified grant type is not supported."
    return Problem(400, "bad-request", "Bad Request", detail, {}, (detail,))


def unknown_client() -> Problem:
    """401: the token endpoint does not know key and secret."""
    detail = "The request could not be processed. See 'errors' for details."
    error = "unauthorized_client. Invalid client or Invalid client credentials"
    return Problem(401, "security:authentication", "Authentication Failed", detail, {}, (error,))


def not_found(what: str, number_: int) -> Problem:
    """404: no such entry."""
    return Problem(404, "not-found", "Not Found", f"{what} {number_} not found. It may have been recently deleted.", {})


def unresolved(member: str) -> Problem:
    """409: an entry refers to another that does not exist."""
    detail = f"The referenced '{member}' item does not exist."
    return Problem(409, "conflict:unresolved-reference", "Unresolved Reference", detail, {})


def in_use(what: str) -> Problem:
    """409: others refer to the entry."""
    detail = f"The requested action cannot be performed because this {what} is referenced by existing item(s)."
    return Problem(409, "conflict:dependent-item-exists", "Dependent Item Exists", detail, {})
