"""Filters that were slow have an index the next time, and find the same."""

from contextlib import closing

import pytest

from dms_load_test.emulator import store as store_module
from dms_load_test.emulator.selection import Filter
from dms_load_test.emulator.store import Store, Stored, pack

RESOURCES = ("schools", "students")
COLORS = ("red", "green", "blue")


@pytest.fixture
def every_filter_is_slow(monkeypatch):
    monkeypatch.setattr(store_module, "SLOW_S", 0.0)


def fill(store):
    with store.transaction():
        for number in range(30):
            put(store, number)
    store.commit()
    return store


@pytest.fixture
def store():
    with closing(Store(None, RESOURCES)) as store:
        yield fill(store)


def put(store, number, name="students"):
    body = b'{"color":"%b","size":%d,"it\'s":{"x":"y"}}' % (COLORS[number % 3].encode(), number % 4)
    key = b"%016d" % number
    store.insert(Stored(0, store.numbers[name], key, key, None, store.next_version(values=2), 1, pack(()), body))


def indexes(store):
    found = store._db.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'member *'")
    return sorted(name for (name,) in found)


def ids(store, *fields, limit=50, offset=0):
    page = store.page(store.numbers["students"], Filter(fields=fields), limit, offset)
    return [int(row.id) for row in page]


RED = ("$.color", "red")


@pytest.mark.parametrize("fields", [(RED,), (RED, ("$.size", 2)), (("$.size", 3), RED), (("$.it's.x", "y"),)])
def test_a_filter_finds_the_same_with_its_index(every_filter_is_slow, fields, store):
    before = ids(store, *fields), ids(store, *fields, limit=2, offset=1)
    assert len(indexes(store)) == 1

    assert (ids(store, *fields), ids(store, *fields, limit=2, offset=1)) == before
    assert before[0]
    assert store.count(store.numbers["students"], Filter(fields=fields)) == len(before[0])


def test_an_index_is_used_and_follows_writes(every_filter_is_slow, store):
    ids(store, RED)
    selected = store._select(store.numbers["students"], Filter(fields=(RED,)))
    plan = store._db.execute(f"EXPLAIN QUERY PLAN SELECT d.number {selected.clauses}", selected.values).fetchall()
    assert "USING INDEX member" in plan[0][3]

    store.delete(store.by_id(b"%016d" % 0))
    put(store, 33)
    changed = store.by_id(b"%016d" % 3)
    store.replace(changed, changed._replace(body=b'{"color":"blue"}'))
    assert ids(store, RED) == [*range(6, 30, 3), 33]


def test_an_index_is_of_one_resource(every_filter_is_slow, store):
    put(store, 99, "schools")
    ids(store, RED)

    assert store.count(store.numbers["schools"], Filter(fields=(RED,))) == 1
    assert indexes(store) == [f"member {store.numbers[name]} $.color" for name in sorted(RESOURCES)]


def test_quick_filters_have_no_index(monkeypatch, store):
    monkeypatch.setattr(store_module, "SLOW_S", 60.0)  # however busy the machine is
    ids(store, RED)

    assert indexes(store) == []


def test_what_is_found_by_its_key_needs_no_index(every_filter_is_slow, store):
    store.page(store.numbers["students"], Filter(own_key=b"%016d" % 1, fields=(RED,)), 10, 0)

    assert indexes(store) == []


def test_within_a_transaction_no_index_is_made(every_filter_is_slow, store):
    with store.transaction():
        ids(store, RED)
    store.commit()
    assert indexes(store) == []

    ids(store, RED)
    assert len(indexes(store)) == 1


def test_a_file_keeps_its_indexes(every_filter_is_slow, tmp_path):
    store = fill(Store(tmp_path / "data.db", RESOURCES))
    ids(store, RED)
    store.close()
    again = Store(tmp_path / "data.db", RESOURCES)

    assert again._members.find(again.numbers["students"], ["$.color"]) == "$.color"
    assert ids(again, RED) == list(range(0, 30, 3))
    again.close()
