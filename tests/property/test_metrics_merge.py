"""Laws of the fold: seconds, phases and workers may be joined in any order and any grouping."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.metrics.aggregate import Aggregate, merge
from dms_load_test.metrics.catalog import METRICS
from dms_load_test.metrics.histogram import merged
from dms_load_test.metrics.totals import Totals
from dms_load_test.sample import Failure, Sample

SECOND = 1_000_000_000
bounded = settings(max_examples=40, deadline=None)
nanoseconds = st.integers(0, 20_000_000_000)
events = st.lists(
    st.tuples(
        st.sampled_from(("load", "readwrite")),
        st.sampled_from(("create", "read", "token")),
        st.sampled_from(("students", "schools")),
        st.sampled_from((200, 409, 429, 0)),
        nanoseconds,
        st.integers(0, 5),
    ),
    max_size=12,
)


def snapshot_of(worker_events, started_ns):
    aggregate = Aggregate(started_ns, "load")
    for phase, operation, resource, status, duration_ns, late_ns in worker_events:
        ok = status == 200
        aggregate.add(
            Sample(
                phase, operation, resource, status, ok, status != 429, "", 1, -late_ns * 1000, 0, duration_ns,
                late_ns * 5000, 0, 0, 10, duration_ns, 10, 100, 200,
            )
        )  # fmt: skip
        aggregate.check("status", ok)
        aggregate.iteration(duration_ns)
        if not ok:
            aggregate.add_failure(Failure(phase, operation, resource, status, "reason", example=str(duration_ns)))
    aggregate.drop_iterations(len(worker_events))
    aggregate.set_users(len(worker_events), 20)
    return aggregate.snapshot(started_ns + SECOND)


snapshots = st.builds(snapshot_of, events, st.integers(0, 3))


def times(distribution):
    return (dict(distribution.counts), distribution.sum_us, distribution.squares, distribution.min_us)


def facts(snapshot):
    tally = snapshot.tally
    return (
        (snapshot.phase, snapshot.started_ns, snapshot.ended_ns, snapshot.users, snapshot.users_max),
        {
            key: (times(s.prompt), times(s.response), times(s.service), s.sent_bytes, s.received_bytes, s.retries)
            for key, s in tally.series.items()
        },
        {where: [times(part) for part in parts] for where, parts in tally.components.items()},
        {phase: times(durations) for phase, durations in tally.iterations.items()},
        (dict(tally.counters), dict(tally.checks), tally.failures),
    )


@bounded
@given(snapshots, snapshots, snapshots)
def test_merging_is_associative(a, b, c):
    assert facts(merge([merge([a, b]), c])) == facts(merge([a, merge([b, c])])) == facts(merge([a, b, c]))


@bounded
@given(snapshots, snapshots)
def test_merging_is_commutative(a, b):
    assert facts(merge([a, b])) == facts(merge([b, a]))


@bounded
@given(snapshots)
def test_every_request_has_exactly_one_response_and_one_service_time(a):
    for series in a.tally.series.values():
        assert series.count == series.response.count == series.service.count


@bounded
@given(snapshots, snapshots)
def test_sums_over_resources_agree_with_their_series(a, b):
    totals = Totals()
    totals.add(a)
    totals.add(b)
    for key, total in totals.sums.items():
        parts = [series for other, series in totals.tally.series.items() if other._replace(resource="") == key]
        assert total.count == sum(series.count for series in parts)
        assert times(total.response) == times(merged(series.response for series in parts))
    assert len({key._replace(resource="") for key in totals.tally.series}) == len(totals.sums)


@bounded
@given(st.lists(snapshots, max_size=4), st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_the_order_of_their_snapshots(parts, dice):
    shuffled = list(parts)
    dice.shuffle(shuffled)
    one, other = Totals(), Totals()
    for part in parts:
        one.add(part)
    for part in shuffled:
        other.add(part)
    for name, metric in METRICS.items():
        if metric.kind in ("counter", "rate"):
            assert metric.read(one, {}) == metric.read(other, {}), name
        elif metric.kind == "trend":
            assert times(metric.read(one, {})) == times(metric.read(other, {})), name
