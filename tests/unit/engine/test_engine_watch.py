import asyncio

import pytest

from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.engine.watch import GeneratorLimit, Watch, p99_of


async def test_a_look_tells_of_this_process_since_the_last_one():
    now_ns = 0
    watch = Watch(Clock(lambda: now_ns, asyncio.sleep))
    now_ns = NS_PER_S
    first = watch.look()
    assert set(first) >= {"cpu_ratio", "loop_lag_p99_ms"}
    assert 0 <= first["cpu_ratio"] < 1
    now_ns += NS_PER_S // 10
    assert watch.look() is first
    now_ns += NS_PER_S
    assert watch.look() is not first


def test_the_percentile_is_by_nearest_rank():
    assert p99_of([]) == 0
    assert p99_of([float(number) for number in range(100, 0, -1)]) == 99
    assert p99_of([5.0]) == 5


def seconds(limit, cpu_ratio, lag_ms, number):
    for _ in range(number):
        limit.add({"cpu_ratio": cpu_ratio, "loop_lag_p99_ms": lag_ms}, 1.0)


@pytest.mark.parametrize(
    ("cpu_ratio", "lag_ms", "told", "advice"),
    [
        (0.97, 2.0, "97% of a core", "--workers"),
        (0.97, 35.0, "and its event loop was 35 ms late", "--workers"),
        (0.4, 35.0, "35 ms late at p99", "a machine of its own"),
    ],
)
def test_a_limit_passed_for_five_seconds_makes_the_generator_the_bottleneck(cpu_ratio, lag_ms, told, advice):
    limit = GeneratorLimit()
    seconds(limit, cpu_ratio, lag_ms, 4)
    assert not limit.text
    seconds(limit, cpu_ratio, lag_ms, 1)
    assert told in limit.text
    assert advice in limit.text
    seconds(limit, 0.1, 0.1, 10)
    assert told in limit.text


def test_what_does_not_last_and_what_lies_between_steps_does_not_count():
    limit = GeneratorLimit()
    for _ in range(5):
        seconds(limit, 0.99, 50.0, 3)
        seconds(limit, 0.2, 1.0, 1)
    seconds(limit, 0.99, 50.0, 3)
    limit.pause()
    seconds(limit, 0.99, 50.0, 3)
    assert limit.text == ""


def test_a_process_that_did_not_run_is_no_bottleneck_and_is_told_of():
    limit = GeneratorLimit()
    assert limit.add({"cpu_ratio": 0.05, "loop_lag_p99_ms": 7900.0}, 9.0) == 7.9
    assert limit.text == ""
    assert limit.add({"cpu_ratio": 0.05, "loop_lag_p99_ms": 1500.0}, 2.5) == 0


def test_a_process_that_kept_its_loop_waiting_itself_did_run():
    limit = GeneratorLimit()
    assert limit.add({"cpu_ratio": 0.98, "loop_lag_p99_ms": 7900.0}, 9.0) == 0
    assert "98% of a core for 9 s" in limit.text


def test_a_generator_that_waits_for_a_core_that_others_use_is_late_but_not_saturated():
    limit = GeneratorLimit()
    seconds(limit, 0.3, 50.0, 6)
    assert limit.text
    assert not limit.is_saturated
    seconds(limit, 0.95, 50.0, 6)
    assert limit.is_saturated
