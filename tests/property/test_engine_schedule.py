"""Laws of schedules: shards partition the work, arrivals keep the rate, users follow the ramp."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.load.executor import RampingArrivalRate, RampingVus, Stage
from dms_load_test.load.schedule import arrival_count, arrivals, duration_s, limited, spans
from dms_load_test.load.shard import WHOLE, Shard

durations = st.sampled_from([0.0, 0.5, 1.0, 3.0, 10.0])
rates = st.sampled_from([0.0, 0.3, 1.0, 7.5, 40.0])
rate_stages = st.lists(st.builds(Stage, durations, rates), max_size=4).map(tuple)
user_stages = st.lists(st.builds(Stage, durations, st.integers(0, 12).map(float)), min_size=1, max_size=5).map(tuple)


@st.composite
def open_executors(draw):
    return RampingArrivalRate(start_rate_per_s=draw(rates), stages=draw(rate_stages), pre_allocated_vus=1, max_vus=1)


@given(open_executors(), st.integers(1, 5))
def test_shards_arrivals_are_together_the_whole_ones(executor, count):
    whole = list(arrivals(executor, WHOLE))
    parts = [list(arrivals(executor, Shard(index, count))) for index in range(count)]
    assert sorted(arrival for part in parts for arrival in part) == whole
    assert [len(part) for part in parts] == [arrival_count(executor, Shard(index, count)) for index in range(count)]


@given(open_executors())
def test_arrivals_are_in_order_within_the_time_and_as_many_as_the_area_under_the_rate(executor):
    due = [due_s for _, due_s in arrivals(executor, WHOLE)]
    assert due == sorted(due)
    assert all(0 <= due_s <= duration_s(executor) for due_s in due)
    area, rate = 0.0, executor.start_rate_per_s
    for stage in executor.stages:
        area += stage.duration_s * (rate + stage.target) / 2
        rate = stage.target
    assert len(due) == pytest.approx(area, abs=1)


@given(user_stages, st.integers(0, 12), st.floats(0.001, 0.999))
def test_as_many_users_are_active_as_the_ramp_says(stages, start_vus, at):
    executor = RampingVus(start_vus=start_vus, stages=stages)
    begin_s, value = 0.0, float(start_vus)
    by_user = spans(executor, WHOLE)
    for stage in stages:
        if stage.duration_s:
            now_s = begin_s + stage.duration_s * at
            wanted = value + (stage.target - value) * at
            active = sum(any(span.start_s <= now_s < span.end_s for span in found) for found in by_user.values())
            assert abs(active - wanted) <= 1
        begin_s, value = begin_s + stage.duration_s, stage.target


@given(user_stages, st.integers(0, 12), st.integers(1, 40).map(lambda n: n / 4))
def test_a_ramp_that_is_limited_goes_as_before_until_its_end(stages, start_vus, left_s):
    executor = RampingVus(start_vus=start_vus, stages=stages)
    cut = limited(executor, left_s)
    assert duration_s(cut) == min(left_s, duration_s(executor))
    wanted = {
        number: [pytest.approx((s.start_s, min(s.end_s, left_s))) for s in found if s.start_s < left_s - 1e-9]
        for number, found in spans(executor, WHOLE).items()
    }
    found = {
        number: [tuple(span) for span in spans_of if span.end_s - span.start_s > 1e-9]
        for number, spans_of in spans(cut, WHOLE).items()
    }
    assert {number: some for number, some in found.items() if some} == {n: some for n, some in wanted.items() if some}


@given(open_executors(), st.integers(1, 40).map(lambda n: n / 4))
def test_arrivals_of_a_rate_that_is_limited_are_due_as_before_until_its_end(executor, left_s):
    whole = [due for due in arrivals(executor, WHOLE) if due[1] < left_s]
    cut = list(arrivals(limited(executor, left_s), WHOLE))
    assert abs(len(cut) - len(whole)) <= 1, "the last one may fall on the end"
    assert cut[: len(whole)] == [pytest.approx(due) for due in whole[: len(cut)]]


@given(user_stages, st.integers(0, 12), st.integers(1, 4))
def test_shards_users_are_together_the_whole_ones(stages, start_vus, count):
    executor = RampingVus(start_vus=start_vus, stages=stages)
    parts = [spans(executor, Shard(index, count)) for index in range(count)]
    assert sum(len(part) for part in parts) == len(spans(executor, WHOLE))
    assert {number: found for part in parts for number, found in part.items()} == spans(executor, WHOLE)
