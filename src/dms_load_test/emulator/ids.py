"""Document ids: 16 bytes inside, text outside."""

from __future__ import annotations

import re

_HYPHENATED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN = re.compile(r"[0-9a-fA-F]{32}")


def format_id(identifier: bytes) -> str:
    """Return 16 bytes as a lower-case hyphenated UUID, as DMS does."""
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def format_plain_id(identifier: bytes) -> str:
    """Return 16 bytes as 32 lower-case digits, as ODS/API does."""
    return identifier.hex()


def parse_id(text: str) -> bytes | None:
    """Return a UUID's 16 bytes, or `None` if the text is no hyphenated UUID."""
    return bytes.fromhex(text.replace("-", "")) if _HYPHENATED.fullmatch(text) else None


def parse_plain_id(text: str) -> bytes | None:
    """Return a UUID's 16 bytes, with or without hyphens; `None` if the text is none."""
    return bytes.fromhex(text) if _PLAIN.fullmatch(text) else parse_id(text)
