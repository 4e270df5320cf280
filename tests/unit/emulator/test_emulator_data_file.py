"""Which files an emulator takes: new ones, and those that were made for what it serves."""

import sqlite3
import sys
from contextlib import closing

import pytest

from dms_load_test.emulator.data_file import MadeFor
from dms_load_test.emulator.store import Store
from dms_load_test.errors import ConfigError, StorageError

RESOURCES = ("students",)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "documents.db"


def use(path, *made_for):
    Store(path, RESOURCES, MadeFor(*made_for)).close()


def resources_in(path):
    with closing(sqlite3.connect(path)) as db:
        return [resource for (resource,) in db.execute("SELECT resource FROM resources")]


@pytest.mark.parametrize("version", [0, 3])
def test_what_another_program_made_is_refused_and_stays_as_it_is(path, version):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"CREATE TABLE letters (text); PRAGMA user_version={version}")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"documents\.db: another program made it; name a file that"):
        use(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_older_layout_is_told_as_such(path):
    use(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=2")
    with pytest.raises(ConfigError, match="its layout is 2, not 4"):
        use(path)


@pytest.mark.parametrize(("other", "told"), [(("ods", "a"), "made with --flavor dms"), (("dms", "b"), "another API")])
def test_a_file_keeps_to_what_it_was_made_for(path, other, told):
    use(path, "dms", "a")
    with pytest.raises(ConfigError, match=told):
        Store(path, ("animals",), MadeFor(*other))
    assert resources_in(path) == ["students"]
    use(path, "dms", "a")


def test_a_file_from_before_its_api_was_noted_takes_the_first_one_that_uses_it(path):
    use(path)
    use(path, "dms", "a")
    with pytest.raises(ConfigError, match="another API"):
        use(path, "dms", "b")


def test_a_second_emulator_is_refused_until_the_first_has_closed_the_file_which_others_may_read(path, tmp_path):
    first = Store(path, RESOURCES)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    for name in (path, link):
        with pytest.raises(ConfigError, match=r"\.db: another emulator uses it; stop that one"):
            use(name)
    assert resources_in(path) == ["students"]
    first.close()
    use(path)
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_a_disk_that_is_full_is_told_with_what_to_do_about_it(path):
    store = Store(path, RESOURCES)
    store._db.execute("PRAGMA max_page_count=1")  # which SQLite takes for the pages that there are
    rows = ((f"resource {number}",) for number in range(5000))
    with (
        pytest.raises(StorageError, match=r"documents\.db: database or disk is full; make space, or name a file else"),
        store.first_writes(),
    ):
        store._db.executemany("INSERT INTO resources (resource) VALUES (?)", rows)
    with pytest.raises(sqlite3.OperationalError):
        store.commit()  # nor does what waits for it go unheard
    store.close()
    use(path)
    assert resources_in(path) == ["students"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_on_the_size_of_files_is_no_other_programs_file(path):
    import resource  # noqa: PLC0415 - not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    try:
        with pytest.raises(StorageError, match="make space"):
            use(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
