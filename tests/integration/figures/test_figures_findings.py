"""What scenarios find out, count and time themselves, and writes that were lost: every view tells them."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from dms_load_test.app.exports import export_run, parse_formats
from dms_load_test.app.report import report_record
from dms_load_test.load.plan import Table
from dms_load_test.load.virtual_user import Violation
from dms_load_test.metrics.verdict import ResourceAccount
from dms_load_test.results.run import read_run
from dms_load_test.views.history import HistoryRow, print_history
from dms_load_test.views.summary import SummaryView, print_summary
from dms_load_test.views.terminal import make_console


@pytest.fixture
def folder(record):
    """The folder of a run with findings, with all its exports."""
    made = record(findings=True)
    export_run(Path(), str(made.path.parent), parse_formats("all"))
    return made.path.parent


def test_the_summary_holds_them_as_its_schema_says(folder):
    schema = json.loads(files("dms_load_test.results").joinpath("summary.schema.json").read_text())
    summary = json.loads((folder / "summary.json").read_text())

    assert [e.message for e in Draft202012Validator(schema).iter_errors(summary)] == []
    assert summary["tables"][0]["rows"] == [["=a", 1.25], ["b", None]]
    assert summary["violations"][0] | {"kind": "lost", "ordinal": 17} == summary["violations"][0]
    counter, trend = summary["own_metrics"]
    assert counter == {"phase": "readwrite", "name": "pages_read", "kind": "first", "count": 12}
    assert (trend["name"], trend["kind"], trend["samples"], trend["p(95)"]) == ("sync_lag", None, 1, 12.5)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("own_metrics", [{"phase": "load", "name": "pages"}]),
        ("tables", [{"phase": "load", "title": "t", "columns": ["a"], "note": "", "rows": [[{}]]}]),
        ("violations", [{"t": 1, "phase": "load", "kind": "lost", "resource": "students", "ordinal": 1}]),
    ],
)
def test_the_schema_takes_no_others(folder, name, wrong):
    schema = json.loads(files("dms_load_test.results").joinpath("summary.schema.json").read_text())
    summary = json.loads((folder / "summary.json").read_text())

    assert list(Draft202012Validator(schema).iter_errors({**summary, name: wrong}))
    assert list(Draft202012Validator(schema).iter_errors({k: v for k, v in summary.items() if k != name}))


def test_markdown_tells_them_and_escapes_what_they_hold(folder):
    text = (folder / "summary.md").read_text()

    assert "## ❌ Failed: acknowledged writes did not hold: 1 lost" in text
    assert "lost: students 0123456789abcdef (ordinal 17): 404 \\| &lt;i&gt;at the end&lt;/i&gt;" in text
    assert "### readwrite: what \\| &lt;b&gt;was&lt;/b&gt; found" in text
    assert "| =a | 1.25 |\n| b | - |" in text
    assert "readwrite: pages\\_read (first): 12" in text
    assert "sync\\_lag: 1 time, p50 12.5 ms, p95 12.5 ms, max 12.5 ms" in text


def test_junit_names_the_lost_writes_in_the_failed_verdict(folder):
    cases = ET.parse(folder / "junit.xml").getroot().iter("testcase")
    (verdict,) = [case for case in cases if case.get("name") == "verdict"]

    failure = verdict.find("failure")
    assert failure.get("type") == "integrity violated"
    assert "1 lost" in failure.get("message")
    assert "readwrite: lost: students 0123456789abcdef (ordinal 17)" in failure.text


def test_the_report_shows_them(folder):
    report_record(folder / "record.jsonl", folder / "report.html")
    page = (folder / "report.html").read_text()

    assert "1 acknowledged write was found lost or changed." in page
    for text in ("0123456789abcdef", "what | &lt;b&gt;was&lt;/b&gt; found", "=a", "pages_read", "sync_lag"):
        assert text in page


def test_the_terminal_tells_them(folder, capsys):
    run = read_run(folder / "record.jsonl")
    view = SummaryView(
        totals=run.totals,
        verdict=run.verdict,
        phases=("readwrite",),
        tables=tuple((t.phase, Table(t.title, t.columns, t.rows, t.note)) for t in run.tables),
        violations=tuple(
            (v.phase, Violation(v.kind, v.resource, v.document_id, v.ordinal, v.detail)) for v in run.violations
        ),
    )
    print_summary(make_console(), view)

    told = capsys.readouterr().out
    assert "readwrite: lost: students 0123456789abcdef (ordinal 17)" in told
    assert "readwrite: pages_read (first): 12" in told
    assert "readwrite: sync_lag: 1 time" in told
    assert "Failed: acknowledged writes did not hold: 1 lost" in told


MARKUP = "x [/ms] [bold] :bug:"


def test_names_that_look_like_markup_are_shown_as_they_are(folder, capsys):
    """`lag [ms]` lost its unit, and `[/ms]` ended the program after the whole run."""
    run = read_run(folder / "record.jsonl")
    results = tuple(replace(result, subject=MARKUP) for result in run.verdict.results)
    view = SummaryView(
        totals=run.totals,
        verdict=replace(run.verdict, results=results),
        accounts=(ResourceAccount(MARKUP, MARKUP, 2, 1, 1, 0),),
        tables=(("readwrite", Table(MARKUP, ("lag [ms]", MARKUP), ((1, MARKUP),), MARKUP)),),
    )
    print_summary(make_console(), view)
    print_history(make_console(), [HistoryRow(MARKUP, "p", "t", "passed", MARKUP, 10, 1.0, 1.0, 2.0, 3.0, 0.0)])

    told = " ".join(capsys.readouterr().out.split())
    assert "lag [ms]" in told
    assert told.count(MARKUP) == 4 + 2 + len(results) + 2  # findings, accounts, thresholds, history
