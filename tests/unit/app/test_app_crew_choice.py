"""What may be shared among processes."""

from types import SimpleNamespace

import pytest

from dms_load_test.app.crew_choice import crew_of
from dms_load_test.config import Settings
from dms_load_test.errors import ConfigError
from dms_load_test.scenarios import SCENARIOS
from dms_load_test.scenarios.program import Item, Program, program_of

SHARED = [{"workers": "2"}, {"workers": "auto"}, {"scheduler": "tcp://127.0.0.1:1"}]
OWN = "ONE_PROCESS = True\n\n\ndef plan(workload):\n    return ()\n"


async def choose(settings, program):
    workload = SimpleNamespace(settings=Settings(**settings), program=program)
    async with crew_of(None, None, None, workload, None, None):
        pass


@pytest.mark.parametrize("settings", SHARED, ids=str)
@pytest.mark.parametrize("name", ["pipeclean", "paging", "filtered", "changes", "contention"])
async def test_a_scenario_that_knows_only_what_its_own_process_saw_is_refused_with_workers(settings, name):
    program = Program((*program_of(("smoke", "load")).turns, (Item(scenario=name, name="mine"),)))

    with pytest.raises(ConfigError, match=r"^mine: needs all .* in one process.*--workers 1"):
        await choose(settings, program)


async def test_so_is_a_file_of_a_user_s_own_that_says_so(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)

    with pytest.raises(ConfigError, match=r"^own: needs all"):
        await choose({"workers": "2"}, program_of((str(file),)))


@pytest.mark.parametrize("name", SCENARIOS)
async def test_one_process_may_run_any_scenario(name):
    await choose({}, program_of((name,)))
