"""The report of a run, from its record alone: at its end, and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError, StorageError
from dms_load_test.results.page import page_of
from dms_load_test.results.record import read_record
from dms_load_test.results.run_folder import find_run
from dms_load_test.results.storage import is_full, whole_file
from dms_load_test.results.story import story_of
from dms_load_test.views.report import render_report

if TYPE_CHECKING:
    from pathlib import Path


def make_report(results: Path, name: str, out: Path | None = None) -> Path:
    """Write the report of a run, named as `find_run` takes it, into its folder or to `out`; return its path.

    Raises:
        ConfigError: There is no such run, its record is damaged, or the report may not be written there.
        StorageError: The disk is full.
    """
    folder = find_run(results, name)
    path = out or folder.report
    report_record(folder.record, path)
    return path


def report_record(record: Path, path: Path) -> None:
    """Write the report of a record. Raises: ConfigError, StorageError: as `make_report`."""
    page = page_of(story_of(read_record(record)))
    try:
        with whole_file(path) as file:
            file.write(render_report(page))
    except OSError as error:
        if is_full(error):
            raise StorageError(
                f"{path}: {error.strerror}; make space, or choose another place with --out of `report`"
            ) from error
        raise ConfigError(f"{path}: {error.strerror}; choose another place with --out of `report`") from error
