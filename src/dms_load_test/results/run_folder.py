"""Where a run's files are: `results/20260301T080000Z-smoke-3f9a/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.results.record import FILE_NAME as RECORD

if TYPE_CHECKING:
    from datetime import datetime

_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")
_MOST_OF_A_NAME = 40
_BEGIN = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run; its name is the run's id."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def record(self) -> Path:
        """The record, which everything else is made from."""
        return self.path / RECORD

    @property
    def summary(self) -> Path:
        """The figures for programs."""
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        """The report for people, one file that needs nothing else."""
        return self.path / "report.html"

    @property
    def inventory(self) -> Path:
        """The ids of the documents created."""
        return self.path / "inventory.sqlite3"


def create_run_folder(results: Path, started_at: datetime, profile: str, token: str) -> RunFolder:
    """Make a new folder below `results`; `started_at` is UTC, `token` a few random letters that make it unique.

    Names sort as the runs began, which is how the latest is found: a second run of the same second has the next one's.

    Raises: ConfigError: if it exists or cannot be made.
    """
    label = _UNSAFE.sub("-", profile).strip("-.")[:_MOST_OF_A_NAME] or "run"
    while any(results.glob(f"{started_at:{_BEGIN}}-*")):
        started_at += timedelta(seconds=1)
    path = results / f"{started_at:{_BEGIN}}-{label}-{token}"
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose a folder that can be written with --results") from error
    return RunFolder(path)


def find_run(results: Path, name: str = "") -> RunFolder:
    """Return an earlier run by its folder's path, its name or the start or end of its name; without one, the latest.

    The latest is one whose record has begun: a run that was killed while it still looked at its target has none.

    Raises: ConfigError: if there is none, or more than one.
    """
    if name and (Path(name) / RECORD).is_file():
        return RunFolder(Path(name).resolve())  # so that `.` has a name, too
    runs = sorted(path.parent for path in results.glob(f"*/{RECORD}"))
    found = [run for run in runs if run.name.startswith(name) or run.name.endswith(name)]
    if not name:
        found = [run for run in reversed(runs) if _has_begun(run / RECORD)][:1]
    if not found:
        raise ConfigError(f"{results}: no run {name or 'at all'}; expected a folder with a {RECORD}")
    if len(found) > 1:
        raise ConfigError(f"{results}: {name} may be {', '.join(run.name for run in found)}; give more of the name")
    return RunFolder(found[-1])


def _has_begun(record: Path) -> bool:
    """Tell whether the first line is whole."""
    try:
        with record.open("rb") as file:
            return file.readline().endswith(b"\n")
    except OSError:
        return True  # whoever reads it tells what is wrong
