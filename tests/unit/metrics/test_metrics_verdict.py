import pytest

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.catalog import METRICS
from dms_load_test.metrics.thresholds import parse_threshold, read_subject
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import (
    COUNTED_OTHERWISE,
    Ending,
    ResourceAccount,
    RunFacts,
    VerdictKind,
    account,
    judge,
)
from dms_load_test.sample import Sample

MS = 1_000_000
SECOND = 1_000_000_000


def totals_of(*operations, violations=0):
    aggregate, totals = Aggregate(0, "load"), Totals()
    for operation, resource, ok in operations:
        aggregate.add(
            Sample("load", operation, resource, 201, ok, True, "", 1, 0, 0, 9 * MS, 0, 0, 0, 0, 9 * MS, 0, 1, 1)
        )
    if violations:
        aggregate.count("integrity_violations", violations)
    totals.add(aggregate.snapshot(SECOND))
    return totals


CREATED = totals_of(("create", "students", True))
HOLDS = parse_threshold("http_req_duration: max<10")
FAILS = parse_threshold("http_req_duration: max<5")
EMPTY = parse_threshold("http_req_duration{operation:update}: max<5")


def test_a_run_against_which_nothing_speaks_has_passed():
    verdict = judge([HOLDS], CREATED, RunFacts(accounts=(ResourceAccount("load", "students", 1, 1),)))
    assert (verdict.kind, verdict.passed) == (VerdictKind.PASSED, True)
    assert verdict.sentence == "Passed: 1 of 1 thresholds held; 1 of 1 planned documents created."


def test_a_failed_threshold_fails_the_run():
    verdict = judge([HOLDS, FAILS], CREATED)
    assert verdict.kind is VerdictKind.THRESHOLDS_FAILED
    assert verdict.sentence == "Failed: 1 of 2 thresholds failed."
    assert [result.observed for result in verdict.results] == [9.0, 9.0]


def test_a_threshold_that_had_nothing_to_judge_fails_the_run_as_what_it_is():
    verdict = judge([EMPTY], CREATED)
    assert verdict.kind is VerdictKind.THRESHOLDS_FAILED
    assert verdict.sentence == "Failed: 1 of 1 thresholds had nothing to judge."


@pytest.mark.parametrize(("created", "kind"), [(95, VerdictKind.PASSED), (94, VerdictKind.INCOMPLETE)])
def test_a_run_that_did_less_than_95_percent_of_its_plan_has_not_passed(created, kind):
    verdict = judge([], CREATED, RunFacts(accounts=(ResourceAccount("load", "students", 100, created),)))
    assert verdict.kind is kind


@pytest.mark.parametrize(("dropped", "kind"), [(5, VerdictKind.PASSED), (6, VerdictKind.INCOMPLETE)])
def test_a_run_that_dropped_more_than_5_percent_of_its_iterations_has_not_passed(dropped, kind):
    aggregate, totals = Aggregate(0, "readwrite"), Totals()
    aggregate.drop_iterations(dropped, "no user was free")
    for _ in range(100 - dropped):
        aggregate.iteration(MS)
    totals.add(aggregate.snapshot(SECOND))
    verdict = judge([], totals)
    assert verdict.kind is kind
    if not verdict.passed:
        assert verdict.reasons == ("6 of 100 iterations due in readwrite were dropped (no user was free)",)


def test_the_reason_of_most_dropped_iterations_is_told():
    aggregate, totals = Aggregate(0, "readwrite"), Totals()
    aggregate.drop_iterations(2, "there are no students")
    aggregate.drop_iterations(3, "no user was free")
    totals.add(aggregate.snapshot(SECOND))

    assert judge([], totals).reasons == ("5 of 5 iterations due in readwrite were dropped (mostly: no user was free)",)


def test_an_incomplete_run_says_how_much_was_done():
    facts = RunFacts(accounts=(ResourceAccount("load", "students", 2000, 1200),))
    assert judge([], CREATED, facts).sentence == "Failed: only 1,200 of 2,000 planned documents were created (60.0%)."


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.INTERRUPTED, VerdictKind.INTERRUPTED),
        (Ending.ABORTED, VerdictKind.ABORTED),
        (Ending.SCENARIO_RAISED, VerdictKind.SCENARIO_RAISED),
        (Ending.TARGET_LOST, VerdictKind.TARGET_LOST),
        (Ending.THRESHOLD, VerdictKind.THRESHOLDS_FAILED),
    ],
)
def test_an_early_ending_is_graver_than_a_failed_threshold(ending, kind):
    verdict = judge([FAILS], CREATED, RunFacts(ending, "Ctrl-C after 12 s."))
    assert verdict.kind is kind
    assert verdict.reasons == ("Ctrl-C after 12 s", "1 of 1 thresholds failed")


def checked(*results):
    aggregate, totals = Aggregate(0, "smoke"), Totals()
    for passed in results:
        aggregate.check("the descriptor is gone", passed)
    totals.add(aggregate.snapshot(SECOND))
    return totals


def test_one_failed_check_fails_the_run():
    verdict = judge([], checked(True, False))
    assert verdict.kind is VerdictKind.THRESHOLDS_FAILED
    (result,) = verdict.results
    assert (result.subject, result.condition, result.observed) == ("checks{phase:smoke}", "rate==1", 0.5)
    assert judge([], checked(True, True)).passed


@pytest.mark.parametrize("text", ["checks: rate>0.4", "checks{phase:smoke}: rate>0.4"])
def test_a_threshold_may_say_how_many_checks_may_fail(text):
    verdict = judge([parse_threshold(text)], checked(True, False))
    assert (verdict.passed, len(verdict.results)) == (True, 1)


@pytest.mark.parametrize(("phase", "observed"), [("smoke", 0.0), ("", 0.0), ("load", 1 / 3)])
def test_a_threshold_on_one_check_excuses_no_other(phase, observed):
    aggregate, totals = Aggregate(0, "smoke"), Totals()
    for name, passed in (("often", True), ("often", False), ("always: a, b}", False)):
        aggregate.check(name, passed)
    totals.add(aggregate.snapshot(SECOND))
    verdict = judge([parse_threshold("checks{check:often}: rate>0.4", phase)], totals)
    implied = verdict.results[1]
    assert (implied.condition, implied.observed, implied.judgement.value) == ("rate==1", observed, "failed")
    assert not verdict.passed
    name, selector = read_subject(implied.subject)
    assert METRICS[name].read(totals, selector).total == (3 if phase == "load" else 1), "exports read it again"


def test_a_threshold_on_another_phases_checks_excuses_nothing():
    assert not judge([parse_threshold("checks{phase:load}: rate<2")], checked(False)).passed


def test_a_limited_generator_makes_the_figures_invalid():
    verdict = judge([HOLDS], CREATED, RunFacts(generator_limit="97 % of a core for 40 s"))
    assert verdict.kind is VerdictKind.GENERATOR_LIMITED
    assert "97 % of a core" in verdict.sentence


def test_a_lost_write_is_graver_than_a_failed_threshold():
    verdict = judge([FAILS], totals_of(("create", "students", True), violations=2))
    assert verdict.kind is VerdictKind.INTEGRITY_VIOLATED


@pytest.mark.parametrize(
    ("thresholds", "told"),
    [
        ([], "acknowledged writes did not hold: 5 lost"),
        (["integrity_violations{phase:load}: count<9"], "acknowledged writes did not hold: 3 lost"),
        (["integrity_violations{phase:load}: count<9", "integrity_violations{phase:late}: count<9"], ""),
        (["integrity_violations: count<9"], ""),
        (["integrity_violations: count<9, count<1"], "acknowledged writes did not hold: 5 lost"),
        (
            ["integrity_violations: count<9", "integrity_violations{phase:load}: count==0"],
            "acknowledged writes did not hold: 2 lost",
        ),
    ],
)
def test_violations_are_excused_only_where_all_thresholds_on_them_hold(thresholds, told):
    aggregate, totals = Aggregate(0, "load"), Totals()
    for phase, count in (("load", 2), ("late", 3)):
        aggregate.count("integrity_violations", count, "lost", phase)
    totals.add(aggregate.snapshot(SECOND))
    verdict = judge([parse_threshold(text) for text in thresholds], totals)
    assert (verdict.kind is VerdictKind.INTEGRITY_VIOLATED) == bool(told)
    assert told in verdict.sentence


def test_counts_that_others_who_write_show_in_are_told_from_what_was_read_back():
    aggregate, totals = Aggregate(0, "readwrite"), Totals()
    aggregate.count("integrity_violations", 24, "duplicated")
    aggregate.count("integrity_violations", 2, "lost")
    aggregate.count("audits", 25, COUNTED_OTHERWISE)
    totals.add(aggregate.snapshot(SECOND))

    assert judge([], totals).reasons[0] == (
        "acknowledged writes did not hold: 24 duplicated, 2 lost "
        "(25 by counts, in which others who write to the target show, too)"
    )


def test_an_account_tells_what_became_of_each_planned_document():
    totals = totals_of(
        ("create", "students", True), ("create", "students", True), ("create", "students", False),
        ("read", "students", True), ("create", "schools", True),
    )  # fmt: skip
    accounts = account("load", {"schools": 1, "students": 9, "grades": 4}, totals, blocked={"grades": 3})
    assert accounts == (
        ResourceAccount("load", "schools", 1, 1),
        ResourceAccount("load", "students", 9, 2, failed=1),
        ResourceAccount("load", "grades", 4, 0, blocked=3),
    )
    assert [row.not_done for row in accounts] == [0, 6, 1]
