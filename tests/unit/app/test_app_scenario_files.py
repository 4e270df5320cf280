"""What a user's file raises after it was planned is told with its line, as what it raises before."""

import pytest

from dms_load_test.app.scenario_files import planned
from dms_load_test.config import Settings
from dms_load_test.errors import ScenarioError
from dms_load_test.metrics.totals import Totals
from dms_load_test.scenarios import Workload
from dms_load_test.scenarios.program import Item

RAISING = """\
from dataclasses import replace

from dms_load_test.scenarios.api import PerVuIterations, phase


async def go(vu):
    pass


class Pilot:
    def next(self, last):
        return last.seconds


def tables(totals):
    yield totals.nothing


def plan(workload):
    made = phase("mine", go, PerVuIterations(vus=1, iterations=1, max_duration_s=5.0))
    return replace(made, tables=tables, pilot=Pilot())
"""


@pytest.fixture
def phase(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(RAISING)
    (found,) = planned(Item(scenario=str(file), name="mine"), Workload(Settings(), None, None, seed=1))
    return found


def test_what_a_table_raises_is_told_with_its_line(phase):
    with pytest.raises(ScenarioError, match=r"mine\.py:16: AttributeError"):
        phase.tables(Totals())


def test_what_a_pilot_raises_is_told_with_its_line(phase):
    with pytest.raises(ScenarioError, match=r"mine\.py:12: AttributeError"):
        phase.pilot.next(None)
