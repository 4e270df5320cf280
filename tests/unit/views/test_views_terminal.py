"""The live display, the plain lines and the summary, as a person gets them."""

import io
import re

import pytest
from msgspec import structs
from rich.console import Console

from dms_load_test.load.plan import Table
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import RunFacts, account, judge
from dms_load_test.sample import Failure, Sample
from dms_load_test.views.progress import StepView
from dms_load_test.views.summary import SummaryView, print_summary, print_verdict
from dms_load_test.views.tables import observed_text
from dms_load_test.views.terminal import LiveView, PlainView, Quiet, make_progress_view

MS = 1_000_000
SECOND = 1_000_000_000
STEP = StepView(phase="load", title="level 1 of 2", subject="students, schools", iterations=100, limit_s=60.0)


def console(width=100, *, terminal=False):
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )


def text_of(shown):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.file.getvalue())


def sample(operation="create", resource="students", ms=10, *, us=0, ok=True, status=201):
    took_ns = us * 1000 or ms * MS
    return Sample("load", operation, resource, status, ok, True, "", 1, 0, 0, took_ns, 0, 0, 0, 0, took_ns, 0, 1, 1)


class Run:
    """A made-up run: snapshots and their totals."""

    def __init__(self):
        self.aggregate = Aggregate(0, "load")
        self.totals = Totals()
        self.now_s = 0

    def second(self, *samples, users=5):
        for each in samples:
            self.aggregate.add(each)
            self.aggregate.iteration(MS)
        self.now_s += 1
        self.aggregate.set_users(users, users)
        snapshot = self.aggregate.snapshot(self.now_s * SECOND)
        self.totals.add(snapshot)
        return snapshot

    def summary(self, *thresholds, planned=None, **more):
        accounts = account("load", planned or {}, self.totals)
        verdict = judge([parse_threshold(t, "load") for t in thresholds], self.totals, RunFacts(accounts=accounts))
        return SummaryView(totals=self.totals, verdict=verdict, accounts=accounts, **more)


def summarized(run, *thresholds, width=100, **more):
    shown = console(width)
    print_summary(shown, run.summary(*thresholds, **more))
    return text_of(shown)


@pytest.mark.parametrize(
    ("terminal", "quiet", "kind"), [(True, False, LiveView), (False, False, PlainView), (True, True, Quiet)]
)
def test_the_view_suits_the_console(terminal, quiet, kind):
    assert isinstance(make_progress_view(console(terminal=terminal), quiet=quiet), kind)


def test_plain_lines_come_every_five_seconds_and_at_the_end():
    shown, run = console(), Run()
    view = PlainView(shown)
    view.note("Target: http://127.0.0.1:8080")
    view.begin(STEP)
    for _ in range(6):
        view.update(run.second(*[sample()] * 10))
    view.end()
    view.close()
    assert text_of(shown).splitlines() == [
        "Target: http://127.0.0.1:8080",
        "load, level 1 of 2: students, schools",
        "  0:05  50 of 100, 10.0/s, p95 10.0 ms, 0 failed, 5 users, 0:05 left",
        "  done: 60 operations in 6.0 s, 10.0/s, p95 10.0 ms, 0 failed",
    ]


def test_the_live_display_shows_the_step_and_leaves_one_line():
    shown, run = console(terminal=True), Run()
    view = LiveView(shown)
    view.begin(STEP)
    view.update(run.second(*[sample()] * 25))
    during = text_of(shown)
    view.end()
    view.close()
    view.close()
    assert "25 %  25 of 100  0:01  0:03 left" in during
    assert "25.0/s, p95 10.0 ms" in during
    assert "students, schools" in during
    assert "✓ load       level 1 of 2: 25 operations in 1.0 s, 25.0/s, p95 10.0 ms\n" in text_of(shown)


def test_bars_of_the_live_display_leave_room_for_the_generators_figures():
    shown, run = console(80, terminal=True), Run()
    view = LiveView(shown)
    view.begin(StepView(phase="readwrite", title="readwrite", limit_s=90.0))
    for _ in range(30):
        view.update(run.second(*[sample()] * 35, users=120), {"cpu_ratio": 0.34, "loop_lag_p99_ms": 16.2})
    view.close()
    last = [line for line in text_of(shown).splitlines() if "p95" in line][-1]
    assert last == "35.0/s, p95 10.0 ms  ██████████  120 users  generator 34 % CPU, loop lag 16.2 ms"


def test_the_line_that_a_step_leaves_fits_into_80_columns():
    shown, run = console(80, terminal=True), Run()
    view = LiveView(shown)
    view.begin(StepView(phase="load", title="level 12 of 13", iterations=20_000))
    view.update(run.second(*[sample(ms=123)] * 20_000))
    view.end()
    view.close()
    assert [line for line in text_of(shown).splitlines() if len(line) > 80] == []
    assert "✓ load       level 12 of 13: 20,000 operations in 1.0 s, 20,000/s, p95 123 ms\n" in text_of(shown)


def test_a_count_that_a_scenarios_table_tells_is_not_told_again():
    run = Run()
    for kind, number in (("create", 21), ("delete", 9)):
        run.aggregate.count("mix", number, kind)
    run.second(sample())
    table = Table("mix", ("operation", "planned", "done"), (("create", "20 %", 21),))
    said = summarized(run, tables=(("load", table),))

    assert "mix (create): 21" not in said
    assert "load: mix (delete): 9" in said


def test_a_step_with_failures_is_marked():
    shown, run = console(terminal=True), Run()
    view = LiveView(shown)
    view.begin(STEP)
    view.update(run.second(sample(), sample(ok=False, status=409)))
    view.end()
    view.close()
    assert "✗ load" in text_of(shown)
    assert "1 failed (50.0 %): 409 x1" in text_of(shown)


def test_a_step_that_is_all_of_its_phase_is_named_once():
    shown, run = console(terminal=True), Run()
    for view in (LiveView(shown), PlainView(shown)):
        view.begin(StepView(phase="readwrite", title="readwrite", limit_s=9.0))
        view.update(run.second(sample()))
        view.end()
        view.close()
    assert "readwrite  readwrite" not in text_of(shown)
    assert "readwrite, readwrite" not in text_of(shown)


def test_the_live_display_gives_the_cursor_back():
    shown = console(terminal=True)
    view = LiveView(shown)
    view.begin(STEP)
    view.close()
    assert shown.file.getvalue().rfind("\x1b[?25h") > shown.file.getvalue().rfind("\x1b[?25l") >= 0


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_of_the_summary_is_wider_than_the_terminal(width):
    run = Run()
    names = ("staffEducationOrganizationEmploymentAssociations", "students", "tpdm/candidates")
    for name in names:
        run.aggregate.add_failure(
            Failure("load", "create", name, 409, "unresolved-reference", "x" * 900, f"POST /data/ed-fi/{name}", "c0", 7)
        )
        run.second(*[sample(resource=name, ms=123_456)] * 999, sample(resource=name, ok=False, status=409))
    shown = summarized(
        run,
        "http_req_duration{operation:create,expected_response:true}: p(95)<500, p(99.9)<1000",
        width=width,
        planned=dict.fromkeys(names, 12_345_678),
        notes=("closed model",),
    )
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= width


def test_the_table_tells_each_resource_and_operation_and_their_sum():
    run = Run()
    run.second(*[sample(ms=10)] * 8, *[sample(ms=30)] * 2, sample(resource="grades", ok=False, status=400))
    lines = [" ".join(line.split()) for line in summarized(run).splitlines()]
    assert "resource operation count failed rate/s p50 p90 p95 p99 max" in lines
    assert "all resources create 11 1 11.0 10.0 30.0 30.0 30.0 30.0" in lines
    assert "grades create 1 1 1.0 10.0 10.0 10.0 10.0 10.0" in lines
    assert "students create 10 0 10.0 10.0 30.0 30.0 30.0 30.0" in lines


def test_a_narrow_terminal_gets_fewer_columns():
    run = Run()
    run.second(sample())
    lines = [" ".join(line.split()) for line in summarized(run, width=80).splitlines()]
    assert "resource operation count failed p50 p95 p99 max" in lines


@pytest.mark.parametrize("width", [50, 74, 75, 80, 99, 100, 120])
def test_figures_are_never_cut_however_long_names_are(width):
    run = Run()
    longest = "studentEducationOrganizationResponsibilityAssociations"
    run.second(*(sample("update", longest, us=us) for us in (421, 998, 1490, 12_300, 1_234_500) for _ in range(400)))

    rows = [line for line in summarized(run, width=width).splitlines() if " update " in line]
    assert len(rows) == 2
    assert not any("…" in line.split(" update ")[1] for line in rows)
    assert all("2,000" in line and ("1,234" in line) for line in rows)


def test_a_long_table_shows_the_worst_rows_and_says_what_it_left_out():
    run = Run()
    run.second(*(sample(resource=f"resource{n:02}", ms=n + 1, ok=n != 0) for n in range(50)))
    shown = summarized(run)
    assert "resource00" in shown
    assert "resource49" in shown
    assert "resource05" not in shown
    assert "10 more rows with fewer failures and shorter times: see summary.json" in shown


def test_failures_of_all_resources_with_one_reason_are_one_entry_with_one_example():
    run = Run()
    for resource in ("students", "students", "grades"):
        run.aggregate.add_failure(
            Failure("load", "create", resource, 409, "conflict", f"about {resource}", "POST /data", "c1", 12)
        )
    run.second(sample(ok=False, status=409))
    shown = summarized(run)
    assert "409 in load: conflict" in shown
    assert "create students, create grades" in shown
    assert "POST /data (document 12) [c1]: about students" in shown
    assert "about grades" not in shown


def test_only_resources_that_differ_from_the_plan_are_listed():
    run = Run()
    run.second(sample(), sample(), sample(resource="grades"))
    lines = [
        " ".join(line.split()) for line in summarized(run, planned={"students": 2, "grades": 4, "x": 0}).splitlines()
    ]
    assert "load grades 4 1 (25.0 %) 0 0 3" in lines
    assert "total of 3 (2 resources as planned) 6 3 (50.0 %) 0 0 3" in lines
    assert not any(line.startswith("load students") for line in lines)


def test_a_run_that_did_all_it_planned_has_one_line_for_it():
    run = Run()
    run.second(sample())
    lines = [" ".join(line.split()) for line in summarized(run, planned={"students": 1}).splitlines()]
    assert "all 1 (1 resource as planned) 1 1 0 0 0" in lines


def test_thresholds_are_shown_with_what_was_observed():
    run = Run()
    run.second(sample(ms=10))
    lines = [
        " ".join(line.split())
        for line in summarized(run, "http_req_duration: max<5, min<20", "checks: rate==1").splitlines()
    ]
    assert "failed http_req_duration{phase:load} max<5 10" in lines
    assert "passed http_req_duration{phase:load} min<20 10" in lines
    assert "not judged checks{phase:load} rate==1 no samples" in lines


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (500.04, "500.04"), (1 / 3, "0.333333"), (12_345.0, "12,345"), (2_345.6789, "2,345.679")],
)
def test_an_observed_value_is_told_to_six_digits(value, shown):
    assert observed_text(value) == shown


def test_token_requests_retries_drops_and_checks_have_their_own_lines():
    run = Run()
    run.aggregate.drop_iterations(2, "no document left to delete")
    run.aggregate.check("gone", True)
    run.aggregate.check("same", False)
    run.second(sample(), sample("token", "", status=200), sample(ok=False, status=429))
    shown = summarized(run)
    assert "load: 1 token request\n" in shown
    assert "load: 1 answer 429: the server's rate limiter" in shown
    assert "load: 2 iterations dropped: no document left to delete" in shown
    assert "load: 1 check passed, 1 failed" in shown
    assert "load: check failed 1 time: same" in shown


def test_a_closed_model_says_what_its_times_do_not_show():
    run = Run()
    run.second(sample())
    assert "Note: load: closed model." in summarized(run)
    assert "closed model" not in summarized(run, phases=())


def test_an_open_model_tells_service_times_beside_response_times():
    run = Run()
    run.second(structs.replace(sample(ms=30), due_ns=-70 * MS))
    shown = summarized(run)
    assert "service time, from the start of each request instead of its due time: p95 30.0 ms, p99 30.0 ms" in shown
    assert "closed model" not in shown
    assert " 100 " in next(line for line in shown.splitlines() if "all resources" in line)


def test_a_phase_without_a_table_gets_a_line():
    run = Run()
    run.second(sample(), sample(ok=False, status=500))
    shown = summarized(run, phases=("readwrite",))
    assert "load: 2 requests, 1 failed\n" in shown
    assert "all resources" not in shown


def test_nothing_is_said_of_what_did_not_happen():
    run = Run()
    run.second(sample())
    shown = summarized(run)
    for word in ("429", "retr", "dropped", "check", "token", "failures", "planned"):
        assert word not in shown


def test_the_verdict_and_the_folder_come_last():
    run = Run()
    run.second(sample())
    lines = summarized(run, "http_reqs: count>0", folder="results/x").splitlines()
    assert lines[-2:] == ["Passed: 1 of 1 thresholds held.", "Results: results/x  (1.0 s in all)"]


def test_quiet_tells_the_verdict_alone():
    run = Run()
    run.second(sample())
    shown = console()
    print_verdict(shown, run.summary("http_reqs: count>1"))
    assert text_of(shown) == "Failed: 1 of 1 thresholds failed.\n"


def test_markup_in_a_servers_words_stays_text():
    run = Run()
    run.aggregate.add_failure(Failure("load", "create", "students", 400, "[bold]x[/]", "[red]y\x1b[2J", "POST [link]"))
    run.second(sample(ok=False, status=400))
    shown = summarized(run)
    assert "[bold]x[/]" in shown
    assert "POST [link]: [red]y [2J" in shown
