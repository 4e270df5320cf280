"""A run over time: what charts and steps are made of, in bounded memory."""

import random

import pytest
from msgspec import structs

from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import Judgement
from dms_load_test.results import timeline
from dms_load_test.results.events import (
    Detail,
    End,
    Manifest,
    PhaseBegin,
    Second,
    SecondRow,
    ServerFigures,
    StepBegin,
    StepEnd,
    TableLine,
)
from dms_load_test.results.follow import RecordFollower
from dms_load_test.results.page import page_of
from dms_load_test.results.record import RecordWriter
from dms_load_test.results.recorder import Recorder
from dms_load_test.results.story import Story, story_of
from dms_load_test.sample import Sample

SECOND = 1_000_000_000
MANIFEST = Manifest("run", "2026-03-01T08:00:00Z", "0", "http://target", "dev", 1, ("load", "readwrite"))


class Lines:
    """A record in memory."""

    def __init__(self):
        self.events = [MANIFEST]

    def write(self, event):
        self.events.append(event)
        return 500


def second(t, *, phase="load", requests=10, failed=0, seconds=1.0, **more):
    rows = (
        SecondRow(phase, "create", True, requests - failed, requests - failed, 0, 0),
        SecondRow(phase, "create", False, failed, failed, 0, 0),
    )
    return Second(t, seconds, phase, 5, 8, rows, failures={409: failed} if failed else {}, **more)


def sample(second_, us, *, operation="read", ok=True):
    start = second_ * SECOND
    return Sample(
        "load", operation, "students", 200 if ok else 500, ok, True, "", 1, start, start, start + us * 1000, 0, 0, 0, 0,
        us * 1000, 0, 1, 1,
    )  # fmt: skip


def recorded(seconds, per_second=200, seed=1):
    """A record made of random samples, and the samples' durations in microseconds by second."""
    dice, lines = random.Random(seed), Lines()
    aggregate, recorder, exact = Aggregate(0, "load"), Recorder(lines), []
    lines.write(PhaseBegin(0.0, "load", {}, ("http_req_duration: p(95)<20",)))
    lines.write(StepBegin(0.0, "load", "level 1", "constant-vus", 5, float(seconds)))
    for at in range(1, seconds + 1):
        exact.append([int(dice.lognormvariate(9, 0.8)) for _ in range(per_second)])
        for us in exact[-1]:
            aggregate.add(sample(at, us))
        recorder.snapshot(aggregate.snapshot(at * SECOND))
    recorder.flush(seconds * SECOND)
    lines.write(StepEnd(float(seconds), "load", "level 1", "finished"))
    return lines.events, exact


def exact_percentile(values, percent):
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def chart(page, name):
    return next(each for each in page["charts"]["charts"] if each["id"] == name)


def test_percentiles_are_as_near_to_the_exact_ones_as_the_page_says():
    """In tables 0.1 % above at most; 0.8 % in charts, in levels and steps, and at the top while the run goes on."""
    events, exact = recorded(12)
    live, page = page_of(story_of(events)), page_of(story_of([*events, End(12.0, "finished")]))

    latency = chart(page, "latency")
    for line, percent in zip(latency["series"], (50, 90, 95, 99), strict=False):
        for value, values in zip(line["values"], exact, strict=True):
            assert 1 <= value * 1000 / exact_percentile(values, percent) <= 1.008
    every = [us for values in exact for us in values]
    p95, p99 = (exact_percentile(every, percent) for percent in (95, 99))
    for rows in (page["operations"], page["split"], live["operations"]):
        assert 1 <= rows[0]["p95_us"] / p95 <= 1.001
    assert 1 <= page["figures"]["p99_us"] / p99 <= 1.001
    assert 1 <= page["steps"][0]["p95_us"] / p95 <= 1.008
    assert 1 <= live["figures"]["p99_us"] / p99 <= 1.008
    plot = chart(page, "percentiles")
    at = plot["x"].index(99.0)
    assert plot["series"][0]["values"][at] == pytest.approx(exact_percentile(every, 99) / 1000, rel=0.01)


def test_a_page_says_of_which_phases_response_times_hide_a_stall():
    events, _ = recorded(2)

    assert page_of(story_of(events))["closed"] == ["load"]


def test_a_count_that_a_scenarios_table_tells_stands_once_on_a_page():
    lines, aggregate = Lines(), Aggregate(0, "load")
    recorder = Recorder(lines)
    for kind, number in (("create", 21), ("delete", 9)):
        aggregate.count("mix", number, kind)
    recorder.snapshot(aggregate.snapshot(SECOND))
    recorder.flush(SECOND)
    lines.write(TableLine(1.0, "load", "mix", ("operation", "done"), (("create", 21),)))

    assert [(own["kind"], own["count"]) for own in page_of(story_of(lines.events))["own"]] == [("delete", 9)]


def test_the_heat_map_counts_every_request_once():
    events, exact = recorded(9, per_second=50)
    heat = chart(page_of(story_of(events)), "heat")

    columns = [sum(row[n] for row in heat["z"]) for n in range(9)]
    assert columns == [50] * 9
    for n, values in enumerate(exact):
        top = max(end for end, row in zip(heat["y"], heat["z"], strict=True) if row[n])
        assert max(values) / 1000 <= top * 1.01


@pytest.mark.parametrize(("us", "end"), [(0, 12), (10, 12), (99, 100), (100, 100), (101, 125), (10_000, 10_000)])
def test_a_band_holds_the_times_up_to_its_end(us, end):
    assert timeline.band_end_us(timeline._band_of(us)) == pytest.approx(end, rel=0.06)
    assert us <= timeline.band_end_us(timeline._band_of(us)) + 1e-6


def test_a_day_takes_no_more_memory_than_an_hour():
    story = story_of([MANIFEST, *(second(float(t), failed=t % 2) for t in range(1, 20_001))])

    assert len(story.counts.slices) <= timeline.MOST_COUNTS
    assert sum(s.requests.total() for s in story.counts.slices) == 200_000
    assert sum(s.failures[409] for s in story.counts.slices) == 10_000
    assert sum(s.seconds for s in story.counts.slices) == 20_000
    assert {hour: counts[0] for hour, counts in story.hours.items()} == {**dict.fromkeys(range(5), 36_000), 5: 20_000}


def test_requests_belong_to_the_step_of_their_phase_where_phases_go_on_side_by_side():
    both = Second(
        2.0, 1.0, "load", 5, 8,
        (SecondRow("load", "create", True, 7, 7, 0, 0), SecondRow("readwrite", "read", True, 9, 9, 0, 0)),
    )  # fmt: skip
    story = story_of(
        [
            MANIFEST,
            StepBegin(0.0, "load", "level 1", "constant-vus", 5),
            second(1.0, requests=3, iterations=2),
            StepBegin(1.5, "readwrite", "readwrite", "constant-vus", 5),
            both,
            StepEnd(2.0, "load", "level 1", "finished"),
            second(3.0, phase="readwrite", requests=4, iterations=4),
        ]
    )

    load, readwrite = story.steps
    assert (load.requests, load.seconds, load.iterations) == (10, 2.0, 2)
    assert (readwrite.requests, readwrite.seconds, readwrite.iterations) == (13, 1.5, 4)
    assert story.current is readwrite


def test_a_step_shorter_than_a_second_has_the_iterations_that_its_end_tells():
    story = story_of(
        [
            MANIFEST,
            StepBegin(0.0, "load", "level 1", "shared-iterations", 5, iterations=15),
            StepEnd(0.1, "load", "level 1", "finished", 15, 0),
            StepBegin(0.1, "load", "level 2", "shared-iterations", 5, iterations=220),
            StepEnd(0.4, "load", "level 2", "finished", 217, 3),
            second(0.4, requests=232, iterations=232, seconds=0.4),
            StepBegin(0.4, "load", "level 3", "shared-iterations", 5, iterations=80),
            StepEnd(2.4, "load", "level 3", "finished", 80, 0),
            second(2.5, requests=80, iterations=80, seconds=2.1),
        ]
    )

    assert [(step["done"], step["dropped"]) for step in page_of(story)["steps"]] == [(15, 0), (217, 3), (80, 0)]


def test_a_threshold_turns_red_before_the_parts_are_written():
    events, _ = recorded(4)
    so_far = [event for event in events if isinstance(event, Manifest | PhaseBegin | StepBegin | Second | Detail)]
    (result,) = story_of(so_far).thresholds()

    assert result.judgement is Judgement.FAILED


def test_a_rate_beside_another_phase_is_judged_by_its_own_time():
    """Each line of a second tells the time of one phase only; the parts tell that of each."""
    lines, aggregate = Lines(), Aggregate(0, "load")
    recorder, story, told = Recorder(lines), Story(), []
    for phase in ("load", "readwrite"):
        lines.write(PhaseBegin(0.0, phase, {}, ("http_reqs: rate>=20", "iterations: count>=1")))
    aggregate.enter_phase("load", "readwrite")
    for at in range(1, 16):
        for each in (sample(at, 900), structs.replace(sample(at, 900), phase="readwrite")):
            for _ in range(20):
                aggregate.add(each)
        for phase in ("load", "readwrite"):
            aggregate.iteration(900_000, phase)
        recorder.snapshot(aggregate.snapshot(at * SECOND))
        while lines.events:
            story.add(lines.events.pop(0))
        told.append([(result.observed, result.judgement.value) for result in story.thresholds()])

    assert told[0] == [(None, "not judged")] * 4  # not yet known, which is not the same as none
    assert told[-1] == [(20.0, "passed"), (10, "passed")] * 2


def test_the_plan_is_drawn_beside_what_was_done():
    begin = StepBegin(0.0, "load", "ramp", "ramping-vus", 10, 4.0, course=((0.0, 0.0), (4.0, 8.0)))
    page = page_of(story_of([MANIFEST, begin, *(second(float(t)) for t in range(1, 6))]))

    planned = chart(page, "users")["series"][-1]
    assert (planned["name"], planned["values"]) == ("planned", [2.0, 4.0, 6.0, 8.0, None])


def test_a_knee_needs_three_steps_of_different_load():
    def run(*users):
        events = [MANIFEST]
        for n, count in enumerate(users):
            events += [
                StepBegin(10.0 * n, "load", f"step {n}", "constant-vus", count, 10.0),
                second(10.0 * n + 10, requests=count * 100, seconds=10.0),
                StepEnd(10.0 * n + 10, "load", f"step {n}", "finished"),
            ]
        return [each["id"] for each in page_of(story_of(events))["charts"]["charts"]]

    assert "knee-load" in run(10, 20, 30)
    assert "knee-load" not in run(10, 20, 20)


def test_the_servers_figures_share_the_time_axis():
    events = [MANIFEST, *(ServerFigures(float(t), "host", {"cpu_ratio": t / 10, "used_bytes": 5}) for t in (2, 4, 6))]
    page = page_of(story_of(events))

    ratios = chart(page, "server-host-_ratio")
    assert (ratios["x"], ratios["series"][0]["values"]) == ([2.0, 4.0, 6.0], pytest.approx([0.2, 0.4, 0.6]))
    assert chart(page, "server-host-_bytes")["series"][0]["name"] == "used"


def test_the_days_estimate_takes_the_last_phase_that_time_decided():
    events, _ = recorded(10, per_second=20)
    estimate = page_of(story_of(events))["estimate"]

    assert (estimate["phase"], estimate["succeeded"]) == ("load", 200)
    assert estimate["per_day"] == pytest.approx(20 * 86_400)


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / "record.jsonl"
    follower = RecordFollower(path)
    assert list(follower.new_events()) == []

    with path.open("wb", buffering=0) as file:
        writer = RecordWriter(file, path)
        writer.write(MANIFEST)
        assert list(follower.new_events()) == [MANIFEST]
        file.write(b'{"type":"note","t":1.0,')
        assert list(follower.new_events()) == []
        file.write(b'"text":"later"}\n')
        (note,) = follower.new_events()
        assert (note.t, note.text) == (1.0, "later")


def test_a_story_begins_with_the_manifest():
    with pytest.raises(Exception, match="without a manifest"):
        Story().add(second(1.0))
