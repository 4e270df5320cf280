"""What is a secret, who can read it, and the ways of the client's: as a value, in a file, or from a command.

The way of the higher layer counts: a command in the environment beats a value in `.env.load-test`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dms_load_test.config.aliases import ALIASES
from dms_load_test.config.settings import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dms_load_test.config.settings import Settings
    from dms_load_test.config.sources import Source

WAYS = ("CLIENT_SECRET", "CLIENT_SECRET_FILE", "CLIENT_SECRET_COMMAND")
_NAMES = frozenset(name for name, key in KEYS.items() if key.is_secret)
_ALIASES = frozenset(name for alias in ALIASES if _NAMES.intersection(alias.settings) for name in alias.names)
_OTHERS = 0o077


def given_ways(source: Source) -> list[str]:
    """Return the ways that a layer gives the secret in; an empty text gives none."""
    return [way for way in WAYS if source.values.get(way)]


def two_ways(source: Source) -> list[str]:
    """Return what is wrong with a layer that gives the secret more than once."""
    ways = given_ways(source)
    places = "; ".join(f"{way}: {source.origins[way].where}" for way in ways)
    return [f"{' and '.join(ways)}: give one of them ({places})"] if len(ways) > 1 else []


def is_secret(name: str, text: str) -> bool:
    """Tell whether what a variable is set to is a secret; a database's address without a password is none."""
    is_address = name == "POSTGRES_URL" and "://" in text and not has_password(text)
    return (name in _NAMES or name in _ALIASES) and bool(text) and not is_address


def has_password(address: str) -> bool:
    """Tell whether a database's address holds a password; one that cannot be taken apart may, where it names a user."""
    try:
        found = urlsplit(address).password is not None
    except ValueError:
        found = "@" in address
    return found or "password=" in address


def loose_files(settings: Settings, files: Mapping[Path, Source]) -> list[str]:
    """Return a warning for each file with a secret that others than its owner can read; none on Windows.

    `files` are those that settings come from, with what was read in each.
    """
    if os.name != "posix":
        return []
    holders = [path for path, source in files.items() if any(is_secret(*pair) for pair in source.values.items())]
    if settings.client_secret_file is not None:
        holders.append(settings.client_secret_file)
    return [
        f"{path} holds a secret and others can read it (mode {path.stat().st_mode & 0o777:o}); run chmod 600 {path}"
        for path in holders
        if path.is_file() and path.stat().st_mode & _OTHERS
    ]
