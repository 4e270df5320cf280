"""Laws of distributions and of HdrHistogram's encoding."""

import base64
import statistics
from math import ceil

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.metrics import histogram as module
from dms_load_test.metrics.hdr_codec import decode_counts, encode_counts
from dms_load_test.metrics.histogram import Distribution, bucket_end_us, bucket_of

HOUR_US = 3_600_000_000
durations = st.integers(min_value=1, max_value=HOUR_US)
samples = st.lists(durations | st.integers(min_value=1, max_value=20_000), max_size=60)
bounded = settings(max_examples=50, deadline=None)


def of(values):
    distribution = Distribution()
    for value in values:
        distribution.record(value)
    return distribution


def facts(distribution):
    return (
        dict(distribution.counts),
        distribution.sum_us,
        distribution.squares,
        distribution.min_us,
        distribution.max_us,
    )


@bounded
@given(samples, samples, samples)
def test_parts_added_in_any_order_equal_the_whole(a, b, c):
    left, right = of(a), of(c)
    left.add(of(b))
    left.add(of(c))
    right.add(of(b))
    right.add(of(a))
    assert facts(left) == facts(right) == facts(of(a + b + c))


@bounded
@given(st.lists(st.lists(durations, min_size=1, max_size=20), min_size=1, max_size=12))
def test_folding_changes_no_figure(parts):
    folded, second_half = Distribution(), Distribution()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_RECENT", 3)
        for number, part in enumerate(parts):
            (folded if number % 2 else second_half).add(of(part))
        folded.add(second_half)
    whole = of([value for part in parts for value in part])
    assert facts(folded) == facts(whole)
    assert (folded.count, list(folded.buckets())) == (whole.count, list(whole.buckets()))
    percents = (0, 10, 50, 95, 100)
    assert folded.percentiles_us(percents) == whole.percentiles_us(percents)
    assert folded.encode() == whole.encode()


@bounded
@given(samples.filter(bool), st.floats(min_value=0, max_value=100))
def test_a_percentile_is_at_most_a_thousandth_above_the_exact_one(values, percent):
    exact = sorted(values)[max(1, ceil(percent / 100 * len(values) - 1e-9)) - 1]
    assert exact <= of(values).percentile_us(percent) <= exact * 1.001


@bounded
@given(samples.filter(bool))
def test_the_deviation_is_the_exact_one(values):
    assert of(values).stddev_us == pytest.approx(statistics.pstdev(values), rel=1e-9, abs=1e-6)


@bounded
@given(durations, st.sampled_from((1, 2, 3)))
def test_buckets_are_those_of_hdrhistogram(us, digits):
    reference = HdrHistogram(1, HOUR_US, digits)
    reference.record_value(us)
    assert reference.counts[bucket_of(us, digits)] == 1
    assert reference.get_highest_equivalent_value(us) == bucket_end_us(bucket_of(us, digits), digits)


@bounded
@given(samples, st.sampled_from((1, 2, 3)))
def test_other_tools_read_what_we_encode(values, digits):
    ours = of(values)
    theirs = HdrHistogram.decode(ours.encode(digits))
    assert theirs.get_total_count() == len(values)
    for percent in (50, 99) if values else ():
        wanted = bucket_end_us(bucket_of(ours.percentile_us(percent), digits), digits)
        assert theirs.get_value_at_percentile(percent) == pytest.approx(wanted, rel=0.001)


@bounded
@given(samples)
def test_we_read_what_other_tools_encode(values):
    reference = HdrHistogram(1, HOUR_US, 3)
    for value in values:
        reference.record_value(value)
    counts, digits = decode_counts(base64.b64encode(base64.b64decode(reference.encode())).decode())
    assert digits == 3
    assert counts == dict(of(values).counts)


@bounded
@given(st.dictionaries(st.integers(0, 23_000), st.integers(1, 2**62), max_size=20))
def test_encoding_and_decoding_give_the_counts_back(counts):
    assert decode_counts(encode_counts(counts, 3)) == (counts, 3)


@bounded
@given(samples)
def test_a_distribution_survives_its_text(values):
    whole = of(values)
    exact = {
        "sum_us": whole.sum_us,
        "squares": whole.squares,
        "low_us": whole.min_us,
        "high_us": whole.max_us,
    }
    assert facts(Distribution.decode(whole.encode(), **exact)) == facts(whole)


@bounded
@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_other_text_is_refused_with_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each library underneath has its own words
        decode_counts(text)
