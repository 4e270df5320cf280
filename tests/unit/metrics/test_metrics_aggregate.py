import pytest

from dms_load_test.metrics import aggregate as module
from dms_load_test.metrics.aggregate import Aggregate, merge
from dms_load_test.metrics.tally import CheckCounts, FailureKey, SeriesKey
from dms_load_test.metrics.totals import Totals
from dms_load_test.sample import Failure, Sample

MS = 1_000_000
SECOND = 1_000_000_000


def sample(**changes):
    values = {
        "phase": "load",
        "operation": "create",
        "resource": "students",
        "status": 201,
        "ok": True,
        "final": True,
        "error": "",
        "attempt": 1,
        "due_ns": 0,
        "started_ns": 0,
        "finished_ns": 5 * MS,
        "blocked_ns": 0,
        "connecting_ns": 0,
        "tls_ns": 0,
        "sending_ns": 0,
        "waiting_ns": 4 * MS,
        "receiving_ns": 1 * MS,
        "sent_bytes": 100,
        "received_bytes": 50,
    }
    return Sample(**(values | changes))


def failure(reason="unresolved-reference", **changes):
    values = {"phase": "load", "operation": "create", "resource": "students", "status": 409, "reason": reason}
    return Failure(**(values | changes))


def totals_of(*aggregates):
    totals = Totals()
    for aggregate in aggregates:
        totals.add(aggregate.snapshot(SECOND))
    return totals


def test_response_time_counts_from_the_due_time_and_service_time_from_the_start():
    aggregate = Aggregate(0)
    aggregate.add(sample(due_ns=0, started_ns=3 * MS, finished_ns=10 * MS))
    (series,) = aggregate.snapshot(SECOND).tally.series.values()
    assert series.response.max_us == 10_000
    assert series.service.max_us == 7_000


def test_a_request_that_started_when_due_has_one_time_for_both():
    aggregate = Aggregate(0)
    aggregate.add(sample())
    aggregate.add(sample(due_ns=0, started_ns=1 * MS, finished_ns=2 * MS))
    (series,) = aggregate.snapshot(SECOND).tally.series.values()
    assert series.count == series.response.count == series.service.count == 2
    assert (series.response.min_us, series.service.min_us) == (2_000, 1_000)


def test_requests_with_different_tags_are_different_series():
    aggregate = Aggregate(0)
    aggregate.add(sample())
    aggregate.add(sample(status=409, ok=False))
    assert set(aggregate.snapshot(SECOND).tally.series) == {
        SeriesKey("load", "create", "students", 201, True, True),
        SeriesKey("load", "create", "students", 409, False, True),
    }


def test_a_snapshot_holds_only_what_came_since_the_last():
    aggregate = Aggregate(0)
    aggregate.add(sample())
    first = aggregate.snapshot(SECOND)
    aggregate.add(sample())
    aggregate.add(sample())
    second = aggregate.snapshot(2 * SECOND)
    assert [next(iter(part.tally.series.values())).count for part in (first, second)] == [1, 2]
    assert (second.started_ns, second.ended_ns) == (SECOND, 2 * SECOND)
    assert aggregate.snapshot(3 * SECOND).tally.series == {}


def test_an_operation_is_counted_once_however_often_it_was_tried():
    aggregate = Aggregate(0)
    aggregate.add(sample(status=503, ok=False, final=False))
    aggregate.add(sample(attempt=2))
    (row,) = totals_of(aggregate).operation_rows("load")
    assert (row.count, row.failed, row.response.count) == (1, 0, 2)


def test_token_requests_retries_and_rate_limiting_are_counted_apart():
    aggregate = Aggregate(0)
    aggregate.add(sample(operation="token", resource="", status=200))
    aggregate.add(sample(operation="token", resource="", status=401, ok=False))
    aggregate.add(sample(status=429, ok=False, final=False))
    aggregate.add(sample(attempt=2))
    overhead = totals_of(aggregate).overhead("load")
    assert (overhead.token_requests, overhead.failed_token_requests) == (2, 1)
    assert (overhead.rate_limited, overhead.retries) == (1, 1)


def test_failures_with_the_same_reason_are_one_group_with_the_first_example():
    aggregate = Aggregate(0)
    aggregate.add_failure(failure(example="first"))
    aggregate.add_failure(failure(example="second"))
    ((key, group),) = totals_of(aggregate).failures()
    assert key == FailureKey("load", "create", "students", 409, "unresolved-reference")
    assert (group.count, group.example.example) == (2, "first")


def test_the_first_example_stays_over_later_snapshots():
    aggregate, totals = Aggregate(0), Totals()
    for text in ("zebra", "apple"):
        aggregate.add_failure(failure(example=text))
        totals.add(aggregate.snapshot(SECOND if text == "zebra" else 2 * SECOND))
    ((_, group),) = totals.failures()
    assert (group.count, group.example.example) == (2, "zebra")


def test_failures_beyond_the_bound_of_groups_are_counted_together(monkeypatch):
    monkeypatch.setattr(module, "MOST_FAILURE_GROUPS", 2)
    aggregate = Aggregate(0)
    for reason in ("a", "b", "c", "d", "a"):
        aggregate.add_failure(failure(reason))
    groups = {key.reason: group.count for key, group in totals_of(aggregate).failures()}
    assert groups == {"a": 2, "b": 1, "other": 2}


def test_checks_iterations_and_counters_belong_to_the_current_phase():
    aggregate = Aggregate(0, "smoke")
    aggregate.check("gone", True)
    aggregate.check("gone", False)
    aggregate.iteration(3 * MS)
    first = aggregate.snapshot(SECOND)
    aggregate.enter_phase("load")
    aggregate.drop_iterations(4, "nothing to delete")
    aggregate.integrity_violation()
    second = aggregate.snapshot(2 * SECOND)
    assert first.tally.checks == {("smoke", "gone"): CheckCounts(1, 1)}
    assert first.tally.iterations["smoke"].max_us == 3_000
    assert second.tally.counters == {
        ("load", "dropped_iterations", "nothing to delete"): 4,
        ("load", "integrity_violations", ""): 1,
    }
    totals = Totals()
    totals.add(second)
    assert totals.drops("load") == {"nothing to delete": 4}


def test_components_give_back_the_zeros_that_are_not_recorded():
    aggregate = Aggregate(0)
    aggregate.add(sample(connecting_ns=2 * MS, blocked_ns=1 * MS, tls_ns=1 * MS))
    aggregate.add(sample())
    connecting = aggregate.snapshot(SECOND).tally.component("connecting", [("load", "create"), ("load", "delete")])
    assert (connecting.count, connecting.min_us, connecting.max_us) == (2, 0, 2_000)


def test_snapshots_of_workers_add_up_to_one():
    workers = []
    for users in (3, 4):
        aggregate = Aggregate(0, "load")
        aggregate.add(sample())
        aggregate.check("ok", True)
        aggregate.add_failure(failure())
        aggregate.set_users(users, 2 * users)
        workers.append(aggregate.snapshot(SECOND))
    joined = merge(workers)
    assert (joined.users, joined.users_max, joined.phase) == (7, 14, "load")
    assert next(iter(joined.tally.series.values())).count == 2
    assert joined.tally.checks["load", "ok"].passed == 2
    assert next(iter(joined.tally.failures.values())).count == 2
    assert next(iter(workers[0].tally.series.values())).count == 1


def test_merging_nothing_is_our_error():
    with pytest.raises(ValueError, match="no snapshot"):
        merge([])


def test_totals_know_the_seconds_spent_in_each_phase():
    aggregate, totals = Aggregate(0, "smoke"), Totals()
    totals.add(aggregate.snapshot(2 * SECOND))
    aggregate.enter_phase("load")
    aggregate.set_users(5, 8)
    totals.add(aggregate.snapshot(5 * SECOND))
    assert (totals.active_s("smoke"), totals.active_s("load"), totals.active_s()) == (2.0, 3.0, 5.0)
    assert totals.phases() == ("smoke", "load")
    assert (totals.users, totals.users_max) == (5, 8)


def test_rows_are_sorted_by_resource_then_operation_and_leave_out_overhead():
    aggregate = Aggregate(0)
    for operation, resource in (("read", "students"), ("create", "students"), ("token", ""), ("update", "grades")):
        aggregate.add(sample(operation=operation, resource=resource, status=200))
    totals = totals_of(aggregate)
    assert [(row.resource, row.operation) for row in totals.operation_rows("load")] == [
        ("grades", "update"),
        ("students", "create"),
        ("students", "read"),
    ]
    assert [row.operation for row in totals.operation_sums("load")] == ["create", "read", "update"]


def test_nothing_is_lost_when_exact_times_are_made_distributions_midway():
    aggregate = Aggregate(0)
    number = 3 * module.MOST_TIMES
    for us in range(1, number + 1):
        late_ns = us * 1000 if us % 2 else 0
        aggregate.add(sample(due_ns=-late_ns, finished_ns=us * 1000, waiting_ns=us * 1000, attempt=1 + us % 2))
        assert all(
            len(row.prompt) + len(row.late_response) <= 2 * module.MOST_TIMES for row in aggregate._rows.values()
        )
    snapshot = aggregate.snapshot(SECOND)
    (series,) = snapshot.tally.series.values()
    waiting = snapshot.tally.component("waiting", [("load", "create")])
    assert series.count == waiting.count == number
    assert (series.sent_bytes, series.received_bytes, series.retries) == (100 * number, 50 * number, number / 2)
    assert waiting.sum_us == series.service.sum_us == number * (number + 1) // 2
