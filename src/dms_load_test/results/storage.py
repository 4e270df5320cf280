"""How results get to the disk, and what is said when they cannot: a full disk is no bug of ours."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dms_load_test.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO") if hasattr(errno, name))


def is_full(error: OSError) -> bool:
    """Tell whether a disk, or a limit on it, is what refuses to be written: nobody named a wrong place."""
    return error.errno in _FULL


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what the system says about writing `path`. Raises: StorageError: it cannot be written."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise StorageError(
            f"{path}: {what}; what was written until then stays: make space, then `dms-load-test report` shows it, "
            "and `resume` or `clean` go on with it"
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Give a text file that takes the place of `path` at the end of the context: readers see the old or the new one.

    Raises: OSError: It cannot be written. Then, and whatever the context raises, `path` is as it was.
    """
    if path.exists() and not path.is_file():  # a device would be replaced by a file, for all who use it
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    beside = path.with_name(f"{path.name}.partial")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)  # on a full disk its megabytes are missed
        raise
