"""Documents in SQLite: one connection, used from the event loop's thread only, so that each write is atomic.

Writes of requests that come together are committed together (`commit`): a commit costs more than a write.

Why no second thread but for checkpoints: a lookup takes microseconds, less than handing it over. Why WAL with
`synchronous=NORMAL`: a committed transaction is in the operating system's hands, so that it outlives a killed process
(`kill -9`); only a power failure may cost the last transactions. Stored bodies hold `id` and links but neither `_etag`
nor `_lastModifiedDate`: those follow from the row.

`links` says which documents refer to which; it answers "may this be deleted" and serves filters by reference keys and
by descriptors, because its rows are ordered by (target, resource of the referrer, referrer).
"""

# ruff: noqa: S608 -- statements are joined from constants of this file; every value is bound

from __future__ import annotations

import sqlite3
import time
from array import array
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.emulator.changelog import ChangeLog
from dms_load_test.emulator.checkpoints import Checkpoints
from dms_load_test.emulator.data_file import ANY, claimed, lay_out, usable
from dms_load_test.emulator.drawer import Drawer
from dms_load_test.emulator.member_indexes import SLOW_S, MemberIndexes
from dms_load_test.emulator.selection import Filter, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dms_load_test.emulator.data_file import MadeFor
    from dms_load_test.emulator.selection import Selection

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-65536",  # 64 MB keep the random writes to the key indexes off the disk
    "PRAGMA temp_store=MEMORY",
)
_COLUMNS = (
    "d.number, d.resource, d.id, d.own_key, d.shared_key, d.version, d.modified_s, d.targets, CAST(d.body AS BLOB)"
)
_COUNTED_REFERRERS = 50


class Stored(NamedTuple):
    """One document as it is kept. `id` is 16 bytes, `targets` the numbers of the documents it refers to, packed."""

    number: int
    resource: int
    id: bytes
    own_key: bytes
    shared_key: bytes | None
    version: int
    modified_s: int
    targets: bytes
    body: bytes


class Found(NamedTuple):
    """What a reference needs to know of its target."""

    number: int
    resource: int
    id: bytes


class Store:
    """The emulator's documents.

    Args:
        path: the SQLite file, made if absent; `None` keeps everything in memory.
        resources: the names of all resources; their numbers are kept in the file.
        made_for: what the documents are made for; a file keeps to it.

    Raises:
        ConfigError: if the file cannot be used, or another emulator uses it.
        StorageError: if its disk is full.
    """

    def __init__(self, path: Path | None, resources: Iterable[str], made_for: MadeFor = ANY) -> None:
        self._path = path
        self._group_is_lost = False
        self._version = 0
        with usable(path), ExitStack() as opened:
            if path is not None:
                opened.enter_context(claimed(path))
            self._db = sqlite3.connect(str(path or ":memory:"), isolation_level=None, cached_statements=256)
            opened.enter_context(closing(self._db))
            self.drawer = Drawer(self._db)
            lay_out(self._db, self.drawer, made_for)
            for pragma in _PRAGMAS:
                self._db.execute(pragma)
            self._checkpoints = Checkpoints(self._db, path) if path else None
            if self._checkpoints is not None:
                opened.callback(self._checkpoints.close)
            self.numbers = self._number(resources)
            self._members = MemberIndexes(self._db)
            self.changes = ChangeLog(self._db)
            self._version = self._latest_version()
            self._counts = self._count_all()
            self._opened = opened.pop_all()

    def _number(self, resources: Iterable[str]) -> dict[str, int]:
        with self.first_writes():
            rows = ((resource,) for resource in resources)
            self._db.executemany("INSERT OR IGNORE INTO resources (resource) VALUES (?)", rows)
        return dict(self._db.execute("SELECT resource, number FROM resources"))

    def _count_all(self) -> dict[int, int]:
        return dict(self._db.execute("SELECT resource, count(*) FROM documents GROUP BY resource"))

    def _latest_version(self) -> int:
        """A create takes two values of the sequence: the last may be one beyond the last document's version."""
        statement = "SELECT max((SELECT max(version) FROM documents WHERE resource=r.number)) FROM resources r"
        latest = self._db.execute(statement).fetchone()[0]
        return max(0 if latest is None else int(latest) + 1, self.changes.latest_version)

    def close(self) -> None:
        """Commit, and close the file; the write-ahead log goes into it."""
        if self.has_uncommitted:
            self.commit()
        self._opened.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside one: all of them are kept, or none. They are on disk after the next `commit`."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("SAVEPOINT one")
        version = self._version
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO one")
                self._db.execute("RELEASE one")
                self._version = version  # a restart would count from there, too
            else:  # a full disk ends the whole transaction: those who wait for its commit have to hear of it
                self._group_is_lost = True
            self._counts = self._count_all()
            raise
        self._db.execute("RELEASE one")

    @contextmanager
    def first_writes(self) -> Iterator[None]:
        """Make what belongs into a new file, and commit it. Raises: ConfigError, StorageError: as the store itself."""
        with usable(self._path):
            with self.transaction():
                yield
            self.commit()

    @contextmanager
    def dropped_transaction(self) -> Iterator[None]:
        """Make all writes inside one, and undo it in the end."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("SAVEPOINT dropped")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK TO dropped")
            self._db.execute("RELEASE dropped")
            self._counts = self._count_all()

    @property
    def has_uncommitted(self) -> bool:
        """Whether anything was written since the last `commit`."""
        return self._db.in_transaction or self._group_is_lost

    def commit(self) -> None:
        """Hand all writes so far to the operating system: a killed process does not lose them.

        Raises:
            sqlite3.Error: if that failed; then none of them is kept.
        """
        try:
            if self._group_is_lost:
                raise sqlite3.OperationalError("the transaction was rolled back")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._group_is_lost = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._counts = self._count_all()
            raise
        if self._checkpoints is not None:
            self._checkpoints.committed()

    @property
    def newest_version(self) -> int:
        """The last value of the change sequence."""
        return self._version

    def next_version(self, *, values: int) -> int:
        """Take `values` values of the change sequence and return the first."""
        first = self._version + 1
        self._version += values
        return first

    def by_id(self, identifier: bytes) -> Stored | None:
        """Return the document with this id, of whatever resource."""
        return self._one(f"SELECT {_COLUMNS} FROM documents d WHERE id=?", (identifier,))

    def by_key(self, own_key: bytes) -> Stored | None:
        """Return the document with this natural key."""
        return self._one(f"SELECT {_COLUMNS} FROM documents d WHERE own_key=?", (own_key,))

    def _one(self, statement: str, values: Sequence[object]) -> Stored | None:
        row = self._db.execute(statement, values).fetchone()
        return Stored._make(row) if row else None

    def by_number(self, number: int) -> Stored:
        """Return the document with this number, which has to exist."""
        stored = self._one(f"SELECT {_COLUMNS} FROM documents d WHERE number=?", (number,))
        assert stored is not None  # links are removed with their documents
        return stored

    def referrers(self, target: int) -> Iterator[Stored]:
        """Yield all documents that refer to `target`, each as it is when its turn comes."""
        rows = self._db.execute("SELECT referrer FROM links WHERE target=?", (target,)).fetchall()
        return (self.by_number(number) for (number,) in rows)

    def find(self, key: bytes, *, shared: bool) -> Found | None:
        """Return which document has this key of its own, or of its superclass."""
        column = "shared_key" if shared else "own_key"
        row = self._db.execute(f"SELECT number, resource, id FROM documents WHERE {column}=?", (key,)).fetchone()
        return Found._make(row) if row else None

    def insert(self, document: Stored) -> int:
        """Add a document (its `number` is not used) with its links; return its number."""
        cursor = self._db.execute(
            "INSERT INTO documents (resource, id, own_key, shared_key, version, modified_s, targets, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))",
            document[1:],
        )
        number = cursor.lastrowid
        assert number is not None  # an INSERT that did not raise
        self._link(number, document.resource, document.targets)
        self._counts[document.resource] = self._counts.get(document.resource, 0) + 1
        return number

    def replace(self, before: Stored, after: Stored) -> None:
        """Write a document's new state, same number and id."""
        self._db.execute(
            "UPDATE documents SET own_key=?, shared_key=?, version=?, modified_s=?, targets=?, body=CAST(? AS TEXT)"
            " WHERE number=?",
            (*after[3:], after.number),
        )
        if before.targets != after.targets:
            self._unlink(before)
            self._link(after.number, after.resource, after.targets)

    def delete(self, document: Stored) -> None:
        """Remove a document and its links to others."""
        self._db.execute("DELETE FROM documents WHERE number=?", (document.number,))
        self._unlink(document)
        self._counts[document.resource] -= 1

    def _link(self, referrer: int, resource: int, targets: bytes) -> None:
        rows = [(target, resource, referrer) for target in unpack(targets)]
        self._db.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", rows)

    def _unlink(self, document: Stored) -> None:
        rows = [(target, document.resource, document.number) for target in unpack(document.targets)]
        self._db.executemany("DELETE FROM links WHERE target=? AND resource=? AND referrer=?", rows)

    def referring_resources(self, target: int) -> list[int]:
        """Return the resources that have other documents referring to `target`; one index seek for each."""
        found: list[int] = []
        last = -1
        while True:
            row = self._db.execute(
                "SELECT resource FROM links WHERE target=? AND resource>? AND referrer<>? ORDER BY resource LIMIT 1",
                (target, last, target),
            ).fetchone()
            if row is None:
                return found
            last = row[0]
            found.append(last)

    def all_of(self, resource: int) -> Iterator[Stored]:
        """Yield all documents of a resource in order of their creation."""
        statement = f"SELECT {_COLUMNS} FROM documents d WHERE resource=? ORDER BY number"
        return map(Stored._make, self._db.execute(statement, (resource,)))

    def page(self, resource: int, conditions: Filter, limit: int, offset: int) -> list[Stored]:
        """Return documents in order of their creation, or of their versions where the conditions ask for that."""
        selected = self._select(resource, conditions)
        statement = f"SELECT {_COLUMNS} {selected.clauses} ORDER BY {selected.order} LIMIT ? OFFSET ?"
        with self._watched(resource, conditions):
            return [Stored._make(row) for row in self._db.execute(statement, (*selected.values, limit, offset))]

    def number_at(self, resource: int, conditions: Filter, offset: int) -> int | None:
        """Return the number of the document at this place of the collection."""
        selected = self._select(resource, conditions)
        statement = f"SELECT d.number {selected.clauses} ORDER BY {selected.number} LIMIT 1 OFFSET ?"
        row = self._db.execute(statement, (*selected.values, offset)).fetchone()
        return int(row[0]) if row else None

    def count(self, resource: int, conditions: Filter) -> int:
        """Return how many documents meet the conditions; without conditions nothing is read."""
        if conditions == Filter():
            return self._counts.get(resource, 0)
        selected = self._select(resource, conditions)
        with self._watched(resource, conditions):
            return int(self._db.execute(f"SELECT count(*) {selected.clauses}", selected.values).fetchone()[0])

    @contextmanager
    def _watched(self, resource: int, conditions: Filter) -> Iterator[None]:
        """Let a filter by members that took long have an index the next time."""
        begun_s = time.perf_counter()
        yield
        if conditions.is_scan and time.perf_counter() - begun_s > SLOW_S:
            paths = [path for path, _ in conditions.fields]
            if not self._members.find(resource, paths):
                self._members.add(resource, paths[0])

    def _select(self, resource: int, conditions: Filter) -> Selection:
        if conditions.is_scan:
            paths = (path for path, _ in conditions.fields)
            return select(resource, conditions, indexed=self._members.find(resource, paths))
        if conditions.is_one or len(conditions.targets) < 2:  # noqa: PLR2004 -- nothing to choose from
            return select(resource, conditions)
        first = min(conditions.targets, key=lambda target: self._count_referrers(target, resource))
        return select(resource, conditions, first)

    def _count_referrers(self, target: int, resource: int) -> int:
        statement = "SELECT count(*) FROM (SELECT 1 FROM links WHERE target=? AND resource=? LIMIT ?)"
        return int(self._db.execute(statement, (target, resource, _COUNTED_REFERRERS)).fetchone()[0])


def pack(numbers: Iterable[int]) -> bytes:
    """Return distinct document numbers, ascending, as bytes."""
    return array("q", sorted(set(numbers))).tobytes()


def unpack(packed: bytes) -> array[int]:
    """Return what `pack` took."""
    numbers = array("q")
    numbers.frombytes(packed)
    return numbers
