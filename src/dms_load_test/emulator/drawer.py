"""Small records beside the documents: what the Configuration Service keeps, in the store's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

Record = dict[str, Any]
LAYOUT = """
CREATE TABLE records (
    kind TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, number)
) STRICT;
"""


class Drawer:
    """The table of records: JSON objects by kind and number."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, kind: str, number: int, record: Record) -> None:
        """Keep a record, in place of the one with its number."""
        body = msgspec.json.encode(record).decode()
        self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (kind, number, body))

    def remove(self, kind: str, number: int) -> None:
        """Forget a record."""
        self._db.execute("DELETE FROM records WHERE kind=? AND number=?", (kind, number))

    def all_of(self, kind: str) -> Iterator[tuple[int, Record]]:
        """Yield (number, record) in order of numbers."""
        rows = self._db.execute("SELECT number, body FROM records WHERE kind=? ORDER BY number", (kind,)).fetchall()
        return ((number, msgspec.json.decode(body)) for number, body in rows)
