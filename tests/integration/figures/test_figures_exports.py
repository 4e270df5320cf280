"""Files for other tools: made from a record alone, with the figures of the requests."""

import csv
import gzip
import json
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hdrh.histogram import HdrHistogram
from jsonschema import Draft202012Validator

from dms_load_test.app.exports import FORMATS, export_after, export_run, parse_formats, write_exports
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.verdict import RunFacts, judge
from dms_load_test.results.run import read_run
from dms_load_test.results.run_folder import RunFolder
from dms_load_test.results.samples import SampleLog
from dms_load_test.results.summary import summarize
from dms_load_test.views.exports import verb_and_name

LOCUST_STATS = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
)
LOCUST_HISTORY = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,"
    "Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,"
    "Total Min Response Time,Total Max Response Time,Total Average Content Size"
)


@pytest.fixture
def exported(record):
    """A record with all its exports beside it."""

    def make(**options):
        made = record(**options)
        export_run(Path(), str(made.path.parent), parse_formats("all"))
        made.folder = made.path.parent
        return made

    return make


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_files_have_locusts_columns(exported):
    folder = exported().folder

    assert (folder / "stats.csv").read_text().splitlines()[0] == LOCUST_STATS
    assert (folder / "stats_history.csv").read_text().splitlines()[0] == LOCUST_HISTORY
    assert (folder / "failures.csv").read_text().splitlines()[0] == "Method,Name,Error,Occurrences"


def test_stats_are_those_of_the_requests(exported, percentile):
    made = exported()
    stats = {(row["Type"], row["Name"]): row for row in rows(made.folder / "stats.csv")}

    reads = made.times_ms(operation="read", resource="students")
    row = stats["GET", "/ed-fi/students/{id}"]
    assert int(row["Request Count"]) == len(reads)
    assert float(row["95%"]) == pytest.approx(percentile(reads, 95), rel=0.01)
    assert float(row["Average Response Time"]) == pytest.approx(sum(reads) / len(reads), rel=0.001)
    total = stats["", "Aggregated"]
    assert int(total["Request Count"]) == len(made.samples)
    assert int(total["Failure Count"]) == sum(not s.ok for s in made.samples)
    assert float(total["99%"]) == pytest.approx(percentile(made.times_ms(), 99), rel=0.01)
    assert ("PUT", "/tpdm/candidates/{id}") in stats


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("query", ("GET", "/ed-fi/students")),
        ("audit", ("GET", "/ed-fi/students (audit)")),
        ("request", ("", "/ed-fi/students")),
        ("metadata", ("GET", "/metadata")),
    ],
)
def test_requests_of_different_kinds_are_under_names_of_their_own(operation, name):
    assert verb_and_name(operation, "students") == name


def test_the_history_has_a_line_each_second_and_ends_with_the_totals(exported):
    made = exported()
    history = rows(made.folder / "stats_history.csv")

    assert [int(row["Timestamp"]) for row in history][:2] == [1772352001, 1772352002]
    assert len(history) == 30
    assert int(history[-1]["Total Request Count"]) == len(made.samples)
    assert float(history[-1]["Requests/s"]) == pytest.approx(
        sum(s.started_ns >= 20e9 for s in made.samples) / 10, rel=0.001
    )


def test_failures_are_counted_and_no_cell_is_a_formula(exported):
    made = exported()
    failures = rows(made.folder / "failures.csv")

    assert sum(int(row["Occurrences"]) for row in failures) == sum(not s.ok for s in made.samples)
    assert not any(cell.startswith(("=", "+", "@")) for row in failures for cell in row.values())


def test_junit_has_a_case_for_each_threshold_and_the_verdict(exported):
    held = ET.parse(exported().folder / "junit.xml").getroot()
    crossed = ET.parse(exported(limit_ms=5).folder / "junit.xml").getroot()

    assert [case.get("name") for case in held.iter("testcase")] == [
        "http_req_duration{phase:readwrite}: p(95)<500",
        "checks{phase:readwrite}: rate==1",
        "verdict",
    ]
    assert held.get("failures") == "0"
    failures = [case.find("failure") for case in crossed.iter("testcase") if case.find("failure") is not None]
    assert failures[0].get("message").startswith("failed: observed ")


def test_markdown_shows_a_servers_words_as_words(exported):
    text = (exported().folder / "summary.md").read_text()

    assert "<script>" not in text
    assert "=boom \\| &lt;b&gt;" in text
    assert all(line.count("|") - line.count("\\|") in {0, 5, 9} for line in text.splitlines())


def test_the_histogram_log_sums_up_to_all_requests(exported, percentile):
    made = exported()
    lines = (made.folder / "latency.hlog").read_text().splitlines()
    total = HdrHistogram(1, 3_600_000_000, 2)
    for line in lines:
        if line.startswith("Tag="):
            tag, start, length, largest, text = line.split(",")
            assert tag.startswith("Tag=readwrite.")
            assert float(start) >= 0
            assert float(length) == pytest.approx(1.0, abs=0.01)
            assert float(largest) > 0
            total.decode_and_add(text)

    assert "#[Histogram log format version 1.3]" in lines
    assert total.get_total_count() == len(made.samples)
    assert total.get_value_at_percentile(95) / 1000 == pytest.approx(percentile(made.times_ms(), 95), rel=0.01)


def test_the_k6_summary_has_k6s_shape(exported, percentile):
    made = exported(limit_ms=5)
    summary = json.loads((made.folder / "k6-summary.json").read_text())

    metrics = summary["metrics"]
    assert set(summary) == {"root_group", "metrics"}
    assert set(metrics["http_req_duration"]) == {"avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"}
    assert metrics["http_req_duration"]["p(95)"] == pytest.approx(percentile(made.times_ms(), 95), rel=0.01)
    assert metrics["http_req_duration{phase:readwrite}"]["thresholds"] == {"p(95)<5": True}  # true: crossed
    assert metrics["http_reqs"]["count"] == len(made.samples)
    assert metrics["http_req_failed"]["passes"] == sum(not s.ok for s in made.samples)
    assert metrics["checks"] == {"value": 1.0, "passes": 30, "fails": 0}
    assert metrics["checks{phase:readwrite}"]["thresholds"] == {"rate==1": False}
    assert summary["root_group"]["id"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert summary["root_group"]["checks"]["readwrite: found | again"]["passes"] == 30


def test_the_k6_summary_keeps_every_threshold(record, tmp_path):
    """Those on a scenario's own metrics, and those that nothing was measured for, too: these were not met."""
    made = record(findings=True)
    run = read_run(made.path)
    own = {"pages_read": "counter", "sync_lag": "trend", "never_counted": "counter"}
    texts = (
        "pages_read: count>=12",
        "sync_lag: p(95)<5",
        "never_counted: count>0",
        "http_req_duration{operation:token}: max<9",
        "http_req_duration{operation:token}: min<9",
    )
    run.verdict = judge([parse_threshold(text, "", own) for text in texts], run.totals, RunFacts())
    write_exports(run, made.path, ("k6",), tmp_path)
    metrics = json.loads((tmp_path / "k6-summary.json").read_text())["metrics"]

    told = {name: values["thresholds"] for name, values in metrics.items() if "thresholds" in values}
    assert told == {
        "pages_read": {"count>=12": False},
        "sync_lag": {"p(95)<5": True},
        "never_counted": {"count>0": True},
        "http_req_duration{operation:token}": {"max<9": True, "min<9": True},
        "checks{phase:readwrite}": {"rate==1": False},
    }
    assert metrics["pages_read"]["count"] == 12
    assert metrics["sync_lag"]["max"] == 12.5


def test_the_summary_is_what_its_schema_says(record):
    schema = json.loads(files("dms_load_test.results").joinpath("summary.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)

    for made in (record(), record(killed=True), record(seconds=1)):
        summary = json.loads(json.dumps(summarize(read_run(made.path))))
        assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(summary)] == []
    assert list(validator.iter_errors({**summary, "version": 2}))


def test_percentiles_in_the_summary_are_within_one_percent(record, percentile):
    made = record()
    (phase,) = summarize(read_run(made.path))["phases"]

    for row in phase["operations"]:
        tags = {"operation": row["operation"]} | ({"resource": row["resource"]} if row["resource"] else {})
        for percent in (50, 95, 99):
            assert row[f"p({percent})"] == pytest.approx(percentile(made.times_ms(**tags), percent), rel=0.01)


def test_a_killed_run_is_exported_and_no_test_of_it_passes(exported):
    made = exported(killed=True)

    cases = list(ET.parse(made.folder / "junit.xml").getroot().iter("testcase"))
    assert [case.find("failure").get("type") for case in cases] == ["partial"]
    assert "partial" in (made.folder / "summary.md").read_text()


def test_what_cannot_be_written_after_a_run_is_told_and_everything_else_is_written(record, tmp_path, monkeypatch):
    folder = RunFolder(record(seconds=2).path.parent)
    (folder.path / "junit.xml").mkdir()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "page.md"))

    troubles = export_after(
        folder, read_run(folder.record), parse_formats("csv junit markdown"), tmp_path / "nowhere" / "k6.json"
    )

    told = zip(("junit.xml: ", "--summary-export", "page.md: "), troubles, strict=True)
    assert [word for word, trouble in told if word not in trouble] == []
    assert {"stats.csv", "failures.csv", "summary.md"} < {path.name for path in folder.path.iterdir()}


@pytest.mark.parametrize("text", ["exel", "", "csv,exel", "all,csv,x"])
def test_an_unknown_format_is_told(text):
    with pytest.raises(ConfigError, match="expected some of summary, csv"):
        parse_formats(text)


def test_formats_are_named_with_commas_or_blanks():
    assert parse_formats("csv, junit") == parse_formats("csv junit") == ("csv", "junit")
    assert parse_formats("none") == ()
    assert parse_formats("all") == ("summary", *FORMATS)


def written(folder):
    return [
        json.loads(line)
        for path in sorted(folder.glob("samples-*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def test_every_sample_is_written_down_over_several_files(record, tmp_path):
    samples = record(seconds=20).samples
    with SampleLog(tmp_path / "samples", {"began_ns": 0}, file_bytes=300_000) as log:
        for sample in samples:
            log.add(sample)

    found = written(tmp_path / "samples")
    assert [(row["resource"], row["finished_ns"]) for row in found] == [(s.resource, s.finished_ns) for s in samples]
    assert len(list((tmp_path / "samples").glob("*.gz"))) > 1
    assert json.loads((tmp_path / "samples" / "about.json").read_text()) == {"began_ns": 0}
    assert log.left_out == 0


def test_old_sample_files_make_room(record, tmp_path):
    samples = record(seconds=20).samples
    with SampleLog(tmp_path / "samples", {}, file_bytes=1, most_files=2) as log:
        for sample in samples:
            log.add(sample)

    assert len(list((tmp_path / "samples").glob("*.gz"))) == 2
    assert log.removed_files > 0
    assert written(tmp_path / "samples")[-1]["finished_ns"] == samples[-1].finished_ns


def test_a_slow_disk_costs_samples_not_time(record, tmp_path):
    samples = record(seconds=2).samples
    log = SampleLog(tmp_path / "samples", {})  # its thread is not started: nothing is ever taken
    for _ in range(400):
        for sample in samples:
            log.add(sample)

    assert log.left_out > 0
    assert log.left_out + sum(block.count(b"\n") for block in log._blocks.queue) + log._in_buffer == 400 * len(samples)


@pytest.mark.parametrize(("seconds", "file_bytes"), [(1, 10**9), (20, 10**9), (20, 1)])
def test_a_disk_that_gets_full_costs_the_samples_of_its_files_and_no_more(record, tmp_path, seconds, file_bytes):
    """gzip writes at the end of a file, so that the failure may come after the last sample was taken."""
    samples = record(seconds=seconds).samples
    log = SampleLog(tmp_path / "samples", {}, file_bytes=file_bytes)
    (tmp_path / "samples" / "samples-0001.jsonl.gz").symlink_to("/dev/full")

    with log:
        for sample in samples:
            log.add(sample)

    (tmp_path / "samples" / "samples-0001.jsonl.gz").unlink()
    assert log.error == "No space left on device"
    assert log.left_out > 0
    assert log.left_out + len(written(tmp_path / "samples")) == len(samples)
