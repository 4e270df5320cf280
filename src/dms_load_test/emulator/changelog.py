"""What was deleted and whose natural key changed: the memory behind `/deletes` and `/keyChanges`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Change(NamedTuple):
    """One deletion or key change. `id` is 16 bytes; `old` and `new` are JSON objects, `new` is empty for a deletion."""

    version: int
    id: bytes
    old: bytes
    new: bytes = b""


class ChangeLog:
    """The table of changes, in the store's file and transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @property
    def latest_version(self) -> int:
        """The version of the last change, 0 without any."""
        return int(self._db.execute("SELECT coalesce(max(version), 0) FROM changes").fetchone()[0])

    def note_delete(self, resource: int, own_key: bytes, change: Change) -> None:
        """Remember a deletion."""
        self._note(resource, own_key, change, is_delete=True)

    def note_key_change(self, resource: int, own_key: bytes, change: Change) -> None:
        """Remember that a document's natural key became another."""
        self._note(resource, own_key, change, is_delete=False)

    def _note(self, resource: int, own_key: bytes, change: Change, *, is_delete: bool) -> None:
        self._db.execute(
            "INSERT INTO changes (version, resource, is_delete, id, own_key, old, new)"
            " VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))",
            (change.version, resource, is_delete, change.id, own_key, change.old, change.new),
        )

    def deletes(self, resource: int, versions: tuple[int, int]) -> list[Change]:
        """Return deletions in order, without those whose natural key exists again."""
        rows = self._db.execute(
            "SELECT version, id, CAST(old AS BLOB) FROM changes c"
            " WHERE resource=? AND is_delete=1 AND version BETWEEN ? AND ?"
            " AND NOT EXISTS (SELECT 1 FROM documents WHERE own_key=c.own_key) ORDER BY version",
            (resource, *versions),
        )
        return [Change(*row) for row in rows]

    def key_changes(self, resource: int, versions: tuple[int, int]) -> list[Change]:
        """Return key changes, one for each document: from its first old key to its last new one, in order of these."""
        rows = self._db.execute(
            "SELECT version, id, CAST(old AS BLOB), CAST(new AS BLOB) FROM changes"
            " WHERE resource=? AND is_delete=0 AND version BETWEEN ? AND ? ORDER BY version",
            (resource, *versions),
        )
        folded: dict[bytes, Change] = {}
        for change in map(Change._make, rows):
            first = folded.pop(change.id, change)  # removed first: the last change decides the place
            folded[change.id] = change._replace(old=first.old)
        return list(folded.values())
