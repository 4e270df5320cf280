"""The live dashboard in a browser, during a real run and after it."""

import json
import re
import signal

import pytest

from dms_load_test.results.events import Second
from dms_load_test.results.record import read_record

QUICK = ("--set", "DURATION_READWRITE_PHASE=8s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms")


@pytest.fixture
def live(command, server):
    """Start a run with a dashboard; give its process and the dashboard's address."""
    process = command.start(
        "run", "--profile", "smoke", *QUICK, "--dashboard", "--dashboard-port", "0", "--keep", **server.settings
    )
    line = process.stdout.readline()
    yield process, re.search(r"http://\S+", line)[0]
    process.kill()  # where the test failed before it ended: one Ctrl-C would end the run, and --keep stay
    process.communicate(timeout=60)


def _points(seen, chart="rate"):
    return seen.page.evaluate(f"document.querySelector('#chart-{chart} .plot')?.data?.[0].x.length ?? 0")


def _wait(seen, condition, seconds=40):
    # Not `wait_for_function`: that needs eval, which the page's own policy forbids.
    for _ in range(seconds * 10):
        if seen.page.evaluate(f"() => Boolean({condition})"):
            return
        seen.page.wait_for_timeout(100)
    pytest.fail(f"it never came to be that {condition}")


def _record_of(command):
    (path,) = (command.folder / "results").glob("*/record.jsonl")
    return path


def test_a_run_is_watched_from_its_beginning_to_its_end_and_after(live, command, open_page, wait_for):
    process, address = live
    seen = open_page(address)
    seen.page.wait_for_selector("#summary")  # until then the page waits for the run to begin
    first = seen.figure("Requests")
    _wait(seen, f"Number(document.querySelector('[data-figure=\"Requests\"]').dataset.v) > {first}")
    _wait(seen, "document.querySelector('#chart-rate .plot')?.data?.[0].x.length > 2")
    points = _points(seen)
    seen.picture("dashboard-light")

    seen.page.reload()
    _wait(seen, "document.querySelector('#chart-rate .plot')?.data?.[0].x.length > 2")
    assert _points(seen) >= points  # all that came before is there again

    seen.page.get_by_role("searchbox").fill("schoolYearT")
    _wait(seen, "document.querySelector('#summary .verdict.good') !== null")
    # What was being looked for is still looked for, although all rows came anew.
    assert {row[0] for row in seen.rows("operations")} == {"schoolYearTypes"}
    assert seen.page.get_by_role("searchbox").input_value() == "schoolYearT"
    seen.page.get_by_role("searchbox").fill("")

    wait_for(_record_of(command).with_name("report.html").exists)
    summary = json.loads(_record_of(command).with_name("summary.json").read_bytes())
    shown = {(row[2], row[0], row[1]): row[3] for row in seen.rows("operations")}
    counted = {
        (phase["phase"], row["resource"], row["operation"]): f"{row['count']:,}"
        for phase in summary["phases"]
        for row in phase["operations"]
        if row["resource"]
    }
    assert shown == counted
    seconds = [event for event in read_record(_record_of(command)) if isinstance(event, Second)]
    assert seen.figure("Requests") == sum(row.requests for second in seconds for row in second.rows)
    assert seen.page.locator("#thresholds tr.passed").count() == len(summary["thresholds"])
    seen.page.emulate_media(color_scheme="dark")
    seen.picture("dashboard-dark")

    assert process.poll() is None  # --keep
    process.send_signal(signal.SIGINT)
    _wait(seen, "document.documentElement.dataset.ended === 'true'")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert _record_of(command).with_name("report.html").stat().st_size > 1_000_000


def test_a_run_killed_half_way_still_gives_its_report(command, server, wait_for):
    process = command.start("run", "--profile", "dev", "--phase", "load", **server.settings)
    results = command.folder / "results"
    wait_for(lambda: any(b"level 2" in path.read_bytes() for path in results.glob("*/record.jsonl")))
    process.kill()
    process.communicate()
    ended = command("report")

    record = _record_of(command)
    html = record.with_name("report.html").read_text(encoding="utf-8")
    seconds = [event for event in read_record(record) if isinstance(event, Second)]
    requests = sum(row.requests for second in seconds for row in second.rows)
    assert (ended.code, ended.out.strip()) == (0, str(record.with_name("report.html")))
    assert "Partial: the record ends after" in html
    assert f'data-figure="Requests" data-v="{requests}"' in html
