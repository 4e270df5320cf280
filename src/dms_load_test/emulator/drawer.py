"""Small entries beside the documents: what the Configuration Service keeps, in the store's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

Entry = dict[str, Any]
LAYOUT = """
CREATE TABLE entries (
    kind TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, number)
) STRICT;
"""


class Drawer:
    """The table of entries: JSON objects by kind and number."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, kind: str, number: int, entry: Entry) -> None:
        """Keep an entry, in place of the one with its number."""
        body = msgspec.json.encode(entry).decode()
        self._db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (kind, number, body))

    def remove(self, kind: str, number: int) -> None:
        """Forget an entry."""
        self._db.execute("DELETE FROM entries WHERE kind=? AND number=?", (kind, number))

    def all_of(self, kind: str) -> Iterator[tuple[int, Entry]]:
        """Yield (number, entry) in order of numbers."""
        rows = self._db.execute("SELECT number, body FROM entries WHERE kind=? ORDER BY number", (kind,)).fetchall()
        return ((number, msgspec.json.decode(body)) for number, body in rows)
