"""What a later run takes from an earlier one's manifest: `resume` runs the plan that was interrupted, not less."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from dms_load_test.app.earlier import EarlierRun, Identity, earlier_load, manifest_of, program_of_run
from dms_load_test.config import load_settings
from dms_load_test.errors import ConfigError
from dms_load_test.results.events import Manifest, StepBegin, StepEnd
from dms_load_test.results.inventory import InventoryEntry, RunInventory
from dms_load_test.results.lock import held
from dms_load_test.results.record import open_record
from dms_load_test.results.run_folder import RunFolder
from dms_load_test.scenarios.program import Item, Program, program_of

MINE = "async def go(vu): pass\n\n\ndef plan(workload):\n    return ()\n"


def recorded(program, folder, profile=None, **flags):
    """Return the manifest of a run of a program as a later process reads it."""
    effective = load_settings(profile, flags, {}, folder)
    identity = Identity(
        run_id="run-1",
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
        target="http://127.0.0.1:1/",
        program=program,
        seed=7,
        notes=(),
        data_standard="",
        target_version="",
        own_keys=True,
        continues="",
    )
    line = msgspec.json.encode(manifest_of(effective, effective.settings, identity))
    return msgspec.json.decode(line, type=Manifest)


def test_a_plan_is_run_on_with_names_thresholds_settings_shapes_and_what_is_side_by_side(tmp_path):
    plan = Program(
        (
            (Item(scenario="load", name="everything"),),
            (
                Item(scenario="readwrite", name="morning", thresholds=("errors: rate<0.5",), shape="spike"),
                Item(scenario="changes", name="changes", thresholds=(), settings={"DURATION_READWRITE_PHASE": "1m"}),
            ),
        )
    )

    assert program_of_run(recorded(plan, tmp_path)) == plan
    assert recorded(plan, tmp_path).scenarios == ("load", "readwrite", "changes")


def test_a_file_of_the_user_s_is_found_from_wherever_it_is_run_on(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    program = program_of(["smoke", "mine.py"])
    manifest = recorded(program, tmp_path)

    assert program_of_run(manifest) == program
    monkeypatch.chdir(Path(tmp_path.anchor))
    assert program_of_run(manifest).items[1] == Item(scenario=str((tmp_path / "mine.py").resolve()), name="mine")


def test_a_file_that_is_gone_is_told_before_anything_is_sent(tmp_path):
    manifest = recorded(program_of(["smoke", str(tmp_path / "gone.py")]), tmp_path)

    with pytest.raises(ConfigError, match=r"gone\.py: no such file"):
        program_of_run(manifest)


def test_a_secret_among_the_settings_of_a_plan_is_not_recorded(tmp_path):
    secret = Item(scenario="load", name="load", settings={"OTLP_HEADERS": "api-key=s3cret", "STAFF_COUNT": "3"})

    assert recorded(Program(((secret,),)), tmp_path).program[0][0].settings == {"STAFF_COUNT": "3"}


def test_a_record_that_tells_names_only_is_run_on_where_they_are_scenarios_and_else_refused(tmp_path):
    named = msgspec.structs.replace(recorded(program_of(["smoke", "load"]), tmp_path), program=())
    unknown = msgspec.structs.replace(named, items=("smoke", "spike", "mine"))

    assert program_of_run(named) == program_of(["smoke", "load"])
    with pytest.raises(ConfigError, match="does not tell how spike, mine was run; run it anew"):
        program_of_run(unknown)


@pytest.mark.parametrize(("profile", "given"), [("dev", True), (None, False)])
def test_the_manifest_tells_whether_its_profile_was_asked_for(tmp_path, profile, given):
    manifest = recorded(program_of(["smoke"]), tmp_path, profile)

    assert (manifest.profile, manifest.profile_given) == ("dev", given)


@pytest.fixture
def earlier(tmp_path):
    """Write the record of a run of that name, and return the run."""

    def make(*events, name="run-1"):
        folder = RunFolder(tmp_path / "results" / name)
        folder.path.mkdir(parents=True)
        manifest = recorded(program_of(["smoke"]), tmp_path)
        with open_record(folder.record) as writer:
            for event in (manifest, *events):
                writer.write(event)
        return EarlierRun(folder, manifest)

    return make


def test_a_run_had_the_most_users_of_its_steps_side_by_side_ended_or_not(earlier):
    def began(phase, step, users):
        return StepBegin(0.0, phase, step, "constant-vus", users)

    run = earlier(
        began("knee", "step 1", 100),
        StepEnd(1.0, "knee", "step 1", "finished"),
        began("knee", "step 2", 200),
        StepEnd(2.0, "knee", "step 2", "finished"),
        began("morning", "step 1", 130),
        began("changes", "step 1", 90),
    )

    assert run.most_users() == 220
    assert earlier(name="run-2").most_users() == 1


def test_a_run_that_goes_on_is_not_worked_on(earlier):
    run = earlier()
    with RunInventory(run.folder.inventory) as inventory:
        inventory.add("students", 0, "id-0")
    results = run.folder.path.parent

    with held(run.folder), pytest.raises(ConfigError, match="run-1: the run is still going on"):
        earlier_load(results, run.manifest.target)
    assert earlier_load(results, run.manifest.target).folder == run.folder


def test_files_of_data_are_the_same_from_another_folder_and_as_they_were_given_from_the_same(tmp_path, monkeypatch):
    """Workers on other machines have a file at the path that was given."""
    (tmp_path / "mine.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    run = EarlierRun(RunFolder(tmp_path), recorded(program_of(["smoke"]), tmp_path, OVERRIDES="mine.yaml"))
    now = load_settings(None, {}, {}, tmp_path).settings

    assert run.settings(now).overrides == Path("mine.yaml")
    monkeypatch.chdir(Path(tmp_path.anchor))
    assert run.settings(now).overrides == tmp_path.resolve() / "mine.yaml"


@pytest.fixture
def borrowed(tmp_path):
    """Make a load of three students, and a run that worked on it and made one of its own; return the latter."""

    def made(name, scenario, continues):
        folder = RunFolder(tmp_path / "results" / name)
        folder.path.mkdir(parents=True)
        manifest = recorded(program_of([scenario]), tmp_path)
        manifest = msgspec.structs.replace(manifest, run_id=name, continues=continues)
        with open_record(folder.record) as writer:
            writer.write(manifest)
        return EarlierRun(folder, manifest)

    load, worked = made("run-1", "load", ""), made("run-2", "readwrite", "run-1")
    with RunInventory(load.folder.inventory) as inventory:
        for ordinal in range(3):
            inventory.add("students", ordinal, f"id-{ordinal}")
        inventory.add("schoolYearTypes", 0, "id-year", created=False)
    load.copy_inventory(worked.folder.inventory, lent=True)
    with RunInventory(worked.folder.inventory) as inventory:
        inventory.add("students", 3, "id-3")
    return worked


def cleaned(run, *ordinals):
    with RunInventory(run.folder.inventory) as inventory:
        for ordinal in ordinals:
            inventory.remove(InventoryEntry("students", ordinal, ""))


def test_what_was_cleaned_of_a_load_is_not_there_for_who_goes_on_with_a_run_that_worked_on_it(borrowed, tmp_path):
    (load,) = borrowed.lenders()
    cleaned(load, 0, 2)
    borrowed.copy_inventory(tmp_path / "copy.sqlite3", lent=True)

    with RunInventory(tmp_path / "copy.sqlite3") as copy:
        assert [entry.ordinal for entry in copy.documents("students")] == [1, 3]
        assert list(copy.own_documents()) == []
        assert sorted(copy.deleted()) == [("students", 0), ("students", 2)]


def test_a_run_on_a_load_that_is_cleaned_has_no_documents_though_its_inventory_lists_them(borrowed):
    (load,) = borrowed.lenders()
    results, target = borrowed.folder.path.parent, borrowed.manifest.target
    assert earlier_load(results, target).folder == borrowed.folder
    cleaned(load, 0, 1, 2)
    with pytest.raises(ConfigError, match="no run has loaded documents into"):
        earlier_load(results, target)


def test_a_run_whose_lender_s_folder_is_gone_goes_by_its_own_inventory(borrowed):
    (load,) = borrowed.lenders()
    shutil.rmtree(load.folder.path)

    assert list(borrowed.lenders()) == []
    assert borrowed.has_documents()
