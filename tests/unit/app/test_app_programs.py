"""Programs: what each item plans from, given what runs beside it."""

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from dms_load_test.app.programs import ProgramRunner, require_plannable, workload_of
from dms_load_test.app.target import documents_of, embedded
from dms_load_test.config import Settings
from dms_load_test.engine.stop import StopSignal
from dms_load_test.errors import ConfigError, ScenarioError
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.scenarios import Workload
from dms_load_test.scenarios.program import Item, Program
from dms_load_test.scenarios.workload import MOST_SEEDS


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
        workload = Workload(settings, graph, documents, 1, model=model, change_queries_url=changes)
        check.workload = replace(workload, program=Program(turns))
        require_plannable(check.workload, None)

    return check


@pytest.mark.parametrize("seed", [0, 7, MOST_SEEDS - 1])
def test_a_district_of_its_own_is_far_from_that_of_any_run_with_a_seed_near_by(seed):
    model, _, values = embedded()
    target = SimpleNamespace(model=model, descriptor_values=values)
    own = workload_of(item("pipeclean"), replace(workload_for((item("pipeclean"),)), seed=seed), target)

    assert 0 <= own.seed < MOST_SEEDS
    assert abs(own.seed - seed) > 10**9


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


FIXED_NAME = """\
from dms_load_test.scenarios.api import PerVuIterations, phase


async def go(vu):
    pass


def plan(workload):
    return tuple(phase("portal", go, PerVuIterations(vus=1, iterations=1, max_duration_s=5.0)) for _ in range({phases}))
"""


@pytest.mark.parametrize("beside", [True, False])
def test_items_whose_phases_have_the_same_name_are_refused_since_figures_are_kept_by_it(plannable, tmp_path, beside):
    file = tmp_path / "portal.py"
    file.write_text(FIXED_NAME.format(phases=1))
    first, second = item(str(file), "parents"), item(str(file), "teachers")

    with pytest.raises(ConfigError, match=r'^parents and teachers both have a phase with the name "portal".*item'):
        plannable(*([(first, second)] if beside else [(first,), (second,)]))


def test_so_is_an_item_that_has_two_of_them(plannable, tmp_path):
    file = tmp_path / "portal.py"
    file.write_text(FIXED_NAME.format(phases=2))

    with pytest.raises(ConfigError, match='parents has several phases with the name "portal"'):
        plannable((item(str(file), "parents"),))


class Runner:
    """Notes which phases it is to run."""

    def __init__(self):
        self.ran = []

    async def run(self, *phases):
        self.ran.append([phase.name for phase in phases])


@pytest.mark.parametrize(
    ("turns", "ran"),
    [
        ([("load", "again")], []),
        ([("load",), ("again",)], []),
        ([("load", "paging"), ("again",)], [["paging"]]),
    ],
)
async def test_a_load_of_which_nothing_is_left_is_told_and_not_run(plannable, turns, ran):
    items = {"load": item("load"), "again": item("load", "again"), "paging": item("paging")}
    plannable(*([items[name] for name in turn] for turn in turns))
    workload = plannable.workload
    sent = {name: OrdinalSet(range(count)) for name, count in workload.counts.items()}
    runner, session = Runner(), SimpleNamespace(stop=StopSignal(), note=Mock())
    await ProgramRunner(runner, session, None, replace(workload, sent=sent)).run()

    assert runner.ran == ran
    assert [call.args[0] for call in session.note.call_args_list] == [
        "Nothing is left to do for load.",
        "Nothing is left to do for again.",
    ]


def test_a_scenario_that_the_target_cannot_serve_is_told_before_the_first_turn(plannable):
    with pytest.raises(ScenarioError, match="the target has no change queries"):
        plannable((item("load"),), (item("changes"),), changes="")
