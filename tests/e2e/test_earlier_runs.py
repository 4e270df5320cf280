"""What a run takes from an earlier one, and what of it is its own."""

import json
import re
import shutil

import pytest

LOAD = ("run", "--profile", "smoke", "--phase", "load", "-q")
READWRITE = ("run", "--profile", "smoke", "--phase", "readwrite", "-q", "--set", "DURATION_READWRITE_PHASE=2s")
FULL = ("run", "--profile", "smoke", "-q", "--set", "DURATION_READWRITE_PHASE=2s")


def runs(inside):
    return sorted(path.name for path in (inside.folder / "results").iterdir())


def leave_without_end(folder):
    """Take the last line of a run's record away, as if it had been killed."""
    lines = (folder / "record.jsonl").read_bytes().splitlines(keepends=True)
    assert b'"type":"end"' in lines.pop()
    (folder / "record.jsonl").write_bytes(b"".join(lines))


def left_of(inside, run):
    listed = inside("inventory", run, "--ids")
    assert listed.code == 0, listed.err
    rows = [json.loads(line) for line in listed.out.splitlines()]
    return {(row["resource"], row["document_id"]) for row in rows}


@pytest.mark.parametrize("first", [LOAD, FULL])
def test_a_run_on_an_earlier_load_cleans_up_what_it_made_itself_and_nothing_else(inside, server, first):
    ended = [inside(*first, **server.settings), *(inside(*READWRITE, **server.settings) for _ in range(2))]
    assert [each.code for each in ended] == [0, 0, 0], ended[-1].out + ended[-1].err
    load, earlier, later = runs(inside)
    of_earlier = left_of(inside, earlier)
    own = left_of(inside, later) - of_earlier
    before = server.counts(["students", "grades", "schools"])

    cleaned = inside("clean", "--yes", later, **server.settings)

    assert cleaned.code == 0, cleaned.out
    assert own
    assert re.search(rf"\b{len(own):,} documents? of ", cleaned.out)
    assert re.search(rf"all +{len(own)} +0 +0 +0\n", cleaned.out), cleaned.out
    assert left_of(inside, later) <= of_earlier
    for run in (earlier, load):
        assert inside("clean", "--yes", run, **server.settings).code == 0
    assert before["students"]
    assert server.counts(["students", "grades", "schools"]) == {"students": 0, "grades": 0, "schools": 0}


def test_a_document_that_was_sent_again_for_a_run_on_an_earlier_load_is_its_own(inside, server):
    inside(*LOAD, **server.settings)
    inside(*READWRITE, **server.settings)
    _, later = runs(inside)
    before = left_of(inside, later)
    sent = inside("send", "students", "77", "--run", later, **server.settings)
    (document,) = left_of(inside, later) - before

    cleaned = inside("clean", "--yes", later, **server.settings)

    assert (sent.code, cleaned.code) == (0, 0), sent.out + cleaned.out
    assert document not in left_of(inside, later)
    assert left_of(inside, later) <= before


def test_what_was_cleaned_up_is_nothing_to_work_on(inside, server):
    inside(*LOAD, **server.settings)
    assert inside("clean", "--yes", **server.settings).code == 0

    refused = inside(*READWRITE, **server.settings)

    assert refused.code == 104
    assert "no run has loaded documents" in refused.err


def test_what_a_repeated_seed_found_is_something_to_work_on(inside, server):
    inside(*LOAD, "--seed", "7", results="first", **server.settings)
    inside(*LOAD, "--seed", "7", **server.settings)

    assert inside(*READWRITE, **server.settings).code == 0


def test_a_run_by_its_folder_s_path_is_the_same_run(inside, server, monkeypatch):
    ended = inside(*LOAD, **server.settings)
    leave_without_end(ended.folder)
    shutil.move(ended.folder, inside.folder / "elsewhere")
    folder, inside.folder = inside.folder, inside.folder / "elsewhere"
    resumed = inside("resume", ".", "-q", results="../results", **server.settings)
    inside.folder = folder
    manifest = json.loads(next((folder / "results").iterdir()).joinpath("summary.json").read_bytes())["manifest"]
    name = json.loads((folder / "elsewhere" / "record.jsonl").read_text().partition("\n")[0])["run_id"]

    assert resumed.code == 0, resumed.err
    assert manifest["continues"] == name


def test_the_data_of_an_earlier_run_is_made_whatever_is_loaded_now(inside, server):
    """Other resources need other descriptors; a document without them is another one."""
    ended = inside(*LOAD, "--resources", "all", "--seed", "3", **server.settings)
    assert ended.code == 0, ended.out
    leave_without_end(ended.folder)
    now = server.settings | {"RESOURCES": "schoolYearTypes", "DURATION_READWRITE_PHASE": "1s"}
    resumed = inside("resume", "-q", **now)
    worked = inside(*READWRITE, **now)
    found = inside("send", "studentSchoolAssociations", "0", **now)

    assert resumed.code == 0, resumed.out + resumed.err
    assert worked.code == 0, worked.out + worked.err
    assert found.out.startswith("POST studentSchoolAssociations 0"), found.err
    assert "\n200\n" in found.out
    for run in reversed(runs(inside)):
        assert inside("clean", "--yes", run, **now).code == 0


def test_files_of_an_earlier_run_s_data_are_found_from_anywhere(inside, server):
    (inside.folder / "mine.yaml").write_text("students:\n  lastSurname: Testperson\n")
    ended = inside(*LOAD, "--overrides", "mine.yaml", **server.settings)
    assert ended.code == 0, ended.err
    inside.folder /= "elsewhere"
    inside.folder.mkdir()
    sent = inside("send", "students", "0", results="../results", **server.settings)
    cleaned = inside("clean", "--yes", results="../results", **server.settings)

    assert '"lastSurname": "Testperson"' in sent.out, sent.err
    assert cleaned.code == 0, cleaned.err


def test_a_load_that_was_cleaned_is_none_for_those_who_worked_on_it_either(inside, server):
    inside(*LOAD, **server.settings)
    inside(*READWRITE, **server.settings)
    load, worked = runs(inside)
    for run in (worked, load):
        assert inside("clean", "--yes", run, **server.settings).code == 0
    refused = inside(*READWRITE, **server.settings)

    assert refused.code == 104
    assert "no run has loaded documents into" in refused.err
    assert runs(inside) == [load, worked]


def test_the_run_that_loaded_is_named_by_all_that_work_on_its_documents(inside, server):
    inside(*LOAD, **server.settings)
    inside(*READWRITE, **server.settings)
    load, _ = runs(inside)
    again = inside(*(word for word in READWRITE if word != "-q"), **server.settings)

    assert again.code == 0, again.out
    assert f"Working on the documents that run {load} loaded" in again.out
