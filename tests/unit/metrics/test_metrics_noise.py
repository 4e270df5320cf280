"""How noise is told from the slices of a run."""

from itertools import repeat
from math import inf, sqrt
from random import Random

import pytest

from dms_load_test.metrics.noise import FEWEST_SLICES, MOST_SLICES, Slices, least_significant, p_value, pooled_freedom


def slices(values, wholes=None, strata=None):
    made = Slices(1)
    for stratum, whole, value in zip(strata or repeat(0), wholes or repeat(1.0), values, strict=False):
        made.add(stratum, whole, (value,))
    return made


def slow_noise(number, memory, dice):
    level, values = 0.0, []
    for _ in range(number):
        level = memory * level + dice.gauss(0, sqrt(1 - memory**2))
        values.append(10 + level)
    return values


def test_a_ratio_weighs_slices_by_their_denominators():
    assert slices([1, 30], wholes=[10, 100]).estimate(0).value == pytest.approx(31 / 110)


def test_independent_slices_give_the_variance_of_a_mean():
    dice = Random(1)
    found = [slices([dice.gauss(10, 2) for _ in range(100)]).estimate(0).variance for _ in range(60)]

    assert 0.04 <= sum(found) / len(found) <= 0.08  # 4 / 100, and some caution


def test_ups_and_downs_that_last_make_a_run_noisier():
    dice = Random(2)
    means, variances = [], []
    for _ in range(200):
        estimate = slices(slow_noise(100, 0.8, dice)).estimate(0)
        means.append(estimate.value)
        variances.append(estimate.variance)
    true = sum((mean - 10) ** 2 for mean in means) / len(means)

    assert 0.7 * true <= sum(variances) / len(variances) <= 3 * true


def test_that_steps_differ_is_no_noise():
    values = [10.0, 10.1] * 10 + [50.0, 50.1] * 10
    steps = [1] * 20 + [2] * 20

    assert slices(values, strata=steps).estimate(0).variance < slices(values).estimate(0).variance / 1000


def test_few_slices_tell_nothing():
    assert slices([1.0] * (FEWEST_SLICES - 1)).estimate(0).freedom == 0
    assert slices([]).estimate(0).freedom == 0


@pytest.mark.parametrize(("freedom", "t", "p"), [(10, 2.228, 0.05), (30, 2.042, 0.05), (10, 4.587, 0.001)])
def test_chances_are_those_of_students_distribution(freedom, t, p):
    assert p_value(t, [(1.0, freedom)]) == pytest.approx(p, rel=0.06)


def test_the_noise_floor_is_the_difference_whose_chance_is_the_level():
    variances = [(0.5, 12), (0.3, 20)]

    assert p_value(least_significant(variances, 0.003), variances) == pytest.approx(0.003)


def test_without_noise_any_difference_is_one():
    assert p_value(0.1, [(0.0, 9), (0.0, 9)]) == 0.0
    assert p_value(0.0, [(0.0, 9), (0.0, 9)]) == 1.0
    assert least_significant([(0.0, 9)], 0.05) == 0.0


def test_degrees_of_freedom_lie_between_the_smaller_and_the_sum():
    assert 5 <= pooled_freedom([(1.0, 5), (2.0, 7)]) <= 12
    assert pooled_freedom([(0.0, 5)]) == inf


def test_a_long_run_takes_bounded_memory_and_loses_nothing_but_the_finest_slices():
    dice = Random(3)
    values = slow_noise(20_000, 0.8, dice)
    long = slices(values)

    assert len(long) <= MOST_SLICES
    assert long.estimate(0).value == pytest.approx(sum(values) / len(values))
    true = 9 / 20_000  # the variance of the mean of 20,000 numbers whose neighbours correlate by 0.8
    assert 0.7 * true <= long.estimate(0).variance <= 2 * true


def test_slices_of_different_steps_are_not_joined():
    steps = sorted(n % 40 for n in range(2_000))
    long = slices([float(step) for step in steps], strata=steps)

    assert len(long) <= MOST_SLICES
    assert long.estimate(0).variance == pytest.approx(0.0, abs=1e-12)


def test_more_short_steps_than_slices_are_all_kept():
    steps = list(range(1_000))

    assert len(slices([1.0] * 1_000, strata=steps)) == 1_000


def test_counting_before_and_after_is_no_noise_of_the_step_between():
    dice = Random(4)
    middle = [dice.gauss(100, 3) for _ in range(20)]
    alone = slices(middle).estimate(0)
    with_counts = slices([20.0, *middle, 30.0, 10.0], strata=[1, *[2] * 20, 3, 3]).estimate(0)

    assert sqrt(with_counts.variance) / with_counts.value == pytest.approx(sqrt(alone.variance) / alone.value, rel=0.3)


def test_many_short_steps_are_judged_against_the_mean_of_them_all():
    steps = [step for step in range(10) for _ in range(2)]
    values = [100.0 + 50 * (step % 2) for step in steps]

    assert slices(values, strata=steps).estimate(0).variance > 16
