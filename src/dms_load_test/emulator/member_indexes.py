"""Indexes of members that documents are filtered by, made when a filter turned out to be slow.

A filter that finds little reads all documents of its resource: 4 us each, thus seconds among a million. Indexing every
member instead would cost each write dearly, and most of them nobody asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

SLOW_S = 0.002
"""A query that took longer is worth an index: making it takes little more than the query did."""
_MOST = 256


class MemberIndexes:
    """The indexes of one database."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        known = db.execute("SELECT name FROM sqlite_schema WHERE type='index' AND name GLOB 'member *'")
        self._names = {name for (name,) in known}

    def find(self, resource: int, paths: Iterable[str]) -> str:
        """Return the first of the JSON paths that has an index for this resource; empty where none has."""
        return next((path for path in paths if index_name(resource, path) in self._names), "") if self._names else ""

    def add(self, resource: int, path: str) -> None:
        """Index a member of a resource; nothing happens beyond some hundreds, or within a transaction."""
        if len(self._names) >= _MOST or self._db.in_transaction:
            return
        name = index_name(resource, path)
        what = f"documents ({member(path, 'body')}) WHERE resource={resource:d}"
        self._db.execute(f"CREATE INDEX IF NOT EXISTS {_quoted(name)} ON {what}")
        self._names.add(name)


def index_name(resource: int, path: str) -> str:
    """Return the name of the index of a member."""
    return f"member {resource} {path}"


def source(resource: int, path: str) -> str:
    """Return the FROM of a query by an indexed member; SQLite has no statistics to choose the index by."""
    return f"FROM documents d INDEXED BY {_quoted(index_name(resource, path))}"


def member(path: str, column: str) -> str:
    """Return a member as SQL, in the words of its index."""
    escaped = path.replace("'", "''")
    return f"json_extract({column}, '{escaped}')"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
