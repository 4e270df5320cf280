"""Programs: what each item plans from, given what runs beside it."""

import pytest

from dms_load_test.app.programs import workload_of
from dms_load_test.config import Settings
from dms_load_test.scenarios import Workload
from dms_load_test.scenarios.program import Item, Program


def item(scenario, name=""):
    return Item(scenario=scenario, name=name or scenario)


def workload_for(*turns):
    return Workload(Settings(), None, None, seed=1, program=Program(turns))


@pytest.mark.parametrize(
    ("turn", "expecting"),
    [
        (("readwrite",), set()),
        (("readwrite", "changes"), {"changes"}),
        (("readwrite", "paging", "filtered"), {"paging", "filtered"}),
        (("readwrite", "contention"), {"readwrite", "contention"}),
        (("paging", "changes"), set()),
    ],
)
def test_an_item_expects_writes_of_those_beside_it_that_do_not_say_that_they_read_only(turn, expecting):
    items = tuple(map(item, turn))
    workload = workload_for((item("load"),), items, (item("readwrite", "later"),))

    assert {one.name for one in items if workload_of(one, workload, None).beside_writers} == expecting
    assert not workload_of(item("readwrite", "later"), workload, None).beside_writers


def test_two_items_of_the_same_scenario_expect_each_others_writes():
    first, second = item("readwrite", "teachers"), item("readwrite", "parents")
    workload = workload_for((first, second))

    assert workload_of(first, workload, None).beside_writers
    assert workload_of(second, workload, None).beside_writers
