"""What two runs' figures come to."""

from math import inf, log
from random import Random
from typing import ClassVar

import pytest

from dms_load_test.metrics.difference import DEFAULT_LIMITS, Kind, compare
from dms_load_test.metrics.histogram import Distribution, bucket_of
from dms_load_test.metrics.pairs import Pair, Side, Subject
from dms_load_test.metrics.ranks import Ranks, exceeding

READ = Subject("readwrite", "read")


class Run(Side):
    """A side that remembers its times, second by second."""

    per_second: ClassVar = []


def distribution(times_us):
    made = Distribution()
    for us in times_us:
        made.record(int(us))
    return made


def ranks(times_us):
    return Ranks(distribution(times_us))


def side(dice, *, slow=1.0, rate=200, seconds=60, failed=0.0, spread=0.3):
    """A run that serves `rate` operations a second, with independent times."""
    made = Run(ranks(()), 0, 0, float(seconds))
    made.per_second = [
        [dice.lognormvariate(log(10_000 * slow), spread) for _ in range(round(rate))] for _ in range(seconds)
    ]
    made.response = ranks(us for second in made.per_second for us in second)
    for second in made.per_second:
        failures = sum(dice.random() < failed for _ in second)
        made.done += len(second)
        made.failed += failures
        made.counts.add(1, 1.0, (len(second),))
        made.errors.add(1, len(second), (failures,))
    return made


def fill_times(mine, other):
    cuts = mine.response.percentiles_us((50, 95, 99))
    for second in mine.per_second:
        times = distribution(second)
        parts = [sum(c for i, c in times.counts.items() if i <= bucket_of(cut)) for cut in cuts]
        mine.times.add(
            1, times.count, (*parts, sum(other.response.share_below(i) * c for i, c in times.counts.items()))
        )


def judged(base, new, limits=DEFAULT_LIMITS, subject=READ):
    for mine, other in ((base, new), (new, base)):
        fill_times(mine, other)
    (row,) = compare([Pair(subject, base, new)], limits)
    return row


def test_the_same_server_is_the_same():
    row = judged(side(Random(1)), side(Random(2)))

    assert {name: change.kind for name, change in row.changes.items()} == dict.fromkeys(row.changes, Kind.SAME)


def test_what_took_less_than_seconds_tells_nothing_however_many_slices_it_has():
    """Such as the thirteen levels of a load of half a second: the machine's own ups and downs last longer."""
    base, new = side(Random(1)), side(Random(2), slow=3.0)
    base.seconds = 0.5
    row = judged(base, new)

    assert {change.kind for change in row.changes.values()} == {Kind.TOO_FEW}


def test_slower_is_worse_and_faster_is_better():
    slower = judged(side(Random(1)), side(Random(2), slow=1.2))
    faster = judged(side(Random(1)), side(Random(2), slow=0.8))

    assert [slower.changes[name].kind for name in ("p50", "p95", "p99")] == [Kind.WORSE] * 3
    assert [faster.changes[name].kind for name in ("p50", "p95", "p99")] == [Kind.BETTER] * 3
    assert slower.changes["p50"].change == pytest.approx(0.2, abs=0.02)


def test_a_lower_rate_is_worse_and_a_higher_one_better():
    assert judged(side(Random(1)), side(Random(2), rate=150)).changes["rate"].kind is Kind.WORSE
    assert judged(side(Random(1)), side(Random(2), rate=250)).changes["rate"].kind is Kind.BETTER


def test_more_failures_are_worse_by_their_share():
    row = judged(side(Random(1)), side(Random(2), failed=0.03))

    assert row.changes["errors"].kind is Kind.WORSE
    assert row.changes["errors"].change == pytest.approx(0.03, abs=0.005)
    assert row.kind is Kind.WORSE


def test_a_change_within_its_limit_is_none_however_certain():
    row = judged(side(Random(1)), side(Random(2), slow=1.2), {**DEFAULT_LIMITS, "p50": 0.3, "p95": 0.3, "p99": 0.3})

    assert row.kind is Kind.SAME
    assert row.changes["p50"].chance < 1e-6


def test_a_change_beyond_its_limit_that_noise_may_explain_is_too_few():
    row = judged(side(Random(1), rate=4, spread=0.9), side(Random(5), rate=4, spread=0.9, slow=1.2))

    assert row.changes["p95"].kind is Kind.TOO_FEW
    assert row.changes["p95"].floor > DEFAULT_LIMITS["p95"]


def test_a_percentile_that_few_requests_reach_is_not_judged():
    row = judged(side(Random(1), rate=10), side(Random(2), rate=10))

    assert row.changes["p99"].kind is Kind.TOO_FEW
    assert row.changes["p99"].floor == inf
    assert row.kind is Kind.SAME


def test_without_requests_nothing_is_told():
    empty = Run(ranks(()), 0, 0, 60.0)
    empty.per_second = []

    assert judged(empty, side(Random(1))).kind is Kind.TOO_FEW


def test_the_noise_of_all_requests_is_that_of_each_of_their_kinds():
    def runs(*, general):
        base, new = side(Random(1), rate=20), side(Random(2), rate=20, slow=1.15)
        total = [side(Random(seed), rate=200) for seed in (3, 4)]
        if general:
            for each in total:  # all requests of a second share its fortune
                dice = Random(9)
                fortunes = [dice.lognormvariate(0, 0.4) for _ in each.per_second]
                each.per_second = [[us * f for us in s] for s, f in zip(each.per_second, fortunes, strict=True)]
                each.response = ranks(us for s in each.per_second for us in s)
        pairs = [Pair(Subject("readwrite"), *total), Pair(READ, base, new)]
        for pair in pairs:
            fill_times(pair.base, pair.new)
            fill_times(pair.new, pair.base)
        return compare(pairs, DEFAULT_LIMITS)[1].changes["p50"].floor

    assert runs(general=True) > 2 * runs(general=False)


def test_how_often_one_exceeds_the_other_counts_ties_half():
    assert exceeding(ranks([1, 2]), ranks([1, 2])) == 0.5
    assert exceeding(ranks([5, 9]), ranks([1, 2])) == 1.0
    assert exceeding(ranks([2]), ranks([1, 2, 3, 4])) == pytest.approx(0.375)
    assert exceeding(ranks([]), ranks([1])) == 0.5
