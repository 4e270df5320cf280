"""The commands about finished runs, as a user has them."""

import shutil
import subprocess
import sys

import pytest

from dms_load_test.app.beside import beside_run, open_sources
from dms_load_test.app.compare import parse_limits
from dms_load_test.cli.watching import watching_settings
from dms_load_test.config import load_settings
from dms_load_test.errors import ConfigError
from dms_load_test.results.history import past_runs
from dms_load_test.results.page_tables import table_values
from dms_load_test.results.record import read_record
from dms_load_test.results.run import read_run
from dms_load_test.results.story import story_of
from dms_load_test.results.summary import write_summary
from dms_load_test.views.history import HistoryRow, history_html, trends


def command(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "dms_load_test", *arguments, "--results", str(folder)],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_compare_ends_with_99_when_a_run_is_worse(record, server, tmp_path):
    base, slow = record(server(1), name="base"), record(server(2, slow=1.3), name="slow")
    page, text, job = tmp_path / "c.html", tmp_path / "c.md", tmp_path / "job.md"

    same = command(tmp_path, "compare", "base", "base")
    worse = command(
        tmp_path, "compare", "base", "slow", "--html", str(page), "--markdown", str(text), GITHUB_STEP_SUMMARY=str(job)
    )
    limits = [part for name in ("rate", "p50", "p95", "p99") for part in ("--limit", f"{name}=300%")]
    tolerated = command(tmp_path, "compare", base.path.parent.name, slow.path.parent.name, *limits)

    assert (same.returncode, worse.returncode, tolerated.returncode) == (0, 99, 0), worse.stderr
    assert "slow is worse than base" in worse.stdout.replace("Slow", "slow")
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text() == job.read_text()


def test_a_run_that_is_not_there_is_told(tmp_path):
    ended = command(tmp_path, "compare", "one", "other")

    assert ended.returncode == 104
    assert "no run one" in ended.stderr


def test_export_makes_the_files_from_the_record_alone(record, tmp_path):
    made = record(name="run")

    ended = command(tmp_path, "export", "run", "--format", "csv,k6", "--into", str(tmp_path / "out"))

    assert ended.returncode == 0, ended.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"stats.csv", "stats_history.csv", "failures.csv", "k6-summary.json"}
    assert [path.name for path in made.path.parent.iterdir()] == ["record.jsonl"]


def test_history_lists_runs_with_verdict_and_trend(record, server, tmp_path):
    for number, slow in enumerate((1.0, 1.2, 1.5)):
        record(server(number, slow=slow), name=f"run-{number}")
    record(name="run-3", killed=True)
    shutil.copytree(tmp_path / "run-0", tmp_path / "broken")
    (tmp_path / "broken" / "record.jsonl").write_text("no record\n")

    ended = command(tmp_path, "history", "--html", str(tmp_path / "h.html"))

    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert [line.split()[:2] for line in lines if "run-" in line] == [
        ["run-0", "passed"], ["run-1", "passed"], ["run-2", "passed"], ["run-3", "partial"],
    ]  # fmt: skip
    assert any("p95 ms" in line and "▁" not in line and "█" in line for line in lines)
    page = (tmp_path / "h.html").read_text()
    assert page.count("<polyline") == 2
    assert [page.count(f"<title>run-{number}: ") for number in range(4)] == [2, 2, 2, 2]


def test_history_takes_a_summary_where_there_is_one_and_tells_the_same(record, tmp_path):
    made = record(name="run")
    (from_record,) = past_runs(tmp_path)
    write_summary(made.path.parent / "summary.json", read_run(made.path))
    made.path.write_bytes(made.path.read_bytes().splitlines(keepends=True)[0])  # the figures are no longer in it

    assert list(past_runs(tmp_path)) == [from_record]
    assert from_record.operations == len(made.samples)
    assert from_record.failed_ratio == sum(not s.ok for s in made.samples) / len(made.samples)


def test_history_tells_the_last_phase_of_a_run_whatever_its_scenario_called_it(record, retold, tmp_path):
    made = record(name="run")
    retold(made.path, phases=["knee", "portal.py"], program=[[["knee", "knee"]], [["portal.py", "portal"]]])

    (from_record,) = past_runs(tmp_path)
    write_summary(made.path.parent / "summary.json", read_run(made.path))

    assert (from_record.phase, from_record.operations) == ("readwrite", len(made.samples))
    assert list(past_runs(tmp_path)) == [from_record]
    assert table_values(story_of(read_record(made.path)))["closed"] == ["readwrite"]


def test_emulators_of_runs_own_are_one_target(record, retold, tmp_path):
    notes = ["No target is set (--target): this is about the embedded emulator, which serves at http://127.0.0.1:1."]
    for port in range(2):
        retold(record(name=f"run-{port}").path, target=f"http://127.0.0.1:{port}/", notes=notes)

    assert {run.target for run in past_runs(tmp_path)} == {"the embedded emulator"}


def row(run_id, rate, profile="dev", phase="load", target="t"):
    return HistoryRow(run_id, profile, target, "passed", phase, 10, rate, 1.0, 2.0, 3.0, 0.0)


def test_a_trend_is_of_runs_that_can_be_compared():
    rows = [row("a", 1.0), row("b", 2.0), row("c", 5.0, profile="prod"), row("d", None), row("e", 9.0, target="u")]

    (trend,) = trends(rows)

    assert (trend.title, trend.rates_per_s, trend.names) == ("dev, load against t", (1.0, 2.0), ("a", "b"))


def test_a_page_of_runs_holds_no_foreign_markup():
    assert "<img" not in history_html([row("<img src=x>", 1.0), row("b", 2.0)])


@pytest.mark.parametrize("text", ["p95", "p90=10%", "p95=ten", "p95=-1%", "=5%"])
def test_a_limit_that_is_none_is_told(text):
    with pytest.raises(ConfigError, match="expected one of rate, p50, p95, p99, errors"):
        parse_limits([text])


def test_limits_are_shares_or_percentages():
    limits = parse_limits(["p95=20%", "errors=0.5%", "rate=0.3"])

    assert (limits["p95"], limits["errors"], limits["rate"], limits["p50"]) == (0.2, 0.005, 0.3, 0.1)


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h/d", "host=h password=hunter2"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match="PGPASSWORD") as told:
        watching_settings(None, None, url, None, None, samples=False)
    assert "hunter2" not in str(told.value)


def test_options_become_settings():
    given = watching_settings(["A=1"], "csv,k6", None, "http://h:9100", "http://c:4318", samples=True)

    assert given == [
        "A=1", "EXPORTS=csv,k6", "SAMPLES=true", "HOST_METRICS_URL=http://h:9100", "OTLP_ENDPOINT=http://c:4318",
    ]  # fmt: skip


def test_nothing_is_opened_beside_a_run_that_did_not_ask_for_it(tmp_path):
    settings = load_settings(None, {}, {}, tmp_path).settings

    assert open_sources(settings) == []
    with beside_run(None, settings, [], None):  # neither session nor folder is touched
        pass
