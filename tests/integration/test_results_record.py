"""The record as a file: written, cut, damaged, read as a whole."""

import io
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import RunFacts, VerdictKind, account, judge
from dms_load_test.results.events import End, Manifest, Note, PhaseBegin, PhaseEnd, SettingRow
from dms_load_test.results.record import RecordWriter, open_record, read_record
from dms_load_test.results.recorder import Recorder
from dms_load_test.results.run import accounts_line, read_run, verdict_line
from dms_load_test.results.run_folder import create_run_folder, find_run
from dms_load_test.results.summary import summarize, write_summary
from dms_load_test.sample import Sample

SECOND = 1_000_000_000
MANIFEST = Manifest(
    run_id="20260301T080000Z-smoke-abcd",
    started_at="2026-03-01T08:00:00Z",
    tool_version="0.1.0",
    target="http://127.0.0.1:8080",
    profile="smoke",
    seed=7,
    items=("load",),
    settings=(SettingRow("CLIENT_SECRET", "****", "environment"),),
)


def sample(phase, operation, resource, us):
    return Sample(
        phase, operation, resource, 200, True, True, "", 1, 0, 0, us * 1000, 0, 0, 0, 20_000, us * 1000, 20_000, 9, 9
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.jsonl"


def write_run(path, *, planned=40):
    """Write a run of four seconds: ten creates a second."""
    aggregate, totals = Aggregate(0, "load"), Totals()
    with open_record(path) as record:
        recorder = Recorder(record)
        record.write(MANIFEST)
        record.write(PhaseBegin(0.0, "load", {"students": planned}, ("http_req_duration: p(95)<500",)))
        for second in range(1, 5):
            for n in range(10):
                aggregate.add(sample("load", "create", "students", (n + 1) * 1000))
            snapshot = aggregate.snapshot(second * SECOND)
            totals.add(snapshot)
            recorder.snapshot(snapshot)
        recorder.flush(4 * SECOND)
        record.write(PhaseEnd(4.0, "load", "finished"))
        accounts = account("load", {"students": planned}, totals)
        record.write(accounts_line(4.0, accounts))
        record.write(Note(4.0, "embedded emulator"))
        verdict = judge([parse_threshold("http_req_duration: p(95)<500", "load")], totals, RunFacts(accounts=accounts))
        record.write(verdict_line(4.0, verdict))
        record.write(End(4.1, "finished"))
    return totals


def test_a_record_read_again_gives_the_same_figures(path):
    totals = write_run(path)
    run = read_run(path)
    (row,), (original,) = run.totals.operation_rows("load"), totals.operation_rows("load")
    assert (row.count, row.failed, row.response.counts) == (40, 0, original.response.counts)
    assert run.totals.active_s("load") == 4.0
    assert run.verdict.kind is VerdictKind.PASSED
    assert (run.is_partial, run.ending, run.recorded_s) == (False, "finished", 4.1)
    assert [row.created for row in run.accounts] == [40]
    assert [note.text for note in run.notes] == ["embedded emulator"]


def test_a_record_cut_at_any_byte_is_read_as_partial(path, tmp_path):
    write_run(path)
    whole = path.read_bytes()
    cut = tmp_path / "cut.jsonl"
    first_line = whole.index(b"\n") + 1
    for length in range(first_line, len(whole), 97):
        cut.write_bytes(whole[:length])
        run = read_run(cut)
        assert run.is_partial
        assert sum(series.count for series in run.totals.tally.series.values()) in (0, 40)


def test_each_line_is_on_disk_when_it_was_written(path):
    with open_record(path) as record:
        record.write(MANIFEST)
        assert list(read_record(path)) == [MANIFEST]


def test_a_killed_run_leaves_all_seconds_but_its_last(path):
    script = (
        "import os, pathlib, signal, sys\n"
        "from dms_load_test.metrics.aggregate import Aggregate\n"
        "from dms_load_test.results.events import Manifest\n"
        "from dms_load_test.results.record import open_record\n"
        "from dms_load_test.results.recorder import Recorder\n"
        "with open_record(pathlib.Path(sys.argv[1])) as record:\n"
        "    record.write(Manifest('r', '2026-03-01T08:00:00Z', '0', 'http://127.0.0.1', 'dev', 1, ('load',)))\n"
        "    recorder, aggregate = Recorder(record), Aggregate(0, 'load')\n"
        "    for second in range(1, 8):\n"
        "        recorder.snapshot(aggregate.snapshot(second * 10**9))\n"
        "    os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60)
    assert ended.returncode != 0
    run = read_run(path)
    assert (run.is_partial, run.recorded_s, run.manifest.items) == (True, 7.0, ("load",))


FULL_DISK = """
import pathlib, resource, sys
from dms_load_test.errors import StorageError
from dms_load_test.results.events import Manifest, Note
from dms_load_test.results.record import open_record

path = pathlib.Path(sys.argv[1])
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
with open_record(path) as record:
    record.write(Manifest("r", "2026-03-01T08:00:00Z", "0", "http://127.0.0.1", "dev", 1, ("load",)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    for number in range(3):
        try:
            record.write(Note(1.0, "long" * 10_000))
        except StorageError as error:
            print(error)
    record.write(Note(2.0, "short"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    record.write(Note(3.0, "long" * 10_000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on files are POSIX's")
def test_a_line_that_a_full_disk_took_half_of_is_taken_back(path):
    """The system takes what still fits, and refuses the rest."""
    command = (sys.executable, "-c", FULL_DISK, str(path))
    ended = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)

    assert ended.stdout.count("what was written until then stays") == 3
    assert [(note.t, len(note.text)) for note in read_run(path).notes] == [(2.0, 5), (3.0, 40_000)]


class Trickle(io.BytesIO):
    """A file that takes a few bytes at a time."""

    def write(self, data):
        return super().write(data[:7])


def test_a_line_taken_in_pieces_is_written_whole(path):
    file = Trickle()
    writer = RecordWriter(file, path)

    length = writer.write(MANIFEST)
    writer.write(Note(1.0, "whole"))
    path.write_bytes(file.getvalue())

    assert list(read_record(path)) == [MANIFEST, Note(1.0, "whole")]
    assert file.getvalue().index(b"\n") + 1 == length


def test_a_record_is_never_written_over(path):
    write_run(path)
    with pytest.raises(ConfigError, match=r"File exists; choose a folder"), open_record(path):
        pytest.fail("opened")


def test_a_line_damaged_in_the_middle_is_said_with_its_number(path):
    write_run(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:10] + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(ConfigError, match=r"line 3: .*damaged"):
        read_run(path)


def test_a_damaged_distribution_is_said(path):
    write_run(path)
    cookie = b"HISTFA"
    assert cookie in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(cookie, b"AAAAAA"))
    with pytest.raises(ConfigError, match=r"not an .*HdrHistogram.*; the record is damaged"):
        read_run(path)


def test_events_of_a_later_version_s_kinds_are_left_out(path):
    write_run(path)
    before = len(list(read_record(path)))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b'{"type":"weather","t":1}\n', *lines[2:]]))
    assert len(list(read_record(path))) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"type":"end","t":1,"ending":"finished"}\n', "first line is no manifest"),
        (msgspec.json.encode(msgspec.structs.replace(MANIFEST, version=99)) + b"\n", "record of version 99"),
        (b"", "no complete line"),
        (b'{"type":"manif', "no complete line"),
        (b"hello\n", "damaged"),
    ],
)
def test_what_is_no_record_is_refused(path, text, message):
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        read_run(path)


def test_a_missing_record_is_said_with_its_name(path):
    with pytest.raises(ConfigError, match=r"record\.jsonl: No such file"):
        read_run(path)


def test_the_summary_is_made_from_the_record(path, tmp_path):
    write_run(path, planned=50)
    target = tmp_path / "summary.json"
    write_summary(target, read_run(path))
    summary = msgspec.json.decode(target.read_bytes())
    assert summary == msgspec.json.decode(msgspec.json.encode(summarize(read_run(path))))
    assert (summary["version"], summary["partial"], summary["verdict"]["kind"]) == (1, False, "incomplete")
    (phase,) = summary["phases"]
    students = next(row for row in phase["operations"] if row["resource"] == "students")
    assert (students["operation"], students["count"], students["failed"], students["per_s"]) == ("create", 40, 0, 10.0)
    assert (students["p(50)"], students["p(99)"], students["max"]) == (pytest.approx(5.0, rel=0.001), 10.0, 10.0)
    assert summary["metrics"]["http_reqs"] == {"count": 40, "rate": 10.0}
    assert summary["metrics"]["checks"] is None
    figures = {"planned": 50, "created": 40, "failed": 0, "blocked": 0, "not_done": 10}
    assert summary["accounts"] == [{"phase": "load", "resource": "students", **figures}]
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".partial"] == []


def test_run_folders_have_safe_sortable_names(tmp_path):
    moment = datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)
    folder = create_run_folder(tmp_path / "results", moment, "../my profile!", "3f9a")
    assert folder.run_id == "20260301T080005Z-my-profile-3f9a"
    assert folder.path.is_dir()
    assert folder.record.parent == folder.summary.parent == folder.inventory.parent == folder.path


def test_of_runs_that_began_in_the_same_second_the_latest_is_the_last(tmp_path):
    moment = datetime(2026, 3, 1, 8, 0, 59, tzinfo=UTC)
    for token in ("ffff", "aaaa", "aaaa"):
        last = create_run_folder(tmp_path, moment, "dev", token)
        last.record.write_text("{}\n")
        assert find_run(tmp_path) == last


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(ConfigError, match="Not a directory"):
        create_run_folder(tmp_path / "results", datetime(2026, 3, 1, tzinfo=UTC), "dev", "3f9a")


def test_an_earlier_run_is_found_by_path_name_or_part_of_it(tmp_path):
    folders = [
        create_run_folder(tmp_path, datetime(2026, 3, day, tzinfo=UTC), "dev", token)
        for day, token in ((1, "aaaa"), (2, "bbbb"))
    ]
    for folder in folders:
        folder.record.write_text("{}\n")
    assert find_run(tmp_path) == folders[1]
    assert find_run(tmp_path, "aaaa") == find_run(tmp_path, "20260301") == folders[0]
    assert find_run(tmp_path, str(folders[0].path)) == folders[0]
    with pytest.raises(ConfigError, match=r"may be .*aaaa, .*bbbb"):
        find_run(tmp_path, "2026")
    with pytest.raises(ConfigError, match="no run cccc"):
        find_run(tmp_path, "cccc")
    with pytest.raises(ConfigError, match="no run at all"):
        find_run(tmp_path / "elsewhere")


def test_the_latest_run_is_one_that_got_as_far_as_its_first_line(tmp_path):
    begun, looked_only, killed = (
        create_run_folder(tmp_path, datetime(2026, 3, day, tzinfo=UTC), "smoke", "aaaa") for day in (1, 2, 3)
    )
    begun.record.write_text("{}\n")
    looked_only.record.touch()
    killed.record.write_text('{"type":"mani')

    assert find_run(tmp_path) == begun
    assert find_run(tmp_path, "20260302") == looked_only


def test_a_record_that_nothing_came_into_is_taken_away(path):
    with pytest.raises(RuntimeError), open_record(path):
        raise RuntimeError

    assert not path.exists()


def test_a_second_of_a_long_run_takes_little_space(path):
    """24 hours below 100 MB: 1,150 bytes a second, here at an age of two hours and with five operations."""
    aggregate = Aggregate(0, "readwrite")
    begin, seconds = 7_200, 300
    with open_record(path) as record:
        record.write(MANIFEST)
        recorder = Recorder(record)
        for second in range(begin, begin + seconds):
            for n in range(200):
                operation = ("create", "read", "query", "update", "delete")[n % 5]
                us = 1_000 + (n * 7919 + second * 104_729) % 9_000
                aggregate.add(sample("readwrite", operation, f"resource{n % 30}", us))
            recorder.snapshot(aggregate.snapshot(second * SECOND))
    assert path.stat().st_size < 1_150 * seconds
    assert read_run(path).is_partial
