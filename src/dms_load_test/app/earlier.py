"""The manifest of a run, and what a later run takes from it: data is a function of its sizes and seed."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test import __version__
from dms_load_test.errors import ConfigError
from dms_load_test.results.events import Manifest, SettingRow
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.record import FILE_NAME, read_record
from dms_load_test.results.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from dms_load_test.config import Effective, Settings

SIZES = (
    "school_count",
    "student_count",
    "staff_count",
    "courses_per_school",
    "sections_per_course",
    "school_year",
)
"""The settings that documents are functions of, beside the seed."""


@dataclass(frozen=True, slots=True)
class EarlierLoad:
    """A run whose load phase made documents that its target may still have."""

    folder: RunFolder
    seed: int
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one run from another."""

    run_id: str
    started_at: datetime
    target: str
    seed: int
    phases: tuple[str, ...]
    notes: tuple[str, ...]
    data_standard: str
    target_version: str


def manifest_of(effective: Effective, sizes: dict[str, int], identity: Identity) -> Manifest:
    """Return the record's first line; `target` is the base URL that discovery was found at."""
    return Manifest(
        run_id=identity.run_id,
        started_at=f"{identity.started_at:%Y-%m-%dT%H:%M:%SZ}",
        tool_version=__version__,
        target=identity.target,
        profile=effective.profile.name,
        seed=identity.seed,
        phases=identity.phases,
        data_standard=identity.data_standard,
        target_version=identity.target_version,
        sizes=sizes,
        settings=tuple(SettingRow(row.name, row.value, row.origin.where) for row in effective.rows()),
        machine={"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count() or 0},
        notes=identity.notes,
    )


def sizes_of(settings: Settings) -> dict[str, int]:
    """Return the sizes by setting."""
    return {name: getattr(settings, name) for name in SIZES}


def earlier_load(results: Path, target: str) -> EarlierLoad:
    """Return the latest run in `results` that made documents on `target`.

    Raises:
        ConfigError: There is none.
    """
    for folder, manifest in _runs(results):
        if manifest.target == target and _has_documents(folder):
            return EarlierLoad(folder, manifest.seed, dict(manifest.sizes))
    raise ConfigError(
        f"{results}: no run has loaded documents into {target}; run --phase load or --phase full first, "
        "or give the folder of that run's results with --results"
    )


def _runs(results: Path) -> Iterator[tuple[RunFolder, Manifest]]:
    """Yield the runs of a results folder, the latest first; records that cannot be read are not runs."""
    for path in sorted(results.glob(f"*/{FILE_NAME}"), reverse=True):
        try:
            first = next(read_record(path), None)
        except ConfigError:
            continue
        if isinstance(first, Manifest):
            yield RunFolder(path.parent), first


def _has_documents(folder: RunFolder) -> bool:
    if not folder.inventory.is_file():
        return False
    with RunInventory(folder.inventory) as inventory:
        return bool(inventory.resources())
