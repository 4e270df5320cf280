"""Whether a run is still going on: its process holds a lock that the system takes away however the process ends."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from dms_load_test.errors import ConfigError

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
        file = path.open("ab")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a folder that can be written") from error
    with file:
        if not _try_lock(file):
            raise ConfigError(f"{folder.path}: the run is still going on; wait until it has ended, or stop it")
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no open file: it stays, and means nothing when nobody holds it
                path.unlink()


def is_held(folder: RunFolder) -> bool:
    """Tell whether a process holds the folder's lock."""
    path: Path = folder.path / FILE_NAME
    try:
        with path.open("r+b") as file:
            return not _try_lock(file)
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
