"""Moving what was committed from SQLite's write-ahead log into its file, beside the requests.

A checkpoint writes each page that changed, wherever it lies: a tenth of a second, and more the larger the file is. Done
by the connection that serves, as SQLite does by itself, it lets all requests wait. So a thread with a connection of its
own does it. A log only starts anew when all of it has been moved, which a thread beside a busy writer never gets to
see: the few pages that are left, the writer moves itself.
"""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

_log = logging.getLogger(__name__)

CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
BEGIN_ROWS = 2_000
"""So many changed rows are ten to fifty MB of log."""
FEW_ROWS = 400
"""The writer moves what so many changed rows leave in some milliseconds."""
MOST_TURNS = 4
"""A writer that stays faster than the thread does the rest itself after so many turns, so that the log is bounded."""


class Checkpoints:
    """The checkpoints of one database. Used by the thread that writes; `db` is its connection."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        db.execute("PRAGMA wal_autocheckpoint=0")
        self._beside = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._turn: Future[None] | None = None
        self._turns = 0
        self._rows_at_turn = db.total_changes

    def committed(self) -> None:
        """Go on; to be called after each commit. Never waits for the thread."""
        if self._turn is None:
            if self._db.total_changes - self._rows_at_turn >= BEGIN_ROWS:
                self._begin_turn()
        elif self._turn.done():
            self._turn = None
            if self._turns < MOST_TURNS and self._db.total_changes - self._rows_at_turn > FEW_ROWS:
                self._begin_turn()
            else:
                self._move(self._db)
                self._turns, self._rows_at_turn = 0, self._db.total_changes

    def close(self) -> None:
        """Wait for the thread; what is left is moved when the writer's connection is closed."""
        self._thread.shutdown()
        self._beside.close()

    def _begin_turn(self) -> None:
        self._turns += 1
        self._rows_at_turn = self._db.total_changes
        self._turn = self._thread.submit(self._move, self._beside)

    def _move(self, db: sqlite3.Connection) -> None:
        try:
            db.execute(CHECKPOINT).fetchone()
        except sqlite3.Error as error:  # nothing is lost: the log keeps it, and the next turn tries again
            _log.warning("the write-ahead log stays as it is: %s", error)
