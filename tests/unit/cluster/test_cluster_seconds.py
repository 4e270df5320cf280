"""What workers tell of a second, as one second of the run."""

from dms_load_test.cluster.seconds import Seconds
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.sample import Sample


def sample(ms):
    ns = ms * 1_000_000
    return Sample("load", "create", "students", 201, True, True, "", 1, 0, 0, ns, 0, 0, 0, 0, ns, 0, 10, 20)


def told(upto_ns, *times_ms, users=0, phase="load"):
    aggregate = Aggregate(0, phase)
    for ms in times_ms:
        aggregate.add(sample(ms))
    aggregate.set_users(users, users)
    return aggregate.snapshot(upto_ns)


def counts(snapshot):
    return sum(series.count for series in snapshot.tally.series.values())


def test_a_second_holds_what_all_workers_told_with_the_coordinators_times_and_phase():
    seconds = Seconds()
    seconds.add("a", told(5, 1, 2, users=3), {})
    seconds.add("b", told(6, 3, users=2), {})

    joined = seconds.join(told(4, phase="readwrite"))

    assert (counts(joined), joined.users, joined.users_max) == (3, 5, 5)
    assert (joined.phase, joined.started_ns, joined.ended_ns) == ("readwrite", 0, 4)


def test_what_was_taken_is_not_taken_again_but_users_go_on():
    seconds = Seconds()
    seconds.add("a", told(5, 1, users=3), {})
    seconds.join(told(1))

    joined = seconds.join(told(2))

    assert (counts(joined), joined.users) == (0, 3)


def test_two_late_seconds_of_a_worker_count_its_users_once():
    seconds = Seconds()
    seconds.add("a", told(5, 1, users=3), {})
    seconds.add("a", told(6, 1, users=4), {})

    joined = seconds.join(told(2))

    assert (counts(joined), joined.users) == (2, 4)


def test_a_lost_workers_figures_stay_and_its_users_go():
    seconds = Seconds()
    seconds.add("a", told(5, 1, users=3), {"cpu_ratio": 0.9})
    seconds.forget("a")

    joined = seconds.join(told(2))

    assert (counts(joined), joined.users) == (1, 0)
    assert seconds.health() == {}


def test_the_generators_figures_are_the_worst_of_all_workers():
    seconds = Seconds()
    seconds.add("a", told(5), {"cpu_ratio": 0.4, "loop_lag_p99_ms": 2.0})
    seconds.add("b", told(5), {"cpu_ratio": 0.9})

    assert seconds.health() == {"cpu_ratio": 0.9, "loop_lag_p99_ms": 2.0, "workers": 2.0}
