"""A disk that is full, or a file that may not grow: told in words, with what to do."""

import sqlite3
from pathlib import Path

import pytest

from dms_load_test.errors import StorageError
from dms_load_test.results.events import Note
from dms_load_test.results.record import RecordWriter
from dms_load_test.results.storage import writing

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_record_that_the_disk_does_not_take_is_told():
    with pytest.raises(StorageError, match=r"No space left on device; .* make space"), FULL.open("wb", 0) as file:
        RecordWriter(file, FULL).write(Note(1.0, "x"))


def test_what_sqlite_says_of_a_full_disk_is_told():
    with pytest.raises(StorageError, match="database or disk is full"), writing(Path("inventory.sqlite3")):
        raise sqlite3.OperationalError("database or disk is full")


def test_other_mistakes_stay_what_they_are():
    with pytest.raises(sqlite3.IntegrityError), writing(Path("inventory.sqlite3")):
        raise sqlite3.IntegrityError("UNIQUE constraint failed")
