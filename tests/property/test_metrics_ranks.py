"""Laws of a packed distribution: it answers as the distribution that it was made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.metrics.histogram import Distribution, bucket_of
from dms_load_test.metrics.ranks import Ranks, exceeding

times = st.lists(st.integers(0, 4_000_000_000), max_size=60)


def distribution(values):
    made = Distribution()
    made.record_all(values)
    return made


@given(times, st.lists(st.floats(0, 100), max_size=5))
def test_percentiles_and_count_are_those_of_the_distribution(values, percents):
    whole = distribution(values)
    packed = Ranks(whole)

    assert packed.count == whole.count
    assert packed.percentiles_us(percents) == whole.percentiles_us(percents)
    assert dict(packed.buckets()) == dict(whole.counts)


@given(times.filter(bool), st.integers(0, 4_000_000_000))
def test_the_share_below_counts_half_of_a_buckets_own(values, us):
    indices = [bucket_of(min(value, 3_600_000_000)) for value in values]
    at = bucket_of(min(us, 3_600_000_000))
    below = sum(index < at for index in indices) + indices.count(at) / 2

    assert Ranks(distribution(values)).share_below(at) == pytest.approx(below / len(values))


@given(times, times)
def test_what_exceeds_and_what_is_exceeded_make_a_whole(one, other):
    new, base = Ranks(distribution(one)), Ranks(distribution(other))

    assert exceeding(new, base) + exceeding(base, new) == pytest.approx(1.0)
