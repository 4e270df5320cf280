"""The client's secret: as a value, in a file, or from a command. Which way counts, and whether others can read it.

The way of the higher layer counts: a command in the environment beats a value in `.env.load-test`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dms_load_test.config.settings import Settings
    from dms_load_test.config.sources import Source

WAYS = ("CLIENT_SECRET", "CLIENT_SECRET_FILE", "CLIENT_SECRET_COMMAND")
_OTHERS = 0o077


def given_ways(source: Source) -> list[str]:
    """Return the ways that a layer gives the secret in; an empty text gives none."""
    return [way for way in WAYS if source.values.get(way)]


def two_ways(source: Source) -> list[str]:
    """Return what is wrong with a layer that gives the secret more than once."""
    ways = given_ways(source)
    places = "; ".join(f"{way}: {source.origins[way].where}" for way in ways)
    return [f"{' and '.join(ways)}: give one of them ({places})"] if len(ways) > 1 else []


def loose_files(settings: Settings, own_file: Path) -> list[str]:
    """Return a warning for each file with a secret that others than its owner can read; none on Windows."""
    if os.name != "posix":
        return []
    holders = [own_file, settings.client_secret_file]
    return [
        f"{path} holds a secret and others can read it (mode {path.stat().st_mode & 0o777:o}); run chmod 600 {path}"
        for path in holders
        if path is not None and path.is_file() and path.stat().st_mode & _OTHERS and _is_secret(path, own_file)
    ]


def _is_secret(path: Path, own_file: Path) -> bool:
    """Tell whether a file holds a secret: the settings file does if a line sets one."""
    if path != own_file:
        return True
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    names = ("CLIENT_SECRET", "CONFIG_SERVICE_CLIENT_SECRET", "PERF_API_SECRET")
    return any(line.strip().removeprefix("export ").startswith(tuple(f"{name}=" for name in names)) for line in lines)
