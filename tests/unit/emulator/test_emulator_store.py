"""The store on a real SQLite, in memory and in a file."""

import sqlite3
from concurrent.futures import Future

import pytest

from dms_load_test.emulator import checkpoints
from dms_load_test.emulator.selection import Filter
from dms_load_test.emulator.store import Store, Stored, pack, unpack
from dms_load_test.errors import ConfigError

RESOURCES = ("schools", "students")


@pytest.fixture
def store():
    store = Store(None, RESOURCES)
    yield store
    store.close()


def add(store, name, key, *, targets=(), body=b'{"a":1}', shared_key=None):
    number = store.numbers[name]
    version = store.next_version(values=2)
    stored = Stored(0, number, key * 16, key * 16, shared_key, version, 1, pack(targets), body)
    return store.insert(stored)


def test_a_document_is_found_by_id_and_by_key(store):
    number = add(store, "schools", b"a", shared_key=b"s" * 16)
    stored = store.by_id(b"a" * 16)
    assert stored == store.by_key(b"a" * 16)
    assert (stored.number, stored.body, stored.version) == (number, b'{"a":1}', 1)
    assert store.find(b"a" * 16, shared=False).number == number
    assert store.find(b"s" * 16, shared=True).number == number
    assert store.find(b"s" * 16, shared=False) is None


def test_referrers_are_known_until_they_go(store):
    school = add(store, "schools", b"a")
    add(store, "students", b"b", targets=[school])
    assert store.referring_resources(school) == [store.numbers["students"]]
    store.delete(store.by_id(b"b" * 16))
    assert store.referring_resources(school) == []


@pytest.fixture
def steps_of(store):
    """How many steps of its machine SQLite takes for a page of documents, one or more."""

    def steps_of(resource, conditions):
        steps = []
        store._db.set_progress_handler(lambda: steps.append(1), 1)
        assert store.page(resource, conditions, 25, 0)
        store._db.set_progress_handler(None, 1)
        return len(steps)

    return steps_of


@pytest.mark.parametrize("named", [{"own_key": b"a" * 16}, {"id": b"a" * 16}, {}, {"fields": (("$.a", 1),)}])
def test_a_page_costs_the_same_however_many_refer_to_the_same(store, steps_of, named):
    school, students = add(store, "schools", b"s"), store.numbers["students"]
    conditions = Filter(targets=(school,), **named)
    for key in b"abcdefghijklmnopqrtuvwxyz":
        add(store, "students", bytes([key]), targets=[school])
    among_few = steps_of(students, conditions)
    for key in range(128, 256):
        add(store, "students", bytes([key]), targets=[school])
    assert steps_of(students, conditions) <= among_few + 5


def test_a_new_state_has_new_links(store):
    one, two = add(store, "schools", b"a"), add(store, "schools", b"b")
    add(store, "students", b"c", targets=[one])
    before = store.by_id(b"c" * 16)
    store.replace(before, before._replace(targets=pack([two]), body=b'{"a":2}', version=9))
    assert store.referring_resources(one) == []
    assert store.referring_resources(two) == [store.numbers["students"]]
    assert store.by_id(b"c" * 16).body == b'{"a":2}'


def test_a_page_is_in_order_of_creation_and_counts_agree(store):
    school, other = add(store, "schools", b"s"), add(store, "schools", b"o")
    for key in (b"a", b"b", b"c", b"d"):
        targets = [school, other] if key in b"bd" else [school]
        add(store, "students", key, targets=targets, body=b'{"name":"%b"}' % key)
    students = store.numbers["students"]

    def found(conditions, limit=10, offset=0):
        return [row.id[:1] for row in store.page(students, conditions, limit, offset)]

    assert found(Filter()) == [b"a", b"b", b"c", b"d"]
    assert found(Filter(), limit=2, offset=1) == [b"b", b"c"]
    assert found(Filter(targets=(school,))) == [b"a", b"b", b"c", b"d"]
    assert found(Filter(targets=(school, other))) == [b"b", b"d"]
    assert found(Filter(targets=(school, other), fields=(("$.name", "d"),))) == [b"d"]
    assert found(Filter(fields=(("$.name", "a"),))) == [b"a"]
    assert found(Filter(own_key=b"c" * 16)) == [b"c"]
    assert found(Filter(id=b"s" * 16)) == []
    assert store.count(students, Filter()) == 4
    assert store.count(students, Filter(targets=(other,))) == 2


def test_a_failed_transaction_leaves_nothing(store):
    def fail():
        with store.transaction():
            add(store, "schools", b"a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.by_id(b"a" * 16) is None


def test_what_failed_does_not_take_along_what_was_written_before(store):
    def fail():
        with store.transaction():
            add(store, "schools", b"b")
            raise RuntimeError

    with store.transaction():
        add(store, "schools", b"a")
    with pytest.raises(RuntimeError):
        fail()
    assert store.has_uncommitted
    store.commit()
    assert not store.has_uncommitted
    assert store.count(store.numbers["schools"], Filter()) == 1


def test_a_commit_that_fails_keeps_nothing(store):
    with store.transaction():
        add(store, "schools", b"a")
    store._db.execute("ROLLBACK")  # as SQLite does by itself when the disk is full
    with pytest.raises(sqlite3.Error):
        store.commit()
    assert store.count(store.numbers["schools"], Filter()) == 0


def test_a_file_is_taken_up_again(tmp_path):
    path = tmp_path / "documents.db"
    store = Store(path, RESOURCES)
    with store.transaction():
        add(store, "students", b"a")
    newest, numbers = store.newest_version, store.numbers
    store.close()

    again = Store(path, ("added", *reversed(RESOURCES)))
    assert again.by_id(b"a" * 16) is not None
    assert again.newest_version >= newest
    assert numbers.items() <= again.numbers.items()
    assert again.count(numbers["students"], Filter()) == 1
    again.close()


def fill(store, count):
    """Write so many records, 100 a commit; wait for the thread, which on a busy machine may be late."""
    for first in range(0, count, 100):
        with store.transaction():
            for number in range(first, first + 100):
                store.drawer.put("thing", number, {"name": "x" * 400})
        store.commit()
        if store._checkpoints._turn is not None:
            store._checkpoints._turn.result()


class Idle:
    """A thread that gets nothing done beside the writer."""

    def submit(self, *_):
        turn = Future()
        turn.set_result(None)
        return turn

    def shutdown(self):
        pass


@pytest.mark.parametrize("is_idle", [False, True], ids=["the thread keeps up", "the thread never does"])
def test_the_write_ahead_log_of_a_busy_store_starts_anew_and_loses_nothing(tmp_path, is_idle):
    path, count = tmp_path / "documents.db", 20 * checkpoints.BEGIN_ROWS
    store = Store(path, RESOURCES)
    if is_idle:
        store._checkpoints._thread = Idle()
    fill(store, count)
    log = path.with_name(path.name + "-wal").stat().st_size
    store.close()

    written = path.stat().st_size
    assert log < written / 2, f"the log holds {log:,} bytes of {written:,}"
    again = Store(path, RESOURCES)
    assert len(list(again.drawer.all_of("thing"))) == count
    again.close()


def test_a_file_that_is_no_store_is_the_users_mistake(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(ConfigError, match=r"letter\.txt: .*not a database"):
        Store(path, RESOURCES)


def test_packed_numbers_are_distinct_and_sorted():
    assert list(unpack(pack([5, 1, 5]))) == [1, 5]
