"""Files that a user asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a file. Raises: ConfigError: if that is not possible."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose a file that can be written") from error


def append_text(path: Path, text: str) -> None:
    """Append to a file. Raises: ConfigError: if that is not possible."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a file that can be written") from error
