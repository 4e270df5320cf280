"""When users are active and arrivals are due, at chosen points."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from dms_load_test.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Stage,
)
from dms_load_test.load.schedule import Span, arrival_count, arrivals, duration_s, limited, most_users, spans
from dms_load_test.load.shard import WHOLE, Shard


def test_users_without_stages_are_active_all_the_time():
    assert spans(ConstantVus(vus=3, duration_s=9), Shard(1, 2)) == {1: (Span(0, 9),)}
    assert duration_s(PerVuIterations(vus=1, iterations=1, max_duration_s=7)) == 7


def test_no_more_users_are_announced_than_a_ramp_makes_active():
    ramp = RampingVus(start_vus=1, stages=(Stage(4, 2.6), Stage(4, 0)))

    assert most_users(ramp) == len(spans(ramp, WHOLE)) == 2
    assert most_users(RampingVus(start_vus=3, stages=())) == 0


def test_what_is_left_of_a_phase_limits_work_and_ends_it_where_nothing_is_left():
    work = PerVuIterations(vus=1, iterations=1, max_duration_s=7)

    assert duration_s(limited(work, 3.0)) == 3
    assert limited(work, 9.0) == work
    assert limited(work, 0.0) is None


def test_what_is_left_of_a_phase_limits_users_and_rates_too():
    rate = ConstantArrivalRate(rate_per_s=2, duration_s=7, pre_allocated_vus=1, max_vus=1)
    assert limited(ConstantVus(vus=1, duration_s=7), 3.0) == ConstantVus(vus=1, duration_s=3)
    assert limited(rate, 3.0) == replace(rate, duration_s=3)
    assert limited(replace(rate, start_after_s=1), 3.0) == replace(rate, duration_s=2, start_after_s=1)
    assert limited(replace(rate, start_after_s=3), 3.0) is None
    ramp = RampingVus(start_vus=2, stages=(Stage(2, 4), Stage(0, 6), Stage(4, 0)))
    assert limited(ramp, 3.0) == replace(ramp, stages=(Stage(2, 4), Stage(0, 6), Stage(1, 4.5)))
    assert limited(ramp, inf) == ramp


def test_a_user_that_a_ramp_needs_twice_is_active_twice():
    stages = (Stage(2, 2), Stage(0, 0), Stage(3, 0), Stage(4, 2))
    found = spans(RampingVus(start_vus=0, stages=stages), WHOLE)
    assert found == {0: (Span(1, 2), Span(7, 9))}


def test_a_jump_takes_no_time():
    found = spans(RampingVus(start_vus=0, stages=(Stage(0, 2), Stage(5, 2), Stage(0, 1), Stage(5, 1))), WHOLE)
    assert found == {0: (Span(0, 10),), 1: (Span(0, 5),)}


def test_no_stages_are_no_users():
    assert spans(RampingVus(start_vus=3, stages=()), WHOLE) == {}


def test_a_ramp_from_zero_starts_slowly():
    executor = RampingArrivalRate(start_rate_per_s=0, stages=(Stage(10, 10),), pre_allocated_vus=1, max_vus=1)
    due = [due_s for _, due_s in arrivals(executor, WHOLE)]
    assert due[:3] == pytest.approx([0, 2**0.5, 2])
    assert len(due) == arrival_count(executor, WHOLE) == 50


def test_a_rate_of_zero_has_no_arrivals_and_a_stage_after_it_has():
    stages = (Stage(10, 0), Stage(0, 2), Stage(2, 2))
    executor = RampingArrivalRate(start_rate_per_s=0, stages=stages, pre_allocated_vus=1, max_vus=1)
    assert [due_s for _, due_s in arrivals(executor, WHOLE)] == [10, 10.5, 11, 11.5]


def test_open_and_closed_executors_are_not_mistaken_for_each_other():
    rate = ConstantArrivalRate(rate_per_s=1, duration_s=1, pre_allocated_vus=1, max_vus=1)
    with pytest.raises(TypeError, match="open executor"):
        spans(rate, WHOLE)
    with pytest.raises(TypeError, match="closed executor"):
        list(arrivals(ConstantVus(vus=1, duration_s=1), WHOLE))
