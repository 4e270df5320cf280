"""Runs compared through their records: what is found, and what is not."""

import pytest

from dms_load_test.metrics.difference import DEFAULT_LIMITS, FIGURES, Kind
from dms_load_test.results.comparison import compare_records
from dms_load_test.results.run import read_run
from dms_load_test.results.sides import add_slices, pair_up, sides_of
from dms_load_test.views.compare import comparison_markdown, conclusion, print_comparison
from dms_load_test.views.compare_html import comparisons_html
from dms_load_test.views.terminal import make_console

ROUNDS = 20
ENOUGH = 19


def compared(base, new, limits=DEFAULT_LIMITS):
    return compare_records(base.path, new.path, limits)


def changes(comparison):
    return [row.subject for row in comparison.rows if row.kind in (Kind.WORSE, Kind.BETTER)]


def test_the_same_server_differs_in_nothing_and_a_slower_one_is_found_19_times_of_20(record, server):
    quiet = loud = 0
    for number in range(ROUNDS):
        base = record(server(1000 + number), seconds=20)
        same = record(server(2000 + number), seconds=20)
        slow = record(server(3000 + number, slow=1.2), seconds=20)
        quiet += not changes(compared(base, same))
        loud += compared(base, slow).kind is Kind.WORSE

    assert quiet >= ENOUGH
    assert loud >= ENOUGH


def test_a_server_whose_speed_drifts_is_not_called_another_one(record, server):
    def drifting(seed):
        return record(server(seed, drift=0.2, memory=0.8, per_s=60), seconds=50)

    pairs = [(drifting(10 + number), drifting(50 + number)) for number in range(10)]

    assert sum(bool(changes(compared(*pair))) for pair in pairs) <= 1


def test_a_faster_server_is_better_and_more_failures_are_worse(record, server):
    base = record(server(1))

    assert compared(base, record(server(2, slow=0.7))).kind is Kind.BETTER
    failing = compared(base, record(server(2, failed=0.06)))
    assert failing.rows[0].changes["errors"].kind is Kind.WORSE


def test_figures_are_those_of_the_requests(record, server, percentile):
    base, new = record(server(1)), record(server(2))
    total = compared(base, new).rows[0]

    for name, percent in (("p50", 50), ("p95", 95), ("p99", 99)):
        assert total.changes[name].base == pytest.approx(percentile(base.times_ms(), percent), rel=0.01)
        assert total.changes[name].new == pytest.approx(percentile(new.times_ms(), percent), rel=0.01)
    assert total.changes["rate"].new == pytest.approx(len(new.samples) / 30)
    assert total.changes["errors"].base == sum(not s.ok for s in base.samples) / len(base.samples)


def test_each_operation_on_each_resource_has_its_row(record):
    rows = compared(record(), record()).rows

    assert len(rows) == 1 + 5 + 25
    assert [row.subject.operation for row in rows[:6]] == ["", "create", "read", "query", "update", "delete"]


def test_phases_are_compared_whatever_their_scenario_calls_them(record, retold):
    one, other = record(name="one"), record(name="other")
    for made in (one, other):
        retold(made.path, phases=["portal.py"])

    assert {row.subject.phase for row in compared(one, other).rows} == {"readwrite"}


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"settings": [["RATE_READWRITE_PHASE", "50", "--set"]]}, "settings: RATE_READWRITE_PHASE unset and 50"),
        ({"data": {"RESOURCES": "students"}}, "settings: RESOURCES district and students"),
        (
            {"program": [[["readwrite", "readwrite", None, {}, "spike"]]]},
            "what was run: readwrite; and readwrite (shape",
        ),
        ({"program": [[["readwrite", "day"], ["paging", "paging"]]]}, "readwrite; and day (readwrite) beside paging"),
        ({"program": [[["readwrite", "readwrite", None, {"WORKERS": "2"}]]]}, "readwrite; and readwrite (WORKERS=2)"),
        ({"settings": [["SEED", "8", "--set"], ["EXPORTS", "csv", "--set"]]}, ""),
    ],
)
def test_whatever_changes_what_is_sent_or_how_fast_is_told(record, retold, members, told):
    base, new = record(name="base"), record(name="new")
    alike = {"settings": [["RATE_READWRITE_PHASE", "", "default"], ["SEED", "", "default"], ["EXPORTS", "", "default"]]}
    alike |= {"data": {"RESOURCES": "district"}, "program": [[["readwrite", "readwrite"]]]}
    retold(base.path, **alike)
    retold(new.path, **alike | members)

    differing = [text for text in compared(base, new).cautions if text.startswith("The runs differ")]
    assert len(differing) == (1 if told else 0)
    assert told in "".join(differing)


def test_a_killed_run_is_compared_and_said_to_be_partial(record, server):
    comparison = compared(record(server(1)), record(server(2), killed=True))

    assert any("partial" in text for text in comparison.cautions)
    assert comparison.rows


@pytest.mark.parametrize(
    ("seed", "per_s", "told"), [(1, 25, "readwrite delete sections"), (3, 2, "16 rows")], ids=["few", "many"]
)
def test_what_only_one_run_did_is_told_by_its_highest_rows(record, server, seed, per_s, told):
    lacking, whole = record(server(seed, per_s=per_s), seconds=2), record(server(1))
    did = {(s.operation, s.resource) for s in lacking.samples}
    operations = {operation for operation, _ in did}
    only = {key if key[0] in operations else key[0] for key in ((s.operation, s.resource) for s in whole.samples)} - did

    assert f"Only in {whole.path.parent.name}, thus not compared: {told}." in compared(lacking, whole).cautions
    assert len(only) == (16 if "rows" in told else 1)


def test_a_short_run_is_not_judged(record, server):
    comparison = compared(record(server(1), seconds=2), record(server(2, slow=3.0), seconds=2))

    assert comparison.kind is Kind.TOO_FEW
    assert conclusion(comparison).startswith("Too few requests to tell")


def test_every_form_tells_the_same_figures(record, server, capsys):
    comparison = compared(record(server(1)), record(server(2, slow=1.3)))
    print_comparison(make_console(), comparison)
    terminal, markdown, page = capsys.readouterr().out, comparison_markdown(comparison), comparisons_html([comparison])

    change = f"{comparison.rows[0].changes['p95'].change:+.0%}".replace("%", " %")
    for text in (terminal, markdown, page):
        assert change in text
        assert "worse than" in text
        assert "Noise floor" in " ".join(text.split())
    assert max(map(len, terminal.splitlines())) <= 100
    assert all(name in markdown for name in ("rate/s", *FIGURES[1:]))


def test_a_page_of_comparisons_needs_nothing_and_holds_no_foreign_markup(record):
    hostile = record(name="20260301T080000Z-<img src=x onerror=alert(1)>-1")
    page = comparisons_html([compared(record(), hostile)])

    assert "<img" not in page
    assert "http://" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_a_plan_with_steps_of_different_rates_is_no_noise(stepped):
    """Each step has the same number of requests each second: no row's rate wanders, whatever the plan does."""
    made = stepped(10, 40, 10, 40)
    run = read_run(made.path)
    pairs = pair_up(sides_of(run.totals, ("readwrite",)), sides_of(read_run(made.path).totals, ("readwrite",)))
    add_slices(made.path, pairs, is_base=True)

    variances = {pair.subject: pair.base.counts.estimate(0).variance for pair in pairs}
    assert {subject.depth for subject in variances} == {0, 1, 2}
    assert variances == {subject: pytest.approx(0.0, abs=1e-18) for subject in variances}
