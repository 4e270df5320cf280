"""Whether a run is still going on: its process holds a lock that the system takes away however the process ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.file_lock import give_back, take_lock, try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dms_load_test.results.run_folder import RunFolder

FILE_NAME = "running.lock"


@contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """Hold the folder's lock while the context is open.

    Raises:
        ConfigError: Another process holds it, or the folder cannot be written.
    """
    path = folder.path / FILE_NAME
    try:
        file = take_lock(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a folder that can be written") from error
    if file is None:
        raise ConfigError(f"{folder.path}: the run is still going on; wait until it has ended, or stop it")
    try:
        yield
    finally:
        give_back(file, path)


def is_held(folder: RunFolder) -> bool:
    """Tell whether a process holds the folder's lock."""
    path: Path = folder.path / FILE_NAME
    try:
        with path.open("r+b") as file:
            return not try_lock(file)
    except OSError:
        return False
