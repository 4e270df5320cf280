"""What becomes of a shared run that loses a worker or its coordinator, judged by the server's own counts.

CLUSTER_ROUNDS sets how often a process is killed, each time in a run of its own (each round takes about ten seconds).
"""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from contextlib import nullcontext

import pytest

from dms_load_test.results.inventory import RunInventory

pytest.importorskip("distributed", reason="no Dask here: pip install '.[cluster]'")

ROUNDS = int(os.environ.get("CLUSTER_ROUNDS", "1"))
LOAD = ("run", "--profile", "smoke", "--phase", "load")
SOME = ("--set", "STUDENT_COUNT=60", "--set", "VUS_LOAD_PHASE=4")
LEVELS = ("level 6", "level 12", "level 13")
TIMED_S = 4.0
TIMED = (
    "run", "--profile", "smoke", "--workers", "2", "--set", "VUS_READWRITE_PHASE=4",
    "--set", f"DURATION_READWRITE_PHASE={TIMED_S:.0f}s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms",
)  # fmt: skip
RATE = 100.0
OPEN = ("--set", f"RATE_READWRITE_PHASE={RATE:.0f}")
ORPHAN_S = 10.0
HANGING_S = 25.0
"""Five seconds for the stop, five for its other worker's end, and what Dask takes to end a process that hangs."""
HELD_UP_S = 6.8
"""Longer than a worker's lease (6 s, looked at each 0.5 s); with a question a second old, not yet silence (8 s)."""
START_S = 80
"""Processes start slowly where others do, too."""
pytestmark = pytest.mark.timeout(120 + 40 * ROUNDS)


def dice(number):
    return random.Random(f"{os.environ.get('CLUSTER_SEED', '')}{number}")


def loaded(ended):
    """How many documents of each resource the run's inventory says that the load made."""
    with RunInventory(ended.folder / "inventory.sqlite3") as inventory:
        return {resource: made + found for resource, phase, made, found, _ in inventory.tally() if phase == "load"}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_what_a_killed_worker_left_of_a_level_is_done_by_another(
    command, server_with, wait_for, worker_processes, number
):
    server = server_with(faults=("latency:low_ms=20,methods=POST",))  # levels of some seconds
    process = command.start(*LOAD, *SOME, "--workers", "2", **server.settings)
    wait_for(lambda: command.has_begun(LEVELS[number % 3]), START_S)
    time.sleep(dice(number).uniform(0.0, 0.5))
    worker_processes(process)[number % 2].kill()
    ended = command.end(process)

    assert ended.code == 0, ended.out + ended.err
    assert server.counts(ended.planned) == ended.planned
    accounts = ended.summary["accounts"]
    assert [row["created"] for row in accounts] == [row["planned"] for row in accounts]
    assert any("is lost" in note for note in ended.notes)
    with RunInventory(ended.folder / "inventory.sqlite3") as inventory:
        assert Counter(resource for resource, _ in set(inventory.acknowledged())) == ended.planned


def mix_of(ended):
    """The operations of readwrite that the report tells, by kind: those done, and those without a document."""
    (table,) = [table for table in ended.summary["tables"] if table["title"] == "mix"]
    return {kind: done for kind, _, done, _ in table["rows"]}


def dropped_in(ended, name):
    (phase,) = [phase for phase in ended.summary["phases"] if phase["phase"] == name]
    return phase["metrics"]["dropped_iterations"]["count"]


def timed_s(ended):
    """How long the readwrite step took."""
    marks = [event for event in ended.events if event["type"] in {"step_begin", "step_end"}]
    begin, end = (event["t"] for event in marks if event["step"] == "readwrite")
    return end - begin


@pytest.mark.parametrize("number", range(2 * ROUNDS))
def test_a_lost_part_of_a_timed_phase_is_told_and_all_that_was_made_can_be_cleaned(
    command, server, wait_for, worker_processes, number
):
    wish, is_open = ("continue", "stop")[number // 2 % 2], bool(number % 2)
    process = command.start(*TIMED, *(OPEN if is_open else ()), "--on-worker-loss", wish, **server.settings)
    wait_for(lambda: command.has_begun("readwrite"), START_S)
    time.sleep(dice(number).uniform(0.3, TIMED_S - 1.2))
    worker_processes(process)[number % 2].kill()
    ended = command.end(process)
    cleaned = command("clean", "--yes", **server.settings)

    assert ended.code == 99, ended.out + ended.err
    told = re.search(r"(\d+)% of a step of readwrite was lost with worker", ended.summary["verdict"]["sentence"])
    assert told, ended.summary["verdict"]
    assert 5 < int(told[1]) <= 50
    assert loaded(ended) == ended.planned
    took_s = timed_s(ended)
    assert took_s >= TIMED_S if wish == "continue" else took_s < TIMED_S + 0.5
    if is_open and wish == "continue":  # what was under way, or done and not told, is in no figure
        done = sum(count for kind, count in mix_of(ended).items() if not kind.startswith("no document"))
        planned = RATE * TIMED_S
        assert planned - 4 <= done + dropped_in(ended, "readwrite") <= planned
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert set(server.counts(ended.planned).values()) == {0}


def begun_load(folder):
    """What a run's load said that it would create."""
    events = map(json.loads, (folder / "record.jsonl").read_bytes().split(b"\n")[:-1])
    return next(event["planned"] for event in events if event["type"] == "phase_begin" and event["phase"] == "load")


@pytest.fixture(params=["--workers", "--scheduler"])
def crew(request, dask):
    """Options that let a run have two workers: its own, or somebody else's."""
    with dask(2) if request.param == "--scheduler" else nullcontext(("2",)) as (where, *_):
        yield request.param, where


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_shared_load_whose_coordinator_is_killed_is_completed_exactly_and_undone(
    command, server_with, wait_for, worker_processes, crew, number
):
    server = server_with(faults=("latency:low_ms=20,methods=POST",))
    process = command.start(*LOAD, *SOME, *crew, **server.settings)
    wait_for(lambda: command.has_begun(LEVELS[number % 3]), START_S)
    time.sleep(dice(number).uniform(0.2, 1.2))
    own = worker_processes(process)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(worker.is_running() for worker in own), ORPHAN_S)
    (killed,) = (command.folder / "results").iterdir()
    planned = begun_load(killed)
    if own:
        time.sleep(0.5)  # what they had asked for is done by then
    before = sum(server.counts(planned).values())
    resumed = command("resume", *SOME, *crew, **server.settings)
    assert resumed.code == 0, resumed.out + resumed.err
    (folder,) = set((command.folder / "results").iterdir()) - {killed}
    accounts = json.loads((folder / "summary.json").read_bytes())["accounts"]

    assert 0 < before < sum(planned.values())
    assert server.counts(planned) == planned
    created = sum(row["created"] for row in accounts)
    if own:
        assert created == sum(planned.values()) - before, "something was sent twice"
    else:  # its workers go on for some seconds, which is waited for
        assert "workers of the killed run may still be sending" in resumed.out
        assert created <= sum(planned.values()) - before
    cleaned = command("clean", "--yes", **server.settings)
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert set(server.counts(planned).values()) == {0}


def stop_at_once(process):
    """Ctrl-C, and again."""
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)


def test_a_worker_that_hangs_does_not_hold_up_a_stop_at_once(command, server, wait_for, worker_processes):
    endless = ("--set", "DURATION_READWRITE_PHASE=60s")
    process = command.start(*TIMED, *endless, **server.settings)
    wait_for(lambda: command.has_begun("readwrite"), START_S)
    time.sleep(1.0)
    worker_processes(process)[0].suspend()
    stop_at_once(process)
    ended = command.end(process)
    cleaned = command("clean", "--yes", **server.settings)

    assert ended.code == 105, ended.out + ended.err
    assert any("Not all workers stopped within" in note for note in ended.notes)
    stopped_s = next(event["t"] for event in ended.events if event.get("text", "").startswith("stopped by the user"))
    assert ended.events[-1]["t"] - stopped_s < HANGING_S
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert set(server.counts(ended.planned).values()) == {0}


def test_a_coordinator_that_was_held_up_for_longer_than_workers_wait_is_told_that_they_are_gone(
    command, server, wait_for
):
    process = command.start(*TIMED, "--set", "DURATION_READWRITE_PHASE=60s", **server.settings)
    wait_for(lambda: command.has_begun("readwrite"), START_S)
    process.send_signal(signal.SIGSTOP)
    time.sleep(HELD_UP_S)
    process.send_signal(signal.SIGCONT)
    went_on_s = time.monotonic()
    ended = command.end(process)

    assert ended.code == 99, ended.out + ended.err
    assert sum("heard nothing for too long" in note for note in ended.notes) == 2
    assert "no worker is left" in ended.summary["verdict"]["sentence"]
    assert time.monotonic() - went_on_s < ORPHAN_S


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "shared"])
def test_what_was_under_way_at_a_stop_at_once_is_looked_for_before_cleaning(command, server_with, wait_for, options):
    server = server_with(faults=("latency:low_ms=3000,methods=POST,path=/data/ed-fi/students",))
    process = command.start(*LOAD, *SOME, *options, **server.settings)
    wait_for(lambda: command.has_begun("level 2"), START_S)
    time.sleep(1.0)
    stop_at_once(process)
    ended = command.end(process)
    with RunInventory(ended.folder / "inventory.sqlite3") as inventory:
        assert not inventory.is_complete
    cleaned = command("clean", "--yes", **server.settings)

    assert ended.code == 105, ended.out + ended.err
    assert "documents that it does not know of" in cleaned.out
    assert cleaned.code == 0, cleaned.out + cleaned.err
    assert set(server.counts(ended.planned).values()) == {0}
