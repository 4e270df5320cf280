"""The file that documents are kept in: whose it may be, and what is in a new one.

One emulator at a time uses it, as each counts change versions for itself. It keeps to the API and the flavor that it
was made for, as its documents do. What another program made is left alone, down to its journal mode.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.emulator import drawer
from dms_load_test.errors import ConfigError, StorageError
from dms_load_test.file_lock import give_back, take_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAYOUT_VERSION = 4
_LAYOUT = """
CREATE TABLE resources (number INTEGER PRIMARY KEY, resource TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    resource INTEGER NOT NULL,
    id BLOB NOT NULL,
    own_key BLOB NOT NULL,
    shared_key BLOB,
    version INTEGER NOT NULL,
    modified_s INTEGER NOT NULL,
    targets BLOB NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX documents_id ON documents (id);
CREATE UNIQUE INDEX documents_own_key ON documents (own_key);
CREATE UNIQUE INDEX documents_shared_key ON documents (shared_key) WHERE shared_key IS NOT NULL;
CREATE INDEX documents_version ON documents (resource, version);
CREATE INDEX documents_resource ON documents (resource);
CREATE TABLE changes (
    version INTEGER PRIMARY KEY,
    resource INTEGER NOT NULL,
    is_delete INTEGER NOT NULL,
    id BLOB NOT NULL,
    own_key BLOB NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL
) STRICT;
CREATE INDEX changes_resource ON changes (resource, is_delete, version);
CREATE TABLE links (
    target INTEGER NOT NULL, resource INTEGER NOT NULL, referrer INTEGER NOT NULL,
    PRIMARY KEY (target, resource, referrer)
) STRICT, WITHOUT ROWID;
"""
_PRIMARY_CODE = 0xFF
_DISK_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_TABLES = {"resources", "documents", "changes", "links"}


class MadeFor(NamedTuple):
    """What documents are made for. `flavor`: whose form their ids have; `model`: the API's epoch, empty for any."""

    flavor: str = "dms"
    model: str = ""


ANY = MadeFor()


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep other emulators off the file while the context is open.

    Not by a lock on the file itself: SQLite has its own there, and other programs may read.

    Raises:
        ConfigError: if another emulator uses it, or its folder cannot be written.
    """
    beside = path.resolve()
    beside = beside.with_name(beside.name + ".emulator-lock")
    try:
        lock = take_lock(beside)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a file in a folder that can be written") from error
    if lock is None:
        raise ConfigError(f"{path}: another emulator uses it; stop that one, or name another file")
    try:
        yield
    finally:
        give_back(lock, beside)


@contextmanager
def usable(path: Path | None) -> Iterator[None]:
    """Tell why a file cannot be used.

    Raises:
        ConfigError: if it is none of the emulator's.
        StorageError: if its disk takes no more.
    """
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DISK_ERRORS:
            raise StorageError(f"{path}: {error}; make space, or name a file elsewhere") from error
        raise ConfigError(f"{path}: {error}; name a file that the emulator made, or a new one") from error


def lay_out(db: sqlite3.Connection, entries: drawer.Drawer, made_for: MadeFor) -> None:
    """Make the tables of a new file; check one that has any.

    Raises:
        sqlite3.DatabaseError: if another program made it, or it was made for something else.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    if not names and version == 0:
        db.executescript(f"BEGIN; {_LAYOUT} {drawer.LAYOUT} PRAGMA user_version={_LAYOUT_VERSION}; COMMIT;")
    elif not names >= _TABLES:
        raise sqlite3.DatabaseError("another program made it")
    elif version != _LAYOUT_VERSION:
        raise sqlite3.DatabaseError(f"its layout is {version}, not {_LAYOUT_VERSION}")
    _keep_to(entries, made_for)


def _keep_to(entries: drawer.Drawer, made_for: MadeFor) -> None:
    kept = next((entry for _, entry in entries.all_of("flavor")), {})
    if kept.get("name", made_for.flavor) != made_for.flavor:
        raise sqlite3.DatabaseError(f"it was made with --flavor {kept['name']}")
    model = kept.get("model", "")
    if model and made_for.model and model != made_for.model:
        raise sqlite3.DatabaseError("it was made for another API: by other --openapi documents, or another version")
    entries.put("flavor", 1, {"name": made_for.flavor, "model": made_for.model or model})
