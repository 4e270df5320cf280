"""What a run is about to need is known from its plan, before anything is sent."""

import pytest

from dms_load_test.app.preflight import planned_connections
from dms_load_test.app.target import documents_of, embedded
from dms_load_test.config import Settings
from dms_load_test.scenarios import Workload
from dms_load_test.scenarios.program import Item, Program

USERS = {"vus_load_phase": 9, "vus_readwrite_phase": 10, "audit_ratio": 0.0}
SMOKE, LOAD = Item(scenario="smoke", name="smoke"), Item(scenario="load", name="load")
READWRITE, CHANGES = Item(scenario="readwrite", name="readwrite"), Item(scenario="changes", name="changes")
SPIKE = Item(scenario="readwrite", name="spike", shape="spike")
KNEE = Item(scenario="knee", name="knee")
MORE = Item(scenario="readwrite", name="more", settings={"VUS_READWRITE_PHASE": "25", "READWRITE_BATCH": "2"})


@pytest.fixture(scope="module")
def connections():
    """Return a function: how many connections turns need, with settings."""
    model, graph, values = embedded()

    def of(*turns, **settings):
        made = Settings(school_count=1, student_count=5, **USERS | settings)
        documents = documents_of(made, 1, model, values)
        program = Program(turns)
        url = "http://localhost/changes"
        workload = Workload(made, graph, documents, 1, model=model, change_queries_url=url, program=program)
        return planned_connections(workload, None)

    return of


def test_the_turn_with_the_most_users_decides(connections):
    assert connections((SMOKE,)) == 1
    assert connections((SMOKE,), (LOAD,), (READWRITE,)) == 10


def test_phases_side_by_side_have_their_users_at_the_same_time(connections):
    assert connections((READWRITE, CHANGES)) == 11


def test_a_batch_takes_a_connection_for_each_of_its_operations(connections):
    assert connections((READWRITE,), readwrite_batch=5) == 50
    assert connections((READWRITE,), readwrite_batch=5, audit_ratio=0.1) == 64


def test_shapes_searches_and_an_item_s_own_settings_count(connections):
    assert connections((SPIKE,), shape_peak=4.0) == 40
    assert connections((KNEE,), knee_most_vus=300) == 300
    assert connections((READWRITE,), (MORE,)) == 50


def test_processes_share_the_users(connections):
    assert connections((READWRITE,), workers="4") == 3
    assert connections((READWRITE,), workers="auto") == 10
