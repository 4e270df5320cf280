"""Pipeclean: what it makes is known, so that it can be deleted whenever it is ended."""

from itertools import count

import pytest

from dms_load_test.results.inventory import RunInventory
from dms_load_test.scenarios import pipeclean


@pytest.fixture
def inventory(tmp_path):
    with RunInventory(tmp_path / "inventory.sqlite3", phase="pipeclean") as found:
        yield found


@pytest.fixture
def steps(user, workload, inventory, monkeypatch):
    """The steps, by whether they clean up; each document gets an id of its own."""
    create, numbers = user.api.create, count()
    monkeypatch.setattr(user.api, "create", lambda resource, body, *_: create(resource, body, next(numbers)))
    user.inventory = inventory
    found = pipeclean.plan(workload).steps
    return [[step for step in found if step.name.startswith("clean up") == is_last] for is_last in (False, True)]


async def run(user, steps):
    for step in steps:
        for user.iteration in range(step.executor.iterations):
            await step.iteration(user)


async def test_what_a_run_leaves_that_is_ended_half_way_is_in_the_inventory(user, steps, inventory):
    await run(user, steps[0])

    assert {entry.document_id for entry in inventory.documents()} == user.api.documents.keys()
    assert inventory.tally() == [
        ("children", "pipeclean", 9, 0, 0),
        ("notes", "pipeclean", 2, 0, 0),
        ("parents", "pipeclean", 4, 0, 0),
    ]
    assert inventory.count("children") == 0, "nobody may take one for that of its ordinal"


async def test_what_is_deleted_is_in_the_inventory_no_more(user, steps, inventory):
    await run(user, [*steps[0], *steps[1]])

    assert not user.api.documents
    assert not list(inventory.documents())


async def test_what_could_not_be_deleted_is_left_in_the_inventory(user, steps, inventory):
    user.api.refuse.add("delete")
    await run(user, [*steps[0], *steps[1]])

    assert {entry.document_id for entry in inventory.documents()} == user.api.documents.keys()
