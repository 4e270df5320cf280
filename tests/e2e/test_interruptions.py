"""A load that is interrupted at any moment, in any way, is completed by `resume`, and undone by `clean`.

INTERRUPTION_ROUNDS sets how often (each round takes about ten seconds).
"""

import json
import os
import random
import signal
import sys

import pytest

ROUNDS = int(os.environ.get("INTERRUPTION_ROUNDS", "3"))
SIGNALS = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))
WATCHED = ("calendarDates", "sections", "studentSectionAssociations", "grades")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to a child differ on Windows")


def records(results):
    return sorted(results.glob("*/record.jsonl"))


def events(record, kind):
    lines = record.read_bytes().split(b"\n")
    return [event for line in lines[:-1] if (event := json.loads(line)).get("type") == kind]


def planned_of(results):
    """What the first run's load phase said that it would create; nothing before it began."""
    begun = [event for record in records(results)[:1] for event in events(record, "phase_begin")]
    return next((event["planned"] for event in begun if event["phase"] == "load"), {})


@pytest.mark.timeout(60 + 30 * ROUNDS)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_load_that_is_interrupted_is_completed_exactly_and_undone(command, server, wait_for, round_):
    dice = random.Random(f"{os.environ.get('INTERRUPTION_SEED', '')}{round_}")
    share, results = dice.uniform(0.02, 0.9), command.folder / "results"
    process = command.start("run", "--profile", "dev", "--phase", "load", "-q", **server.settings)
    wait_for(lambda: planned_of(results))
    planned = planned_of(results)
    enough = share * sum(planned[resource] for resource in WATCHED)
    wait_for(lambda: sum(server.counts(WATCHED).values()) >= enough)
    process.send_signal(SIGNALS[round_ % len(SIGNALS)])
    interrupted = command.end(process)
    before = server.counts(planned)
    resumed = command("resume", "-q", **server.settings)
    after = server.counts(planned)
    summary = json.loads((records(results)[-1].parent / "summary.json").read_bytes())

    assert interrupted.code in (105, -signal.SIGKILL)
    assert sum(before.values()) < sum(planned.values()), "the load ended before it was interrupted"
    assert resumed.code == 0, resumed.out + resumed.err
    assert after == planned
    load = [row for row in summary["accounts"] if row["phase"] == "load"]
    assert sum(row["created"] for row in load) == sum(planned.values()) - sum(before.values()), (
        "something was sent twice"
    )

    cleaned = command("clean", "--yes", **server.settings)
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert set(server.counts(planned).values()) == {0}
