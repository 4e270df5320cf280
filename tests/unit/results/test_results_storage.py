"""A disk that is full, or a file that may not grow: told in words, with what to do."""

import os
import sqlite3
from pathlib import Path

import pytest

from dms_load_test.errors import ConfigError, StorageError
from dms_load_test.results.events import Note
from dms_load_test.results.record import RecordWriter
from dms_load_test.results.storage import whole_file, writing

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


def test_a_file_takes_the_place_of_the_one_before_when_it_is_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")

    with whole_file(path) as file:
        file.write("new\n")
        seen = path.read_text()

    assert (seen, path.read_bytes(), list(tmp_path.iterdir())) == ("old", b"new\n", [path])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ConfigError("no such record")])
def test_a_file_that_is_not_finished_leaves_the_one_before_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "report.html"
    path.write_text("old")

    def write():
        with whole_file(path) as file:
            file.write("half")
            raise error

    with pytest.raises(type(error)):
        write()

    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_is_no_regular_file_is_not_replaced_by_one(tmp_path):
    path = tmp_path / "device"
    os.mkfifo(path)

    with pytest.raises(OSError, match="is no regular file"), whole_file(path):
        pass

    assert path.is_fifo()
