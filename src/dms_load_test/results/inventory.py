"""The documents that a run created or borrowed and the server still has, on disk.

The file is a journal: one row for each acknowledged create and each delete, appended in batches, so that nothing is
searched or rewritten while the load runs; a document's last row tells its state. Measured: 34 bytes a row.
A POST that was answered 200 found its document there: the row says so, because it may be somebody else's.
Choosing documents needs them in memory (25 bytes each): they are read in when something is first chosen or counted,
so that a load phase, which only adds, costs none.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from dms_load_test.errors import ConfigError
from dms_load_test.results.journal import APART, BY_DOCUMENT, CREATED, DELETED, FOUND, Row, alive
from dms_load_test.results.pool import Pool, spell, store
from dms_load_test.results.storage import writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random
    from types import TracebackType

    from dms_load_test.load.virtual_user import Entry

VERSION = 2
"""Version 1 does not tell what a run borrowed from what it made, which `clean` must know."""
_IN_DOUBT = 1
"""SQLite's mark of an application's own, on files of runs that did not end in order."""
_BATCH = 256
"""Rows handed to SQLite at a time: about 0.3 ms of the loop's time."""
_SCHEMA = f"""
BEGIN;
CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL);
CREATE TABLE journal (resource INTEGER, ordinal INTEGER, phase INTEGER, state INTEGER, spelling INTEGER, id BLOB);
CREATE TABLE sharing (workers INTEGER, rows_before INTEGER);
CREATE TABLE borrowed (rows INTEGER);
PRAGMA user_version = {VERSION};
COMMIT;
"""
_GONE = """
SELECT resource, ordinal FROM journal
WHERE state = ? AND rowid IN (SELECT MAX(rowid) FROM journal GROUP BY resource, ordinal)
"""
_TALLY = """
SELECT resource.text, phase.text, SUM(state & 3 = ?), SUM(state & 3 = ?), SUM(state & 3 = ?)
FROM journal JOIN name AS resource ON journal.resource = resource.number
JOIN name AS phase ON journal.phase = phase.number GROUP BY 1, 2 ORDER BY 1, 2
"""


class Journal(NamedTuple):
    """Rows of another inventory on their way into a run's: `names` are what their first and third members stand for."""

    names: tuple[str, ...]
    rows: tuple[tuple[int, int, int, int, int, bytes | str | None], ...]


class Sharing(NamedTuple):
    """How the run that wrote last went: by so many workers at the same time, after so many rows of earlier runs."""

    workers: int = 1
    rows_before: int = 0


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One created document; `document_id` is spelled as the server does.

    `phase` is the one that made or found it, and `created` whether it was made: both as `documents` knows them.
    """

    resource: str
    ordinal: int
    document_id: str
    phase: str = ""
    created: bool = True


class RunInventory:
    """The inventory of one run, in one SQLite file; implements `load.virtual_user.Inventory`.

    `add`, `take`, `give_back` and `remove` take constant time. Rows become durable with `flush`, to be called each
    second and at the end.

    Raises: ConfigError: if the file cannot be opened or is of another version.
    """

    def __init__(self, path: Path, *, phase: str = "") -> None:
        self._rows: list[tuple[int, int, int, int, int, bytes | str | None]] = []
        self._names: dict[str, int] = {}
        self._pools: dict[str, Pool] | None = None
        self._held: set[tuple[str, int]] = set()
        """Documents in exclusive use before those to choose from have been read in."""
        self._highest: dict[str, int] = {}
        self._path = path
        self._database = _connect(path)
        try:
            self._open(path)
        except sqlite3.OperationalError as error:
            self._database.close()
            raise ConfigError(f"{path}: {error}; make space, or choose another folder with --results") from error
        except sqlite3.Error as error:
            self._database.close()
            raise ConfigError(f"{path}: {error}; expected the inventory of a run") from error
        self._phase = self._number(phase)

    def _open(self, path: Path) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        # Rows survive the end of the process at any moment, as asked. To survive a power cut as well would need a
        # wait for the disk at each checkpoint, on the loop that times requests.
        self._database.execute("PRAGMA synchronous = OFF")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._database.executescript(_SCHEMA)
        elif version != VERSION:
            self._database.close()
            raise ConfigError(f"{path}: inventory of version {version}; this program reads version {VERSION}")
        self._names = {text: number for number, text in self._database.execute("SELECT number, text FROM name")}
        texts = {number: text for text, number in self._names.items()}
        highest = self._database.execute("SELECT resource, MAX(ordinal) FROM journal GROUP BY resource")
        self._highest = {texts[number]: ordinal for number, ordinal in highest}

    @property
    def is_complete(self) -> bool:
        """Whether nothing can lack that was made: no run is under way, killed, stopped at once or without a worker."""
        (mark,) = self._database.execute("PRAGMA application_id").fetchone()
        return not mark

    def note_complete(self, *, is_complete: bool) -> None:
        """Note, in the file, whether something may lack. Raises: StorageError: the disk does not take it."""
        self.flush()
        with writing(self._path):
            self._database.execute(f"PRAGMA application_id = {0 if is_complete else _IN_DOUBT}")

    @property
    def sharing(self) -> Sharing:
        """Who wrote what is in the file, which tells where something may lack."""
        row = self._database.execute("SELECT workers, rows_before FROM sharing").fetchone()
        return Sharing(*row) if row else Sharing()

    def begin_run(self) -> None:
        """Note, in the file, that a run is under way from here on. Raises: StorageError: the disk does not take it."""
        self.note_complete(is_complete=False)
        (rows,) = self._database.execute("SELECT COALESCE(MAX(rowid), 0) FROM journal").fetchone()
        self._note_sharing(Sharing(rows_before=rows))

    def share(self, workers: int) -> None:
        """Note, in the file, how many do at the same time what the run does from here on. Raises: as `begin_run`."""
        sharing = self.sharing
        if workers != sharing.workers:
            self.flush()
            self._note_sharing(sharing._replace(workers=workers))

    def _note_sharing(self, sharing: Sharing) -> None:
        with writing(self._path):
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM sharing")
            self._database.execute("INSERT INTO sharing VALUES (?, ?)", sharing)
            self._database.execute("COMMIT")

    def enter_phase(self, phase: str) -> None:
        """Name the phase that documents are created in from now on."""
        self._phase = self._number(phase)

    def add(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> None:
        """Remember an acknowledged create; `created` is false where the document was there before."""
        spelling, stored = self._remember(resource, ordinal, document_id, created=created)
        if self._pools is not None:
            self._pool(resource).put(ordinal, spelling, stored)

    def add_taken(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> InventoryEntry:
        """Remember an acknowledged create for exclusive use: nobody takes it before it is given back."""
        if self._pools is None:
            self._held.add((resource, ordinal))
        self._remember(resource, ordinal, document_id, created=created)
        return InventoryEntry(resource, ordinal, document_id)

    def add_apart(self, resource: str, ordinal: int, document_id: str, *, created: bool = True) -> None:
        """Remember an acknowledged create of something else than the ordinal's document: nobody ever takes it."""
        self._remember(resource, ordinal, document_id, created=created, apart=True)

    @property
    def unread(self) -> int:
        """How many documents `prepare` would read in, deleted ones included: none where it has."""
        return 0 if self._pools is not None else sum(highest + 1 for highest in self._highest.values())

    def prepare(self) -> None:
        """Read in the documents to choose from: 4 to 5 us each, so call it before a phase that chooses, not within it.

        May be called in another thread than all else, after `flush`, if nothing is noted until it returns.
        """
        if self._pools is None:
            self._pools = self._read_in()

    def count(self, resource: str) -> int:
        """Return how many documents of `resource` exist and are not taken."""
        return len(self._pool(resource))

    def take(self, resource: str, random: Random) -> InventoryEntry | None:
        """Choose a document at random for exclusive use; None where all are taken or there is none."""
        pool = self._pool(resource)
        if not len(pool):
            return None
        # random() is half as costly as randrange(), and exact enough for less than 2^53 documents.
        ordinal, document_id = pool.pop(int(random.random() * len(pool)))
        return InventoryEntry(resource, ordinal, document_id)

    def take_ordinal(self, resource: str, ordinal: int) -> InventoryEntry | None:
        """Take one document for exclusive use; None where it is taken or does not exist."""
        pool = self._pool(resource)
        at = pool.place_of(ordinal)
        return None if at < 0 else InventoryEntry(resource, *pool.pop(at))

    def give_back(self, entry: Entry) -> None:
        """End the exclusive use of a document that still exists."""
        if self._pools is None:
            self._held.discard((entry.resource, entry.ordinal))
            return
        self._pool(entry.resource).put(entry.ordinal, *store(entry.document_id))

    def remove(self, entry: Entry) -> None:
        """Forget a taken document that the server has deleted."""
        self._append(entry.resource, entry.ordinal, DELETED, 0, None)

    def take_in(self, journal: Journal) -> None:
        """Append what another inventory noted, in its order; not to choose from here."""
        numbers = [0, *(self._number(name) for name in journal.names)]
        for resource, ordinal, phase, state, spelling, stored in journal.rows:
            self._rows.append((numbers[resource], ordinal, numbers[phase], state, spelling, stored))
            name = journal.names[resource - 1]
            if ordinal > self._highest.get(name, -1):
                self._highest[name] = ordinal
        self._hand_over()

    def choices(self) -> Iterator[tuple[str, int, int, bytes | str]]:
        """Yield (resource, ordinal, spelling, stored id) of the documents to choose from, for workers."""
        texts = {number: text for text, number in self._names.items()}
        there = (row for row in self._alive() if not row.state & APART)
        return ((texts[row.resource], row.ordinal, row.spelling, row.stored) for row in there)

    def first_unused_ordinal(self, resource: str) -> int:
        """Return the ordinal after the highest that was ever created, deleted ones included; 0 where none was."""
        return self._highest.get(resource, -1) + 1

    def resources(self) -> tuple[str, ...]:
        """Return the resources of which documents were created, in alphabetical order."""
        return tuple(sorted(self._highest))

    def documents(self, resource: str | None = None) -> Iterator[InventoryEntry]:
        """Yield all documents that exist, by resource in order of creation, then by ordinal; also taken and apart."""
        return self._entries(resource, after=0)

    def own_documents(self, resource: str | None = None) -> Iterator[InventoryEntry]:
        """Yield those of `documents` that are not borrowed."""
        (borrowed,) = self._database.execute("SELECT COALESCE(MAX(rows), 0) FROM borrowed").fetchone()
        return self._entries(resource, after=borrowed)

    def acknowledged(self, rows: int | None = None) -> Iterator[tuple[str, int]]:
        """Yield (resource, ordinal) of all that was ever created, in the order of that, perhaps repeatedly.

        With `rows`, only what the first so many rows tell.
        """
        self.flush()
        texts = {number: text for text, number in self._names.items()}
        end = -1 if rows is None else rows
        found = self._database.execute("SELECT resource, ordinal FROM journal ORDER BY rowid LIMIT ?", (end,))
        return ((texts[resource], ordinal) for resource, ordinal in found)

    def deleted(self) -> list[tuple[str, int]]:
        """Return (resource, ordinal) of the documents that were there and are not any more."""
        self.flush()
        texts = {number: text for text, number in self._names.items()}
        return [(texts[resource], ordinal) for resource, ordinal in self._database.execute(_GONE, (DELETED,))]

    def tally(self) -> list[tuple[str, str, int, int, int]]:
        """Return (resource, phase, created, found, deleted) as numbers of acknowledged answers, in alphabetical order.

        A load phase's answers are counted under `load`, whatever became of their documents later.
        """
        self.flush()
        return list(self._database.execute(_TALLY, (CREATED, FOUND, DELETED)))

    def copy_to(self, path: Path, *, lent: bool = False) -> None:
        """Make a copy, in which all is borrowed if it is `lent`. Raises: ConfigError: if it cannot be written."""
        self.flush()
        target = _connect(path)
        try:
            self._database.backup(target)
            if lent:
                target.execute("INSERT INTO borrowed SELECT MAX(rowid) FROM journal")
        except sqlite3.Error as error:
            raise ConfigError(f"{path}: {error}; expected a folder that can be written") from error
        finally:
            target.close()

    def flush(self) -> None:
        """Make all changes durable. Raises: StorageError: the disk does not take them."""
        self._hand_over()
        if self._database.in_transaction:
            with writing(self._path):
                self._database.execute("COMMIT")

    def close(self) -> None:
        """Flush and close; the inventory is then one file. Raises: StorageError: as `flush`."""
        try:
            self.flush()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _remember(
        self, resource: str, ordinal: int, document_id: str, *, created: bool, apart: bool = False
    ) -> tuple[int, bytes | str]:
        spelling, stored = store(document_id)
        state = (CREATED if created else FOUND) | (APART if apart else 0)
        self._append(resource, ordinal, state, spelling, stored)
        if ordinal > self._highest.get(resource, -1):
            self._highest[resource] = ordinal
        return spelling, stored

    def _append(self, resource: str, ordinal: int, state: int, spelling: int, stored: bytes | str | None) -> None:
        number = self._names.get(resource) or self._number(resource)
        self._rows.append((number, ordinal, self._phase, state, spelling, stored))
        if len(self._rows) >= _BATCH:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._rows:
            with writing(self._path):
                if not self._database.in_transaction:
                    self._database.execute("BEGIN")
                self._database.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", self._rows)
            self._rows.clear()

    def _number(self, text: str) -> int:
        """Return the number that stands for a resource or phase in the journal."""
        if text not in self._names:
            number = len(self._names) + 1
            with writing(self._path):
                self._database.execute("INSERT INTO name VALUES (?, ?)", (number, text))
            self._names[text] = number
        return self._names[text]

    def _entries(self, resource: str | None, after: int) -> Iterator[InventoryEntry]:
        texts = {number: text for text, number in self._names.items()}
        for row in self._alive(resource):
            if row.number > after:
                created = row.state & ~APART == CREATED
                spelled = spell(row.spelling, row.stored)
                yield InventoryEntry(texts[row.resource], row.ordinal, spelled, texts[row.phase], created)

    def _alive(self, resource: str | None = None, database: sqlite3.Connection | None = None) -> Iterator[Row]:
        self.flush()
        number = None if resource is None else self._names.get(resource, 0)
        return alive(map(Row._make, (database or self._database).execute(BY_DOCUMENT, {"resource": number})))

    def _read_in(self) -> dict[str, Pool]:
        pools: dict[int, Pool] = {}
        held = {(self._names[resource], ordinal) for resource, ordinal in self._held}
        with closing(_connect(self._path)) as database:  # a connection is its thread's alone
            for row in self._alive(database=database):
                pool = pools.setdefault(row.resource, Pool())
                if not row.state & APART and (row.resource, row.ordinal) not in held:
                    pool.put(row.ordinal, row.spelling, row.stored)
        texts = {number: text for text, number in self._names.items()}
        return {texts[number]: pool for number, pool in pools.items()}

    def _pool(self, resource: str) -> Pool:
        self.prepare()
        assert self._pools is not None
        pool = self._pools.get(resource)
        if pool is None:
            pool = self._pools[resource] = Pool()
        return pool


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: {error}; expected a folder that can be written") from error
