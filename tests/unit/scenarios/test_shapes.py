"""Shapes: the course of the load around what is normal."""

from dataclasses import replace

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.load.executor import ConstantArrivalRate, ConstantVus, SharedIterations
from dms_load_test.scenarios.api import Phase, Step
from dms_load_test.scenarios.shapes import SHAPES, shaped

USERS = ConstantVus(vus=10, duration_s=100.0)
ARRIVALS = ConstantArrivalRate(rate_per_s=50.0, duration_s=100.0, pre_allocated_vus=5, max_vus=20)


def phase_with(executor):
    return Phase(name="it", steps=(Step(name="it", executor=executor, iteration=None),))


def executor_of(phase):
    return phase.steps[0].executor


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_takes_the_normal_time_and_a_soak_twelve_times_as_long(shape):
    stages = executor_of(shaped(phase_with(USERS), shape, 4.0)).stages

    assert sum(stage.duration_s for stage in stages) == pytest.approx(1200.0 if shape == "soak" else 100.0)


@pytest.mark.parametrize(
    ("shape", "highest"), [("volume", 10), ("step", 10), ("soak", 10), ("stress", 40), ("spike", 40)]
)
def test_a_shape_rises_to_the_normal_value_or_to_the_peak(shape, highest):
    assert max(stage.target for stage in executor_of(shaped(phase_with(USERS), shape, 4.0)).stages) == highest


def test_arrivals_are_shaped_as_users_are_and_may_have_as_many_more_users():
    executor = executor_of(shaped(phase_with(ARRIVALS), "spike", 3.0))

    assert max(stage.target for stage in executor.stages) == 150.0
    assert executor.max_vus == 60


def test_a_step_rises_in_equal_parts_that_are_held():
    stages = executor_of(shaped(phase_with(USERS), "step", 4.0)).stages

    assert [stage.target for stage in stages[1::2]] == pytest.approx([2, 4, 6, 8, 10])
    assert all(rise.target == held.target for rise, held in zip(stages[::2], stages[1::2], strict=True))


def test_what_has_a_fixed_amount_of_work_has_no_shape():
    load = phase_with(SharedIterations(vus=1, iterations=1, max_duration_s=1.0))

    with pytest.raises(ConfigError, match="no constant number of users"):
        shaped(load, "spike", 4.0)


def test_what_looks_for_its_load_itself_has_no_shape():
    searching = replace(phase_with(ARRIVALS), pilot=object())

    with pytest.raises(ConfigError, match="it looks for its load itself"):
        shaped(searching, "spike", 4.0)
