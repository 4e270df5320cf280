"""What a run's inventory holds, as lines: a table of counts, or every document that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dms_load_test.errors import ConfigError
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.run_folder import find_run
from dms_load_test.views.text import short_resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_NAME_WIDTH = 44
"""Leaves room in 80 columns for a phase and for three numbers of six digits."""


def inventory_lines(results: Path, name: str) -> Iterator[str]:
    """Yield the counts by resource and phase. Raises: ConfigError: there is no such run, or it sent nothing."""
    with _open(results, name) as inventory:
        rows = inventory.tally()
    sums = [sum(int(row[at]) for row in rows) for at in (2, 3, 4)]
    table = [
        ("resource", "phase", "created", "found", "deleted"),
        *((short_resource(resource, _NAME_WIDTH), phase, *map(_count, counts)) for resource, phase, *counts in rows),
        ("all", "", *map(_count, sums)),
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for resource, phase, *figures in table:
        right = (f"  {text:>{width}}" for text, width in zip(figures, widths[2:], strict=True))
        yield f"{resource:<{widths[0]}}  {phase:<{widths[1]}}{''.join(right)}"


def _count(number: int) -> str:
    return f"{number:,}"


def document_lines(results: Path, name: str) -> Iterator[str]:
    """Yield each document that is left, as JSON. Raises: as `inventory_lines`."""
    with _open(results, name) as inventory:
        for entry in inventory.documents():
            yield msgspec.json.encode(entry).decode()


def _open(results: Path, name: str) -> RunInventory:
    folder = find_run(results, name)
    if not folder.inventory.is_file():
        raise ConfigError(f"{folder.path}: the run has no inventory: it ended before it sent anything")
    return RunInventory(folder.inventory)
