"""Programs: what each item plans from, given what runs beside it."""

from dataclasses import replace

import pytest

from dms_load_test.app.programs import require_plannable, workload_of
from dms_load_test.app.target import documents_of, embedded
from dms_load_test.config import Settings
from dms_load_test.errors import ConfigError, ScenarioError
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


@pytest.fixture(scope="module")
def plannable():
    """Plan turns of a target with the embedded standard."""
    model, graph, values = embedded()
    settings = Settings(school_count=1, student_count=5, soak_duration=60.0)
    documents = documents_of(settings, 1, model, values)

    def check(*turns, changes="http://localhost/changes"):
        program = Program(turns)
        require_plannable(
            Workload(settings, graph, documents, 1, model=model, change_queries_url=changes, program=program), None
        )

    return check


def test_a_program_of_all_kinds_of_scenarios_can_be_planned(plannable):
    plannable((item("smoke"),), (item("load"),), (item("readwrite"), item("changes")), (item("knee"),))


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ((replace(item("paging"), shape="spike"),), "paging has no constant number of users"),
        ((replace(item("knee"), shape="spike"),), "knee looks for its load itself"),
        ((replace(item("paging"), thresholds=("walks: much>1",)),), "much"),
        ((item("paging"), item("knee")), "knee has 2 phases: it cannot run beside others"),
        ((replace(item("paging"), settings={"PAGE_SIZES": "many"}),), "PAGE_SIZES: expected"),
    ],
)
def test_a_mistake_in_a_later_turn_is_told_before_the_first_is_run(plannable, late, told):
    with pytest.raises(ConfigError, match=told):
        plannable((item("smoke"),), (item("load"),), late)


def test_a_scenario_that_the_target_cannot_serve_is_told_before_the_first_turn(plannable):
    with pytest.raises(ScenarioError, match="the target has no change queries"):
        plannable((item("load"),), (item("changes"),), changes="")
