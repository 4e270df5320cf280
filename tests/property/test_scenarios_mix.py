from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.scenarios.mix import Mix

WEIGHTS = st.dictionaries(
    st.sampled_from(["read", "create", "update", "delete"]), st.integers(0, 60), min_size=1
).filter(lambda weights: any(weights.values()))


@given(WEIGHTS, st.integers(0, 2**31), st.integers(0, 50))
def test_every_whole_cycle_holds_exactly_the_weights(weights, seed, cycle):
    mix = Mix(weights, seed)
    length = sum(weights.values())
    done = Counter(mix.operation(number) for number in range(cycle * length, (cycle + 1) * length))

    assert done == Counter(weights)


@given(st.integers(0, 2**31), st.integers(100, 400))
def test_the_usual_mix_is_within_two_points_after_a_hundred_operations(seed, iterations):
    weights = {"read": 50, "create": 20, "update": 20, "delete": 10}
    mix = Mix(weights, seed)
    done = Counter(mix.operation(number) for number in range(iterations))

    assert all(abs(done[name] / iterations - weight / 100) <= 0.02 for name, weight in weights.items())


@given(st.integers(0, 2**31), st.sampled_from([2, 5, 10]))
def test_a_worker_that_takes_every_nth_iteration_gets_each_operation(seed, workers):
    mix = Mix({"read": 50, "create": 20, "update": 20, "delete": 10}, seed)

    for worker in range(workers):
        assert len({mix.operation(number) for number in range(worker, 2000, workers)}) == 4
