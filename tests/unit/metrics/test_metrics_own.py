"""A scenario's own counters and trends, and phases that run side by side."""

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import Judgement, judge_thresholds, parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.results.convert import tally_of
from dms_load_test.results.events import Part
from dms_load_test.results.recorder import Recorder

S = 1_000_000_000
OWN = {"lookups": "counter", "page_view": "trend"}


class Lines(list):
    def write(self, line):
        self.append(line)
        return 100


@pytest.fixture
def snapshot():
    aggregate = Aggregate(0, "portal")
    aggregate.enter_phase("portal", "writers")
    for kind, times in (("found", 3), ("not found", 1)):
        for _ in range(times):
            aggregate.count("lookups", kind=kind)
    aggregate.observe("page_view", 12.5)
    aggregate.observe("page_view", 20.0)
    aggregate.check("it works", True, "writers")
    return aggregate.snapshot(2 * S)


@pytest.fixture
def totals(snapshot):
    made = Totals()
    made.add(snapshot)
    return made


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        ("lookups: count>3", 4),
        ("lookups{kind:found}: count==3", 3),
        ("lookups: rate>1", 2.0),
        ("page_view: max<=20", 20.0),
        ("page_view: avg<17", 16.25),
    ],
)
def test_thresholds_judge_what_a_scenario_counts_and_times(totals, text, observed):
    (result,) = judge_thresholds([parse_threshold(text, "portal", OWN)], totals)

    assert result.judgement is Judgement.PASSED
    assert result.observed == pytest.approx(observed)


def test_a_metric_that_nobody_names_is_no_metric():
    with pytest.raises(ConfigError, match=r"unknown metric .lookup.; expected one of .*lookups"):
        parse_threshold("lookup: count>3", "portal", OWN)


def test_time_counts_for_each_phase_side_by_side_and_once_in_all(totals):
    assert (totals.active_s("portal"), totals.active_s("writers"), totals.active_s()) == (2.0, 2.0, 2.0)
    assert totals.phases() == ("portal", "writers")


def test_a_check_counts_for_the_phase_that_made_it(totals):
    assert totals.tally.checks["writers", "it works"].passed == 1


def test_what_a_scenario_counts_and_times_goes_through_the_record_unharmed(snapshot, totals):
    lines = Lines()
    recorder = Recorder(lines)
    recorder.snapshot(snapshot)
    recorder.flush(2 * S)
    parts = [line for line in lines if isinstance(line, Part)]

    read = [tally_of(part) for part in parts]
    assert sum(tally.counters["portal", "lookups", "found"] for tally in read) == 3
    (times,) = [tally.trends["portal", "page_view", ""] for tally in read if tally.trends]
    assert (times.count, times.max_us) == (2, 20_000)
    assert sum(part.active_s.get("", 0.0) for part in parts) == -2.0
