"""A browser, and records that have everything a page can show."""

import os
import shutil
from pathlib import Path

import pytest

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import Judgement, ThresholdResult
from dms_load_test.metrics.verdict import Verdict, VerdictKind
from dms_load_test.results.events import (
    AccountRow,
    Accounts,
    End,
    Manifest,
    Note,
    PhaseBegin,
    PhaseEnd,
    ServerFigures,
    SettingRow,
    StepBegin,
    StepEnd,
    TableLine,
    ViolationLine,
)
from dms_load_test.results.record import open_record
from dms_load_test.results.recorder import Recorder
from dms_load_test.results.run import verdict_line
from dms_load_test.sample import Failure, Sample

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ARTEFACTS = Path(__file__).parents[3] / "build" / "screenshots"
MS = 1_000_000
SECOND = 1_000_000_000
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"'{{7*7}}"


class Visit:
    """A page, and what it did that it should not."""

    def __init__(self, page, origin):
        self.page, self._origin = page, origin
        self.errors, self.strangers = [], []
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url):
        if not url.startswith((self._origin, "data:", "blob:")):
            self.strangers.append(url)

    def figure(self, name):
        return float(self.page.locator(f'[data-figure="{name}"]').get_attribute("data-v"))

    def rows(self, table):
        """The visible rows of a table, as texts."""
        return self.page.evaluate(
            "id => [...document.querySelectorAll(`#table-${id} tbody tr`)].filter(row => !row.hidden)"
            ".map(row => [...row.cells].map(cell => cell.textContent.trim()))",
            table,
        )

    def picture(self, name):
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium():
    # Of a module, as Playwright keeps a loop running meanwhile, beside which no asynchronous test could run.
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_page(chromium):
    """Open an address; at the end nothing may have gone wrong on any page, nor asked another server."""
    opened = []

    def visit(url):
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        opened.append(Visit(page, "file://" if url.startswith("file:") else "/".join(url.split("/")[:3])))
        page.goto(url)
        return opened[-1]

    yield visit
    for each in opened:
        assert (each.errors, each.strangers) == ([], [])
        each.page.close()


def _sample(operation, resource, second, ms, *, status=200, late_ms=0):
    start = second * SECOND
    return Sample(
        "readwrite", operation, resource, status, status < 300, True, "", 1, start - late_ms * MS, start,
        start + int(ms * MS), 0, 0, 0, 20_000, int(ms * MS), 30_000, 700, 300,
    )  # fmt: skip


def _second(aggregate, second, per_second):
    for n in range(per_second):
        ms = 2 + (n * 37 + second * 11) % 97 / 3
        aggregate.add(_sample("read", "students", second, ms))
        aggregate.add(_sample("create", "grades", second, ms * 2, status=201, late_ms=1))
        aggregate.iteration(int(ms * 3 * MS), "readwrite")
    aggregate.add(_sample("update", HOSTILE, second, 300, status=409))
    aggregate.add(_sample("query", "sections", second, 5, status=429 if second % 4 == 0 else 200))
    aggregate.add_failure(
        Failure("readwrite", "update", HOSTILE, 409, f"conflict {HOSTILE}", HOSTILE, f"PUT /data/{HOSTILE}", "c-1", 7)
    )
    aggregate.check(f"is as written {HOSTILE}", passed=second % 10 != 3)
    aggregate.set_users(per_second, 50)


def write(path, *, steps=4, seconds=8, ended=True):
    """A run of steps with growing load, in which everything happens that a page has a place for."""
    with open_record(path) as writer:
        settings = (SettingRow("CLIENT_SECRET", "********", "environment"), SettingRow("NOTE", HOSTILE, "--set NOTE"))
        writer.write(
            Manifest(
                "20260301T080000Z-dev-1a2b", "2026-03-01T08:00:00Z", "0.1.0", f"http://target/{HOSTILE}", "dev", 7,
                ("readwrite",), "Ed-Fi 5.2.0", "8.0", {"school_count": 10}, settings, {"cores": 2}, (HOSTILE,),
            )
        )  # fmt: skip
        aggregate, recorder, second = Aggregate(0, "readwrite"), Recorder(writer), 0
        thresholds = ("http_req_duration: p(95)<50", "http_req_failed: rate<0.05")
        writer.write(PhaseBegin(0.0, "readwrite", {}, thresholds))
        for step in range(1, steps + 1):
            course = ((0.0, 10.0 * step), (float(seconds), 10.0 * step))
            writer.write(
                StepBegin(float(second), "readwrite", f"step {step}", "constant-arrival-rate", 50, float(seconds),
                          course=course)
            )  # fmt: skip
            for _ in range(seconds):
                second += 1
                _second(aggregate, second, 10 * step)
                snapshot = aggregate.snapshot(second * SECOND)
                recorder.snapshot(snapshot, {"cpu_ratio": 0.1 * step, "loop_lag_p99_ms": 0.2 + 0.01 * second})
                writer.write(
                    ServerFigures(float(second), "postgres", {"commits_per_s": 90.0 * step, "cache_ratio": 0.9})
                )
            if ended or step < steps:
                recorder.flush(second * SECOND)
                writer.write(StepEnd(float(second), "readwrite", f"step {step}", "duration over"))
        if ended:
            _end(writer, float(second))


def _end(writer, t):
    writer.write(
        Accounts(t, (AccountRow("readwrite", "grades", 800, 700, 50, 20), AccountRow("readwrite", HOSTILE, 1, 1, 0, 0)))
    )
    writer.write(ViolationLine(t, "readwrite", "lost", HOSTILE, "id-1", 3, HOSTILE))
    writer.write(
        TableLine(t, "readwrite", f"Pages {HOSTILE}", ("page", "ms"), (("first", 1.5), (HOSTILE, None)), HOSTILE)
    )
    writer.write(Note(t, f"rate limited {HOSTILE}"))
    writer.write(PhaseEnd(t, "readwrite", "finished"))
    results = (
        ThresholdResult("http_req_duration{phase:readwrite}", "p(95)<50", 71.3, Judgement.FAILED),
        ThresholdResult("http_req_failed{phase:readwrite}", "rate<0.05", 0.01, Judgement.PASSED),
        ThresholdResult("errors{resource:none}", "rate<0.05", None, Judgement.NOT_JUDGED),
    )
    verdict = Verdict(VerdictKind.THRESHOLDS_FAILED, f"Failed: 1 of 3 thresholds failed {HOSTILE}.", ("one",), results)
    writer.write(verdict_line(t, verdict))
    writer.write(End(t, "finished"))


@pytest.fixture(scope="session")
def write_record():
    return write


@pytest.fixture
def record(tmp_path):
    """Write a record into a run folder of its own."""

    def make(**more):
        folder = tmp_path / "20260301T080000Z-dev-1a2b"
        folder.mkdir()
        write(folder / "record.jsonl", **more)
        return folder / "record.jsonl"

    return make
