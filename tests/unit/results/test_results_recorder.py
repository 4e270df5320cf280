"""What goes into a record, at what cadence, and that it comes back."""

from itertools import pairwise

import pytest

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.totals import Totals
from dms_load_test.results import recorder as module
from dms_load_test.results.convert import tally_of
from dms_load_test.results.events import Detail, Manifest, Part, Second
from dms_load_test.results.recorder import Recorder
from dms_load_test.results.run import Run, fold
from dms_load_test.sample import Failure, Sample

MS = 1_000_000
SECOND = 1_000_000_000
MANIFEST = Manifest("run", "2026-03-01T08:00:00Z", "0", "http://target", "dev", 1, ("load",))


class Lines:
    """A record in memory."""

    def __init__(self):
        self.events = []

    def write(self, event):
        self.events.append(event)
        return 1000

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def sample(operation="create", resource="students", ms=10, *, status=201, late_ms=0, final=True):
    start = 100 * MS
    return Sample(
        "load", operation, resource, status, status < 300, final, "", 1 if final else 2, start - late_ms * MS, start,
        start + ms * MS, MS, 0, 0, 20_000, ms * MS, 30_000, 100, 200,
    )  # fmt: skip


def recorded(seconds, per_second, *, flush=True):
    lines, totals, aggregate = Lines(), Totals(), Aggregate(0, "load")
    recorder = Recorder(lines)
    for second in range(1, seconds + 1):
        for each in per_second(second):
            aggregate.add(each)
        aggregate.check("status", second != 2)
        aggregate.iteration(5 * MS)
        aggregate.drop_iterations(1, "no user")
        aggregate.set_users(3, 4)
        if second % 3 == 0:
            aggregate.add_failure(Failure("load", "create", "students", 409, "conflict", example=f"in {second}"))
        snapshot = aggregate.snapshot(second * SECOND)
        totals.add(snapshot)
        recorder.snapshot(snapshot, {"cpu_ratio": 0.5})
    if flush:
        recorder.flush(seconds * SECOND)
    return lines, totals


def figures(tally):
    def times(distribution):
        return (
            dict(distribution.counts),
            distribution.sum_us,
            distribution.squares,
            distribution.min_us,
            distribution.max_us,
        )

    return (
        {
            key: (times(s.prompt), times(s.late_response), times(s.late_service), s.sent_bytes, s.retries)
            for key, s in tally.series.items()
        },
        {where: [times(part) for part in parts] for where, parts in tally.components.items()},
        {phase: times(durations) for phase, durations in tally.iterations.items()},
        dict(tally.counters),
        dict(tally.checks),
        {key: (group.count, group.example.example) for key, group in tally.failures.items()},
    )


def test_every_second_has_its_line_of_counts():
    lines, _ = recorded(
        3, lambda second: [sample(ms=second), sample(ms=9, status=409), sample(status=429, final=False)]
    )
    (first, *_) = lines.of(Second)
    assert len(lines.of(Second)) == 3
    assert (first.t, first.seconds, first.phase, first.users, first.users_max) == (1.0, 1.0, "load", 3, 4)
    rows = {row.ok: (row.requests, row.operations, row.sum_us, row.max_us) for row in first.rows}
    assert rows == {True: (1, 1, 1_000, 1_000), False: (2, 1, 19_000, 10_000)}
    assert (first.sent_bytes, first.received_bytes, first.iterations, first.dropped) == (300, 600, 1, 1)
    assert (first.retries, first.rate_limited) == (1, 1)
    assert first.health == {"cpu_ratio": 0.5}


def test_parts_sum_up_to_the_exact_totals():
    lines, totals = recorded(
        25, lambda second: [sample(ms=second), sample("read", "grades", 2 * second, status=200, late_ms=second)]
    )
    folded = Totals()
    for part in lines.of(Part):
        folded.tally.absorb(tally_of(part))
        for phase, seconds in part.active_s.items():
            folded.active_ns[phase] += round(seconds * SECOND)
    assert figures(folded.tally) == figures(totals.tally)
    assert folded.active_s("load") == totals.active_s("load") == 25.0


def test_distributions_over_time_are_coarse_but_complete():
    lines, totals = recorded(3, lambda second: [sample(ms=100 * second)])
    details = lines.of(Detail)
    assert [(detail.t, detail.seconds) for detail in details] == [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]
    assert [detail.rows[0].response.max_us for detail in details] == [100_000, 200_000, 300_000]
    assert totals.operation_rows("load")[0].count == 3


@pytest.mark.parametrize(("age_s", "every_s"), [(0, 1), (600, 5), (3600, 10)])
def test_distributions_become_rarer_as_a_run_gets_older(age_s, every_s):
    lines, aggregate = Lines(), Aggregate(0, "load")
    recorder = Recorder(lines)
    for second in range(age_s + 20, age_s + 81):
        aggregate.add(sample())
        recorder.snapshot(aggregate.snapshot(second * SECOND))
    times = [detail.t for detail in lines.of(Detail)]
    assert {later - earlier for earlier, later in pairwise(times)} == {every_s}


def test_many_series_are_written_a_few_a_second(monkeypatch):
    monkeypatch.setattr(module, "BUCKETS_A_CALL", 2)

    def resources(_):
        return [sample(resource=f"resource{n}") for n in range(6)]

    lines, _ = recorded(15, resources, flush=False)
    parts = [part for part in lines.of(Part) if part.series]
    assert [(part.t, len(part.series)) for part in parts] == [(12.0, 2), (13.0, 2), (14.0, 2)]


def test_a_run_killed_at_any_moment_has_the_right_rates(monkeypatch):
    monkeypatch.setattr(module, "BUCKETS_A_CALL", 2)
    lines, _ = recorded(40, lambda _: [sample(resource=f"resource{n % 10}") for n in range(100)], flush=False)
    run, rates = Run(MANIFEST), {}

    for event in lines.events:
        fold(run, event)
        if seconds := run.totals.active_s("load"):
            (row,) = run.totals.operation_sums("load")
            rates.setdefault(seconds, set()).add(row.count / seconds)

    assert len(rates) == 2  # rounds, each over several seconds
    assert set.union(*rates.values()) == {100.0}


def test_an_example_is_written_once():
    lines, _ = recorded(25, lambda _: [sample()])
    rows = [row for part in lines.of(Part) for row in part.failures]
    assert [row.example for row in rows] == ["in 3", "", ""]
    assert sum(row.count for row in rows) == 8


def test_a_flush_writes_what_waits_before_what_is_new():
    def all_resources(_):
        return [sample(resource=f"resource{n}") for n in range(40)]

    lines, totals = recorded(11, all_resources)
    written = sum(tally_of(part).series[key].count for part in lines.of(Part) for key in list(tally_of(part).series))
    assert written == sum(series.count for series in totals.tally.series.values())


class LargeLines(Lines):
    """A record whose parts take so many bytes a round."""

    def __init__(self, round_bytes):
        super().__init__()
        self.round_bytes = round_bytes
        self.part_bytes = 0

    def write(self, event):
        super().write(event)
        if not isinstance(event, Part):
            return 100
        written = 0 if event.more else self.round_bytes
        self.part_bytes += written
        return written


def rounds_of(round_bytes, ages_s):
    lines, aggregate = LargeLines(round_bytes), Aggregate(0, "load")
    recorder = Recorder(lines)
    for second in ages_s:
        aggregate.add(sample())
        recorder.snapshot(aggregate.snapshot(second * SECOND))
    return lines, [part.t for part in lines.of(Part) if not part.more]


def test_the_tables_of_a_usual_run_are_written_as_often_as_is_told():
    _, times = rounds_of(110_000, range(1, 3601))

    # A round takes a second or two to be written; the pause is counted from its end.
    assert {round(later - earlier) for earlier, later in pairwise(times) if later < 600} == {11}
    assert max(later - earlier for earlier, later in pairwise(times)) <= 61


def test_the_tables_of_a_very_large_run_become_rarer_and_its_record_no_larger():
    lines, times = rounds_of(1_000_000, range(1, 90_000, 10))

    assert lines.part_bytes < 50_000_000
    assert times[-1] > 80_000
