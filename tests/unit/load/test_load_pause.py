from random import Random
from statistics import mean

import pytest

from dms_load_test.load.pause import Constant, Exponential, Uniform, seconds_of


def drawn(pause, seed="7/3", number=20_000):
    random = Random(seed)
    return [pause.draw(random) for _ in range(number)]


def test_the_same_dice_give_the_same_pauses_and_others_give_others():
    for pause in (Uniform(0.1, 0.5), Exponential(0.5)):
        assert drawn(pause, number=10) == drawn(pause, number=10)
        assert drawn(pause, number=10) != drawn(pause, seed="7/4", number=10)


def test_pauses_have_the_mean_and_the_bounds_they_were_given():
    assert set(drawn(Constant(0.25), number=5)) == {0.25}
    uniform, exponential = drawn(Uniform(0.1, 0.5)), drawn(Exponential(0.5, most_s=1.5))
    assert (mean(uniform), min(uniform) >= 0.1, max(uniform) <= 0.5) == (pytest.approx(0.3, rel=0.02), True, True)
    assert (mean(exponential), max(exponential)) == (pytest.approx(0.5 * 0.95, rel=0.03), 1.5)
    assert mean(drawn(Exponential(0.5))) == pytest.approx(0.5, rel=0.03)


def test_a_number_is_a_pause_and_no_mean_is_no_pause():
    assert seconds_of(2, Random(1)) == 2
    assert seconds_of(Exponential(0), Random(1)) == 0
