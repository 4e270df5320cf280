"""What a run's inventory holds, as lines: a table of counts, or every document that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dms_load_test.errors import ConfigError
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.run_folder import find_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def inventory_lines(results: Path, name: str) -> Iterator[str]:
    """Yield the counts by resource and phase. Raises: ConfigError: there is no such run, or it sent nothing."""
    with _open(results, name) as inventory:
        rows = inventory.tally()
    width = max((len(resource) for resource, *_ in rows), default=8)
    yield f"{'resource':<{width}}  {'phase':<10}  {'created':>10}  {'found':>10}  {'deleted':>10}"
    for resource, phase, *counts in rows:
        yield f"{resource:<{width}}  {phase:<10}" + "".join(f"  {count:>10,}" for count in counts)
    sums = [sum(int(row[at]) for row in rows) for at in (2, 3, 4)]
    yield f"{'all':<{width}}  {'':<10}" + "".join(f"  {count:>10,}" for count in sums)


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
