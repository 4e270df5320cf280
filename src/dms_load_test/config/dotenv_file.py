"""Changing a dotenv file: names get values or go away, all other lines stay; written whole or not at all, mode 600."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

from pydantic import SecretStr

from dms_load_test.config.secret import is_secret
from dms_load_test.config.sources import FILE_NAME, read_dotenv
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEAD = "# Made by `dms-load-test setup-client`; holds secrets. See .env.example for every setting.\n"
_PLAIN = re.compile(r"[\w./:@%+=,-]+", re.ASCII)


def with_values(text: str, values: Mapping[str, str | None]) -> str:
    """Return the file's text with each name set to its value, in its place or at the end; None takes the name away.

    >>> with_values("A=1", {"A": "2 # 3"}).strip()
    "A='2 # 3'"
    """
    left = {name: value for name, value in values.items() if value is not None}
    lines = []
    for line in text.splitlines():
        name = line.partition("=")[0].strip().removeprefix("export ").strip()
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={_quoted(left.pop(name))}")
    lines += [f"{name}={_quoted(value)}" for name, value in left.items()]
    return "\n".join(lines) + "\n"


def change_file(path: Path, values: Mapping[str, str | None]) -> None:
    """Change the file, or make it; only its owner can read it then.

    Raises:
        ConfigError: It cannot be written.
    """
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        text = with_values(path.read_text(encoding="utf-8-sig") if path.exists() else HEAD, values)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        scratch.unlink(missing_ok=True)
        lost = any(is_secret(name, value) for name, value in values.items() if value)
        advice = "the new secret is lost: make it writable, and run it again" if lost else "make it writable"
        raise ConfigError(f"{path}: cannot be written ({error}); {advice}") from None


def read_client(path: Path) -> dict[str, str | SecretStr]:
    """Return the fields of key and secret that the file holds."""
    found = read_dotenv(path.read_text(encoding="utf-8-sig"), FILE_NAME, str(path)).values
    return {"client_id": found["CLIENT_ID"], "client_secret": SecretStr(found["CLIENT_SECRET"])}


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
