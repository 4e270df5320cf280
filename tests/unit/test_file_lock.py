"""A lock that one at a time has, on a file that is there while it is held."""

import pytest

from dms_load_test import file_lock
from dms_load_test.file_lock import give_back, take_lock, try_lock


def test_one_at_a_time_has_the_lock_and_nothing_is_left_of_it(tmp_path):
    path = tmp_path / "lock"
    first = take_lock(path)
    assert take_lock(path) is None
    give_back(first, path)
    second = take_lock(path)
    assert second is not None
    give_back(second, path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_was_just_removed_is_none(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    removals = [path.unlink]  # as by one who gives the lock back between our opening of the file and our locking

    def lock_late(file):
        if removals:
            removals.pop()()
        return try_lock(file)

    monkeypatch.setattr(file_lock, "try_lock", lock_late)
    file = take_lock(path)
    assert take_lock(path) is None
    give_back(file, path)


def test_a_file_system_without_locks_is_no_other_holder(tmp_path, monkeypatch):
    def fail(_file):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(file_lock, "try_lock", fail)
    with pytest.raises(OSError, match="No locks available"):
        take_lock(tmp_path / "lock")
