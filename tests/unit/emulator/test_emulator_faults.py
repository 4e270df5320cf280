"""Which faults strike which requests, over dice and clocks of the test's own."""

import json
import random
from dataclasses import asdict

import pytest

from dms_load_test.emulator.faults import Faults, make_rule, parse_fault
from dms_load_test.emulator.rate_limit import RateLimit, RateLimiter, parse_rate_limit
from dms_load_test.errors import ConfigError


def faults(*rules):
    made = Faults(random.Random(7), lambda: 5.0)
    made.replace(rules)
    return made


def struck(made, method="GET", path="/data/ed-fi/students"):
    return [rule.kind for rule in made.drawn_for(method, path)]


def test_a_rule_is_read_from_the_command_line():
    rule = parse_fault("error:status=503,ratio=0.25,methods=post+put,path=/data/ed-fi/stu*,times=3")
    assert (rule.kind, rule.status, rule.ratio, rule.times) == ("error", 503, 0.25, 3)
    assert rule.methods == ("POST", "PUT")
    assert rule.meets("PUT", "/data/ed-fi/Students/1")
    assert not rule.meets("GET", "/data/ed-fi/students")
    assert not rule.meets("POST", "/oauth/token")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "explosion",
        "error:status=200",
        "error:status=x",
        "error:ratio=2",
        "error:colour=red",
        "latency:distribution=flat",
        "latency:distribution=uniform,low_ms=5,high_ms=1",
        "stall:seconds=9999",
        "slow:bytes_per_s=0",
        "reset:times=0",
        "error:retry_after_s=-1",
    ],
)
def test_an_impossible_rule_is_told(text):
    with pytest.raises(ConfigError, match="fault"):
        parse_fault(text)


def test_a_rule_as_it_is_shown_can_be_set_again():
    rule = parse_fault("latency:low_ms=5,methods=get")
    assert make_rule(json.loads(json.dumps(asdict(rule)))) == rule


def test_a_rule_strikes_as_often_as_it_says():
    made = faults(make_rule({"kind": "error", "times": 2}))
    assert [struck(made) for _ in range(4)] == [["error"], ["error"], [], []]
    rare = faults(make_rule({"kind": "error", "ratio": 0.1}))
    assert 70 < sum(bool(struck(rare)) for _ in range(1000)) < 130


def test_what_an_error_prevents_is_not_used_up():
    made = faults(make_rule({"kind": "half", "times": 1}), make_rule({"kind": "error", "times": 1}))
    assert next(iter(made.drawn_for("GET", "/data/x"))).kind == "error"
    assert struck(made) == ["half"]


def test_only_writes_are_lost():
    made = faults(make_rule({"kind": "lost-write"}))
    assert struck(made, "GET") == []
    assert struck(made, "POST") == ["lost-write"]


@pytest.mark.parametrize(
    ("members", "low_s", "high_s"),
    [
        ({"low_ms": 20}, 0.02, 0.02),
        ({"distribution": "uniform", "low_ms": 10, "high_ms": 30}, 0.01, 0.03),
        ({"distribution": "log-normal", "low_ms": 100, "sigma": 0.1}, 0.06, 0.16),
    ],
)
def test_latency_is_drawn_from_its_distribution(members, low_s, high_s):
    rule = make_rule({"kind": "latency", **members})
    drawn = [faults().delay_s(rule) for _ in range(100)]
    assert all(low_s <= delay_s <= high_s for delay_s in drawn)


def test_what_was_injected_is_remembered():
    made = faults()
    made.note("error", "GET", "/data/x", 503)
    assert made.counts == {"error": 1}
    assert made.events[0] == (5.0, "error", "GET", "/data/x", "503")
    made.replace([make_rule({"kind": "reset"})])
    assert made.counts == {"error": 1}
    made.forget()
    assert not made.counts


def test_the_limiter_counts_each_host_in_fixed_windows():
    now_s = [100.0]
    limiter = RateLimiter(RateLimit(2, 10.0), lambda: now_s[0])
    assert [limiter.retry_after_s(b"a") for _ in range(3)] == [None, None, 10]
    assert limiter.retry_after_s(b"b") is None
    now_s[0] = 106.5
    assert limiter.retry_after_s(b"a") == 4
    now_s[0] = 110.0
    assert limiter.retry_after_s(b"a") is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20000/10s", RateLimit(20000, 10)),
        ("20/.5s", RateLimit(20, 0.5)),
        ("2000/s", RateLimit(2000, 1)),
        ("5", RateLimit(5, 10)),
    ],
)
def test_a_rate_limit_is_read(text, limit):
    assert parse_rate_limit(text) == limit


@pytest.mark.parametrize("text", ["", "many", "5/0s", "5/.s", "-1/s"])
def test_what_is_no_rate_limit_is_told(text):
    with pytest.raises(ConfigError, match="--rate-limit"):
        parse_rate_limit(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("error:status=x", 'fault error: status is "x"; expected a whole number'),
        ("error:ratio=x", 'fault error: ratio is "x"; expected a number'),
    ],
)
def test_a_value_that_is_no_number_is_named(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_fault(text)
