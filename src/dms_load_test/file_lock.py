"""A lock on a file of its own, which the system takes away however the process that holds it ends."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def take_lock(path: Path) -> IO[bytes] | None:
    """Return the open file that holds the lock until `give_back`; `None` where somebody else holds it.

    Raises:
        OSError: if the file cannot be made, or its file system knows no locks.
    """
    while True:
        with ExitStack() as opened:
            file = opened.enter_context(path.open("ab"))
            if not try_lock(file):
                return None
            if _is_at(file, path):
                opened.pop_all()
                return file
        # whoever held it removed it between our opening and our locking: the next one to come would make another


def give_back(file: IO[bytes], path: Path) -> None:
    """Remove the file, and let the lock go."""
    with file, suppress(OSError):  # Windows removes no open file: it stays, and means nothing when nobody holds it
        path.unlink()


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file; tell whether that was possible."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file; tell whether that was possible."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
