import math

import pytest

from dms_load_test.metrics import histogram as module
from dms_load_test.metrics.histogram import Distribution, bucket_end_us, bucket_of, coarser, merged

HOUR_US = 3_600_000_000


def of(*durations_us):
    distribution = Distribution()
    for us in durations_us:
        distribution.record(us)
    return distribution


def test_an_empty_distribution_answers_zero_everywhere():
    empty = Distribution()
    assert (empty.count, empty.min_us, empty.max_us, empty.mean_us, empty.stddev_us) == (0, 0, 0, 0.0, 0.0)
    assert empty.percentiles_us((50, 99)) == (0, 0)


def test_count_sum_extremes_and_deviation_are_exact():
    times = of(1_000_003, 1_000_001, 1_000_002)
    assert (times.count, times.sum_us, times.min_us, times.max_us) == (3, 3_000_006, 1_000_001, 1_000_003)
    assert times.stddev_us == pytest.approx(math.sqrt(2 / 3))


def test_percentiles_use_the_nearest_rank():
    times = of(*range(1, 21))
    assert times.percentiles_us((95, 50, 100, 0)) == (19, 10, 20, 1)


def test_no_percentile_leaves_the_exact_extremes():
    times = of(123_457)
    assert times.percentile_us(0) == times.percentile_us(50) == times.percentile_us(100) == 123_457


def test_a_duration_beyond_an_hour_keeps_its_exact_extreme():
    times = of(2 * HOUR_US)
    assert times.max_us == 2 * HOUR_US
    assert bucket_of(HOUR_US) in times.counts


def test_a_negative_duration_counts_as_zero():
    times = of(5, -7)
    assert (times.min_us, times.sum_us, times.count) == (0, 5, 2)


def test_buckets_are_told_in_order_of_value():
    assert list(of(3000, 1, 1, 700).buckets()) == [(1, 2), (700, 1), (3001, 1)]


@pytest.mark.parametrize(("digits", "error"), [(1, 1 / 16), (2, 1 / 128), (3, 1 / 1024)])
def test_a_bucket_is_no_wider_than_its_digits_allow(digits, error):
    for us in (1, 17, 2047, 2048, 99_999, 123_456_789, HOUR_US):
        end = bucket_end_us(bucket_of(us, digits), digits)
        assert us <= end <= us * (1 + error)


def test_coarser_counts_keep_the_number_of_durations():
    times = of(*range(1000, 9000, 7))
    assert sum(coarser(times.counts, 2).values()) == times.count


def test_merged_is_the_distribution_of_all():
    assert merged((of(1, 2), of(3))).counts == of(1, 2, 3).counts


@pytest.mark.parametrize("highest", [0, 2_047, 2_048, 65_535, 65_536, 4_000_000_000])
def test_times_counted_together_are_those_counted_one_by_one(highest):
    times = [0, 0, highest // 3, *[highest // 2] * 5, highest, highest]
    together, one_by_one = Distribution(), Distribution()
    together.record_all(times)
    together.record_all([7, -3, -3])
    together.record_all([])
    for us in (*times, 7, -3, -3):
        one_by_one.record(us)
    assert together.counts == one_by_one.counts
    for figure in ("sum_us", "squares", "low_us", "high_us", "count"):
        assert getattr(together, figure) == getattr(one_by_one, figure)


def test_every_duration_that_is_looked_up_has_the_bucket_that_is_computed():
    assert all(module._NEAR_INDICES[us] == bucket_of(us) for us in range(1 << 16))
