import pytest
from msgspec import structs

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.sample import Sample
from dms_load_test.views.progress import Progress, StepView

MS = 1_000_000
SECOND = 1_000_000_000


def sample(ms=10, *, status=201, final=True, operation="create"):
    return Sample(
        "load", operation, "students", status, status < 300, final, "", 1, 0, 0, ms * MS, 0, 0, 0, 0, ms * MS, 0, 1, 1
    )


def seconds(progress, *parts, users=5, health=None):
    """Feed one list of samples for each second; each final sample is an iteration."""
    aggregate = Aggregate(0, "load")
    for number, samples in enumerate(parts, start=1):
        for each in samples:
            aggregate.add(each)
            if each.final:
                aggregate.iteration(MS)
        aggregate.set_users(users, users)
        progress.add(aggregate.snapshot(number * SECOND), health)
    return progress


def step(**changes):
    return StepView(**({"phase": "load", "title": "level 1 of 2"} | changes))


def test_a_step_with_planned_iterations_is_told_by_them():
    progress = seconds(Progress(step(iterations=40, limit_s=100.0)), [sample()] * 10)
    assert progress.fraction == 0.25
    assert progress.left_s == pytest.approx(3.0)
    assert progress.amount() == "10 of 40"


def test_a_step_without_planned_iterations_is_told_by_time():
    progress = seconds(Progress(step(limit_s=4.0)), [sample()] * 10)
    assert progress.fraction == 0.25
    assert progress.left_s == 3.0
    assert progress.amount() == "10 operations"


def test_the_time_left_is_never_more_than_the_limit():
    progress = seconds(Progress(step(iterations=1000, limit_s=10.0)), [sample()] * 50)
    assert progress.left_s == 9.0


def test_the_time_left_is_not_guessed_from_nothing():
    assert Progress(step(iterations=1000)).left_s is None
    assert seconds(Progress(step(iterations=1000)), [sample()]).left_s is None


def test_dropped_iterations_are_done_with():
    aggregate, progress = Aggregate(0, "load"), Progress(step(iterations=4))
    aggregate.drop_iterations(3)
    progress.add(aggregate.snapshot(SECOND))
    assert progress.done == 3


def test_the_current_pace_forgets_what_is_long_ago():
    progress = seconds(Progress(step(limit_s=60.0)), [sample(ms=900)] * 100, *([[sample(ms=10)] * 20] * 3))
    assert progress.current_per_s == 20.0
    assert progress.current() == "20.0/s, p95 10.0 ms"


def test_a_pace_of_nothing_has_no_latency():
    assert seconds(Progress(step()), []).current() == "0.0/s, p95 -"


def test_failures_are_told_by_status_the_most_frequent_first():
    samples = [*[sample(status=409)] * 3, *[sample(status=599)] * 5, *[sample()] * 92]
    assert seconds(Progress(step()), samples).failures() == "8 failed (8.0 %): 599 x5, 409 x3"


def test_a_request_without_an_answer_is_told_as_such():
    aggregate, progress = Aggregate(0, "load"), Progress(step())
    aggregate.add(structs.replace(sample(), status=0, ok=False, error="timeout"))
    progress.add(aggregate.snapshot(SECOND))
    assert progress.failures() == "1 failed (100 %): no answer x1"


def test_attempts_that_were_retried_are_no_failures():
    progress = seconds(Progress(step()), [sample(status=429, final=False), sample()])
    assert progress.failures() == "0 failed"
    assert progress.operations == 1
    assert progress.limits() == "1 rate limited (429)"


def test_overhead_is_no_operation():
    assert seconds(Progress(step()), [sample(operation="token")]).operations == 0


def test_the_end_of_a_step_is_told_over_all_of_it():
    progress = seconds(Progress(step()), [sample(ms=10)] * 100, [sample(ms=20)] * 100)
    assert progress.whole() == "200 operations in 2.0 s, 100/s, p95 20.0 ms, 0 failed"


def test_a_step_without_operations_tells_what_else_it_did():
    """Such as a count before the load: no rate of nothing, and no failures of nothing."""
    progress = seconds(Progress(step()), [sample(operation="audit")], [sample(operation="audit")])
    assert progress.whole() == f"{progress.done} iterations in 2.0 s"


def test_the_generator_is_told_where_it_was_measured():
    assert seconds(Progress(step()), []).generator() == ""
    progress = seconds(Progress(step()), [], health={"cpu_ratio": 0.345, "loop_lag_p99_ms": 0.42})
    assert progress.generator() == "generator 34 % CPU, loop lag 0.4 ms"


def test_a_bar_is_kept_for_each_of_the_last_seconds():
    progress = seconds(Progress(step()), [sample(ms=10)], [sample(ms=80)])
    assert progress.p95_history == "▂█"
