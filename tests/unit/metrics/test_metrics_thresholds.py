import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import (
    AGGREGATIONS,
    Condition,
    Judgement,
    failing_abort,
    judge_thresholds,
    parse_threshold,
)
from dms_load_test.metrics.totals import Totals
from dms_load_test.sample import Sample

MS = 1_000_000
SECOND = 1_000_000_000


def sample(operation="read", ms=10, *, ok=True, status=200, phase="load", attempt=1):
    return Sample(
        phase, operation, "students", status, ok, True, "", attempt, 0, 0, ms * MS, 0, 0, 0, 0, ms * MS, 0, 10, 20
    )  # fmt: skip


def totals_of(*samples, seconds=2, checks=(), drops=0):
    aggregate, totals = Aggregate(0, "load"), Totals()
    for each in samples:
        aggregate.add(each)
        aggregate.iteration(5 * MS)
    for name, passed in checks:
        aggregate.check(name, passed)
    aggregate.drop_iterations(drops)
    aggregate.set_users(3, 9)
    totals.add(aggregate.snapshot(seconds * SECOND))
    return totals


def judged(text, totals, phase=""):
    (result,) = judge_thresholds([parse_threshold(text, phase)], totals)
    return result


def test_a_threshold_is_a_metric_with_tags_and_conditions():
    threshold = parse_threshold("http_req_duration{operation:read, phase:load}: p(95)<500, max <= 10000.5")
    assert threshold.metric == "http_req_duration"
    assert threshold.selector == {"operation": "read", "phase": "load"}
    assert threshold.conditions == (Condition("p", 95.0, "<", 500.0), Condition("max", None, "<=", 10000.5))
    assert threshold.abort_after_s is None
    assert threshold.subject == "http_req_duration{operation:read,phase:load}"
    assert [str(condition) for condition in threshold.conditions] == ["p(95)<500", "max<=10000.5"]


@pytest.mark.parametrize(
    ("suffix", "seconds"),
    [
        ("", None),
        (" abortOnFail", 0.0),
        (" abortOnFail delayAbortEval=30s", 30.0),
        (" abortOnFail delayAbortEval=1m5s", 65.0),
    ],
)
def test_abort_on_fail_may_be_delayed(suffix, seconds):
    assert parse_threshold(f"http_req_failed: rate<0.05{suffix}").abort_after_s == seconds


def test_the_phase_it_is_given_for_is_its_default_selector():
    assert parse_threshold("errors: rate<0.05", phase="load").selector == {"phase": "load"}
    assert parse_threshold("errors{phase:smoke}: rate<0.05", phase="load").selector == {"phase": "smoke"}
    assert parse_threshold("vus: value>0", phase="load").selector == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected `metric"),
        ("p(95)<500", "expected `metric"),
        ("http_req_duration p(95)<500", "expected `metric"),
        ("http_request_duration: p(95)<500", "unknown metric 'http_request_duration'; expected one of http_reqs"),
        ("http_req_duration{verb:read}: p(95)<500", "expected tags phase, operation, resource"),
        ("http_req_duration{operation:}: p(95)<500", "no tag:value"),
        ("http_req_duration{operation:GET}: p(95)<500", "no operation 'GET'; expected one of create, read"),
        ("http_req_waiting{resource:students}: p(95)<500", "expected tags phase, operation"),
        ("vus{phase:load}: value>1", "this metric has no tags"),
        ("http_req_duration: p<500", r"expected one of avg, min, med, max, stddev, p\(N\)"),
        ("http_req_duration: avg(5)<500", "no condition of a trend"),
        ("http_req_duration: p(101)<500", "a percentage of 0 to 100"),
        ("http_req_duration: p(95)<fast", "then a number"),
        ("http_req_duration: rate<0.5", "no condition of a trend"),
        ("http_req_failed: p(95)<500", "no condition of a rate; expected one of rate"),
        ("http_reqs: count>1 abortOnFail delayAbortEval=soon", "a duration such as 30s"),
    ],
)
def test_a_wrong_threshold_is_refused_with_what_was_expected(text, expected):
    with pytest.raises(ConfigError, match=expected):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        ("http_req_duration: avg<1", 20.0),
        ("http_req_duration: min<1", 10.0),
        ("http_req_duration: med<1", 20.0),
        ("http_req_duration: max<1", 30.0),
        ("http_req_duration: p(100)<1", 30.0),
        ("http_req_duration: stddev<1", 8.165),
        ("http_req_service_time: max<1", 30.0),
        ("http_req_waiting{operation:read}: max<1", 20.0),
        ("http_req_connecting: max>1", 0.0),
        ("http_req_failed: rate==2", 1 / 3),
        ("http_reqs: count<1", 3.0),
        ("http_reqs: rate<1", 1.5),
        ("iterations{phase:load}: count<1", 3.0),
        ("iteration_duration: max<1", 5.0),
        ("checks: rate==1", 0.5),
        ("checks{check:gone}: rate==1", 0.0),
        ("data_sent: count<1", 30.0),
        ("data_received: rate<1", 30.0),
        ("dropped_iterations: count<1", 7.0),
        ("vus: value<1", 3.0),
        ("vus: max<1", 9.0),
        ("vus_max: value<1", 9.0),
        ("crud_operations: count<1", 2.0),
        ("crud_operation_duration: max<1", 20.0),
        ("errors: rate==1", 0.5),
        ("rate_limited: count<1", 1.0),
        ("retries: count<1", 1.0),
        ("integrity_violations: count>1", 0.0),
    ],
)
def test_each_metric_shows_what_was_observed(text, observed):
    totals = totals_of(
        sample(ms=10),
        sample(ms=20, status=429, ok=False),
        sample("token", ms=30, attempt=2),
        checks=(("gone", False), ("there", True)),
        drops=7,
    )
    result = judged(text, totals)
    assert result.observed == pytest.approx(observed, rel=0.001)
    assert result.judgement is Judgement.FAILED


@pytest.mark.parametrize(("condition", "holds"), [
    ("count<3", False), ("count<=3", True), ("count>3", False), ("count>=3", True),
    ("count==3", True), ("count===3", True), ("count!=3", False),
])  # fmt: skip
def test_every_comparison_is_known(condition, holds):
    totals = totals_of(sample(), sample(), sample())
    assert (judged(f"http_reqs: {condition}", totals).judgement is Judgement.PASSED) == holds


def test_tags_choose_among_the_samples():
    totals = totals_of(sample(ms=10), sample("update", ms=500), sample(ms=90, phase="smoke"))
    assert judged("http_req_duration{operation:read}: max<100", totals, "load").observed == 10.0
    assert judged("http_req_duration{status:200,resource:students}: max<1", totals).observed == 500.0
    assert judged("http_req_duration{expected_response:false}: max<1", totals).judgement is Judgement.NOT_JUDGED


@pytest.mark.parametrize("text", ["http_req_duration: p(95)<500", "http_req_failed: rate<0.05", "checks: rate==1"])
def test_a_latency_or_a_share_of_nothing_is_not_judged(text):
    result = judged(text, totals_of())
    assert (result.judgement, result.observed) == (Judgement.NOT_JUDGED, None)


def test_a_count_of_nothing_is_a_count():
    assert judged("crud_operations: count>=10", totals_of()).judgement is Judgement.FAILED
    assert judged("dropped_iterations: count<1", totals_of()).judgement is Judgement.PASSED


def test_a_failing_threshold_aborts_only_when_told_and_after_its_delay():
    totals = totals_of(sample(ms=900))
    plain = parse_threshold("http_req_duration: max<500")
    delayed = parse_threshold("http_req_duration: max<500 abortOnFail delayAbortEval=10s")
    assert failing_abort([plain, delayed], totals, elapsed_s=9.9) is None
    assert failing_abort([plain, delayed], totals, elapsed_s=10.0).observed == 900.0


def test_a_threshold_over_nothing_aborts_nothing():
    assert failing_abort([parse_threshold("errors: rate<0.05 abortOnFail")], totals_of(), elapsed_s=60.0) is None


def test_every_aggregation_is_covered_by_this_file():
    assert {kind: set(functions) for kind, functions in AGGREGATIONS.items()} == {
        "trend": {"avg", "min", "med", "max", "stddev", "p"},
        "rate": {"rate"},
        "counter": {"count", "rate"},
        "gauge": {"value", "max"},
    }
