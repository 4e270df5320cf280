import os
import sqlite3
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.results.inventory import InventoryEntry, RunInventory
from dms_load_test.results.shipped import ShippedInventory

FIRST, SECOND = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "inventory.sqlite3"


@pytest.mark.parametrize(
    "document_id",
    [FIRST, uuid.UUID(int=7).hex, "4711", "", "a-b", FIRST.upper().replace("0", "A"), "0" * 31 + "-0", "ü", "abc" * 30],
)
def test_an_id_comes_back_as_the_server_spells_it(path, document_id):
    with RunInventory(path) as inventory:
        inventory.add("students", 3, document_id)
    with RunInventory(path) as inventory:
        assert inventory.take("students", Random(1)) == InventoryEntry("students", 3, document_id)


def test_a_taken_document_is_nobody_elses(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 0, FIRST)
        inventory.add("students", 1, SECOND)
        dice = Random(1)
        taken = {inventory.take("students", dice).ordinal, inventory.take("students", dice).ordinal}
        assert taken == {0, 1}
        assert inventory.take("students", dice) is None
        assert inventory.count("students") == 0


def test_a_document_that_is_given_back_can_be_taken_again(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 5, FIRST)
        entry = inventory.take("students", Random(1))
        inventory.give_back(entry)
        assert inventory.count("students") == 1
        assert inventory.take("students", Random(1)) == entry


def test_a_removed_document_is_gone_also_for_the_next_process(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 0, FIRST)
        inventory.add("students", 1, SECOND)
        gone = inventory.take("students", Random(1))
        inventory.remove(gone)
    with RunInventory(path) as inventory:
        assert inventory.count("students") == 1
        assert [entry.ordinal for entry in inventory.documents()] == [1 - gone.ordinal]


def test_every_document_is_chosen_about_equally_often(path):
    with RunInventory(path) as inventory:
        for ordinal in range(4):
            inventory.add("students", ordinal, str(uuid.UUID(int=ordinal)))
        dice, chosen = Random(7), [0, 0, 0, 0]
        for _ in range(4000):
            entry = inventory.take("students", dice)
            chosen[entry.ordinal] += 1
            inventory.give_back(entry)
    assert min(chosen) > 900


def test_documents_of_another_resource_are_not_chosen(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 0, FIRST)
        assert inventory.take("schools", Random(1)) is None
        assert inventory.count("schools") == 0


def test_documents_added_after_the_first_choice_are_chosen_from_too(path):
    with RunInventory(path) as inventory:
        assert inventory.count("students") == 0
        inventory.add("students", 0, FIRST)
        assert inventory.take("students", Random(1)).document_id == FIRST


def test_preparing_a_choice_loses_nothing_and_may_be_repeated(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 0, FIRST)
        inventory.prepare()
        inventory.add("students", 1, SECOND)
        inventory.prepare()
        assert inventory.count("students") == 2


def test_documents_to_choose_from_may_be_read_in_by_another_thread(path):
    with RunInventory(path) as inventory, ThreadPoolExecutor(1) as thread:
        inventory.add("students", 1, FIRST)
        assert inventory.unread == 2
        inventory.flush()
        thread.submit(inventory.prepare).result()
        assert inventory.take("students", Random(1)).document_id == FIRST
        assert inventory.unread == 0


def test_a_document_that_was_created_twice_is_one(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 0, FIRST)
        inventory.add("students", 0, SECOND)
        assert inventory.count("students") == 1
        assert inventory.take("students", Random(1)).document_id == SECOND


def test_creates_go_on_after_the_highest_ordinal_ever_used(path):
    with RunInventory(path) as inventory:
        inventory.add("students", 41, FIRST)
        inventory.add("students", 7, SECOND)
        inventory.remove(InventoryEntry("students", 41, FIRST))
    with RunInventory(path) as inventory:
        assert inventory.first_unused_ordinal("students") == 42
        assert inventory.first_unused_ordinal("schools") == 0
        assert inventory.resources() == ("students",)


def test_documents_come_by_resource_in_order_of_creation(path):
    with RunInventory(path) as inventory:
        for resource, ordinal in (("students", 1), ("grades", 0), ("students", 0)):
            inventory.add(resource, ordinal, FIRST)
        found = [(entry.resource, entry.ordinal) for entry in inventory.documents()]
    assert found == [("students", 0), ("students", 1), ("grades", 0)]


def test_the_phase_of_each_create_is_kept(path):
    with RunInventory(path, phase="load") as inventory:
        inventory.add("students", 0, FIRST)
        inventory.enter_phase("readwrite")
        inventory.add("students", 1, SECOND)
    database = sqlite3.connect(path)
    rows = database.execute("SELECT text FROM journal JOIN name ON number = phase ORDER BY ordinal").fetchall()
    database.close()
    assert rows == [("load",), ("readwrite",)]


def test_what_was_flushed_survives_a_kill(path):
    script = (
        "import os, signal, sys, uuid; from pathlib import Path\n"
        "from dms_load_test.results.inventory import RunInventory\n"
        "inventory = RunInventory(Path(sys.argv[1]))\n"
        "for ordinal in range(1000): inventory.add('students', ordinal, str(uuid.UUID(int=ordinal)))\n"
        "inventory.flush()\n"
        "inventory.add('students', 1000, 'lost')\n"
        "os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, 'SIGKILL') else signal.SIGTERM)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, os.fspath(path)], check=False, timeout=60)
    assert ended.returncode != 0
    with RunInventory(path) as inventory:
        assert inventory.count("students") == 1000


def test_a_file_that_is_no_inventory_is_refused_with_its_name(path):
    path.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(ConfigError, match=r"inventory\.sqlite3: .*expected the inventory of a run"):
        RunInventory(path)


def test_a_missing_folder_is_said_with_its_name(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        RunInventory(tmp_path / "nowhere" / "inventory.sqlite3")


def test_an_inventory_of_another_version_is_refused(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(ConfigError, match="version 99"):
        RunInventory(path)


def test_an_entry_takes_less_than_fifty_bytes_on_disk(path):
    dice = Random(1)
    with RunInventory(path, phase="load") as inventory:
        for ordinal in range(30_000):
            inventory.add("students", 1_000_000 + ordinal, str(uuid.UUID(int=dice.getrandbits(128))))
    assert path.stat().st_size < 50 * 30_000


def test_what_was_found_is_not_taken_for_created_and_what_was_created_stays_so(path):
    with RunInventory(path, phase="load") as inventory:
        inventory.add("schoolYearTypes", 0, FIRST, created=False)
        inventory.add("schools", 0, SECOND)
        inventory.add("schools", 0, SECOND, created=False)
    with RunInventory(path) as inventory:
        found = [(entry.resource, entry.phase, entry.created) for entry in inventory.documents()]
        assert found == [("schoolYearTypes", "load", False), ("schools", "load", True)]
        assert [entry.resource for entry in inventory.documents("schools")] == ["schools"]
        assert list(inventory.documents("students")) == []


def test_what_is_created_anew_after_a_delete_is_ours_again(path):
    with RunInventory(path) as inventory:
        inventory.add("schools", 0, FIRST, created=False)
        inventory.remove(InventoryEntry("schools", 0, FIRST))
        inventory.add("schools", 0, SECOND)
        assert [(entry.document_id, entry.created) for entry in inventory.documents()] == [(SECOND, True)]


def test_acknowledged_ordinals_include_deleted_ones(path):
    with RunInventory(path, phase="load") as inventory:
        inventory.add("schools", 4, FIRST)
        inventory.remove(InventoryEntry("schools", 4, FIRST))
        inventory.add("schools", 2, SECOND, created=False)
        assert set(inventory.acknowledged()) == {("schools", 2), ("schools", 4)}
        assert inventory.tally() == [("schools", "load", 1, 1, 1)]


def test_a_copy_holds_the_same_and_goes_its_own_way(path, tmp_path):
    with RunInventory(path) as inventory:
        inventory.add("schools", 0, FIRST)
        inventory.copy_to(tmp_path / "copy.sqlite3")
    with RunInventory(tmp_path / "copy.sqlite3") as copy, RunInventory(path) as inventory:
        copy.add("schools", 1, SECOND)
        assert len(list(copy.documents())) == 2
        assert len(list(inventory.documents())) == 1


def test_what_a_lent_inventory_holds_is_not_the_borrower_s_own(path, tmp_path):
    """Whatever its phases are called: documents of the earlier run that are found again stay that run's."""
    lent, resumed = tmp_path / "lent.sqlite3", tmp_path / "resumed.sqlite3"
    with RunInventory(path, phase="readwrite") as inventory:
        for ordinal in range(4):
            inventory.add("students", ordinal, f"id-{ordinal}", created=ordinal != 2)
        inventory.copy_to(lent, lent=True)
    with RunInventory(lent, phase="readwrite") as borrower:
        borrower.add("students", 1, "id-1", created=False)
        borrower.add("students", 2, "id-2", created=False)
        borrower.remove(InventoryEntry("students", 3, "id-3"))
        borrower.add("students", 3, "id-3b")
        borrower.begin_run()
        borrower.add("students", 9, "id-9")
        borrower.copy_to(resumed)
    with RunInventory(resumed, phase="readwrite") as goes_on:
        goes_on.begin_run()
        goes_on.add("students", 10, "id-10")
        assert [entry.ordinal for entry in goes_on.own_documents()] == [3, 9, 10]
        assert [entry.ordinal for entry in goes_on.documents()] == [0, 1, 2, 3, 9, 10]
    with RunInventory(path) as inventory:
        assert [entry.ordinal for entry in inventory.own_documents()] == [0, 1, 2, 3]


def test_a_document_is_taken_by_its_ordinal_once(tmp_path):
    with RunInventory(tmp_path / "inventory.sqlite3") as inventory:
        for ordinal in range(5):
            inventory.add("students", ordinal, f"id-{ordinal}")

        entry = inventory.take_ordinal("students", 3)
        assert (entry.ordinal, entry.document_id) == (3, "id-3")
        assert inventory.take_ordinal("students", 3) is None
        assert inventory.take_ordinal("students", 99) is None
        inventory.give_back(entry)
        assert inventory.take_ordinal("students", 3) == entry


def test_taking_by_ordinal_and_at_random_never_gives_a_document_twice(tmp_path):
    with RunInventory(tmp_path / "inventory.sqlite3") as inventory:
        for ordinal in range(40):
            inventory.add("students", ordinal, f"{ordinal:032x}")
        random = Random(3)
        taken = [inventory.take_ordinal("students", 7)]
        while (entry := inventory.take("students", random)) is not None:
            taken.append(entry)
            further = inventory.take_ordinal("students", random.randrange(40))
            taken += [further] if further else []

        assert sorted(entry.ordinal for entry in taken) == list(range(40))
        assert all(int(entry.document_id, 16) == entry.ordinal for entry in taken)


def test_a_document_added_for_exclusive_use_is_not_chosen_before_it_is_given_back(tmp_path):
    with RunInventory(tmp_path / "inventory.sqlite3") as inventory:
        entry = inventory.add_taken("students", 0, "id-0")
        assert inventory.take("students", Random(1)) is None
        assert [found.document_id for found in inventory.documents()] == ["id-0"]
        inventory.give_back(entry)
        assert inventory.take("students", Random(1)).document_id == "id-0"


def test_a_document_in_use_before_the_inventory_is_read_in_is_not_chosen_from_it(tmp_path):
    with RunInventory(tmp_path / "inventory.sqlite3") as inventory:
        inventory.add("students", 0, "id-0")
        held = inventory.add_taken("students", 1, "id-1")
        released = inventory.add_taken("students", 2, "id-2")
        inventory.give_back(released)

        assert sorted(inventory.take("students", Random(1)).ordinal for _ in range(2)) == [0, 2]
        assert inventory.take("students", Random(1)) is None
        inventory.give_back(held)
        assert inventory.take("students", Random(1)).ordinal == 1


def test_what_earlier_runs_wrote_is_told_from_what_the_last_one_did_and_by_how_many(path, tmp_path):
    with RunInventory(path, phase="load") as inventory:
        assert inventory.is_complete
        inventory.begin_run()
        inventory.add("schools", 0, FIRST)
        assert (inventory.is_complete, inventory.sharing) == (False, (1, 0))
        inventory.copy_to(tmp_path / "resumed.sqlite3")
    with RunInventory(tmp_path / "resumed.sqlite3", phase="load") as resumed:
        resumed.begin_run()
        resumed.share(3)
        resumed.add("schools", 1, SECOND)
    with RunInventory(tmp_path / "resumed.sqlite3") as killed:
        assert (killed.is_complete, killed.sharing) == (False, (3, 1))
        assert list(killed.acknowledged(killed.sharing.rows_before)) == [("schools", 0)]
        killed.note_complete(is_complete=True)
        assert killed.is_complete


def test_a_document_that_is_not_as_its_ordinal_says_is_cleaned_up_and_never_chosen(path):
    with RunInventory(path, phase="contention") as inventory:
        inventory.add("events", 0, FIRST)
        inventory.add_apart("events", 7, SECOND)
        assert inventory.count("events") == 1
        inventory.add_apart("events", 8, "id-8", created=False)
    with RunInventory(path) as later:
        assert [row[:2] for row in later.choices()] == [("events", 0)]
        assert later.take("events", Random(1)).ordinal == 0
        assert later.take("events", Random(1)) is None
        assert later.take_ordinal("events", 7) is None
        left = [(entry.ordinal, entry.document_id, entry.created) for entry in later.documents()]
        assert left == [(0, FIRST, True), (7, SECOND, True), (8, "id-8", False)]
        assert later.tally() == [("events", "contention", 2, 1, 0)]
        assert later.first_unused_ordinal("events") == 9
        later.remove(InventoryEntry("events", 7, SECOND))
        assert [entry.ordinal for entry in later.documents()] == [0, 8]


def test_what_a_worker_made_apart_is_apart_in_the_run_s_inventory_too(path):
    with ShippedInventory() as worker, RunInventory(path) as inventory:
        worker.add("events", 0, FIRST)
        worker.add_apart("events", 1, SECOND)
        inventory.take_in(worker.drain())
        assert [row[1] for row in inventory.choices()] == [0]
        assert [entry.ordinal for entry in inventory.documents()] == [0, 1]
