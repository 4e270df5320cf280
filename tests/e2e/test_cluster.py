"""A run that many processes share, on real Dask clusters on loopback, judged by the server's own counts."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest
import trustme

pytest.importorskip("distributed", reason="no Dask here: pip install '.[cluster]'")
psutil = pytest.importorskip("psutil")  # comes with Dask
ROUNDS = int(os.environ.get("CLUSTER_ROUNDS", "1"))
"""Workers killed in turn, each in a run of its own."""
QUICK = ("--set", "DURATION_READWRITE_PHASE=3s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms")
LOAD = ("run", "--profile", "smoke", "--phase", "load")
SOME = ("--set", "STUDENT_COUNT=60", "--set", "VUS_LOAD_PHASE=4")
ENDLESS = (*QUICK, "--set", "DURATION_READWRITE_PHASE=60s", "--set", "VUS_READWRITE_PHASE=2")
STOP_S = 2.0
ORPHAN_S = 10.0
START_S = 80
"""Processes start slowly where others do, too."""


def worker_processes(coordinator):
    """The processes of a run's own cluster."""
    found = psutil.Process(coordinator.pid).children(recursive=True)
    return [process for process in found if "spawn_main" in " ".join(process.cmdline())]


def planned(ended):
    return {row["resource"]: row["planned"] for row in ended.summary["accounts"]}


def token_requests(ended):
    return re.findall(r"(\d+) token requests?", ended.out)


def record(folder):
    path = folder / "record.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def notes(folder):
    return [event["text"] for event in record(folder) if event["type"] == "note"]


def moment(folder, kind, **members):
    """When the first event of a kind with these members was, seconds."""
    return next(
        event["t"]
        for event in record(folder)
        if event["type"] == kind and all(value in event[name] for name, value in members.items())
    )


def begun(command, step):
    """Whether a run in the results has begun a step: `level 6` is `level 6 of 13`. Cheap: it is asked often."""
    wanted = re.compile(rf'"type":"step_begin".*"step":"{step}[ "]')
    return any(wanted.search(path.read_text()) for path in (command.folder / "results").glob("*/record.jsonl"))


def documents_in_inventory(folder):
    database = sqlite3.connect(folder / "inventory.sqlite3")
    try:
        return database.execute("SELECT COUNT(DISTINCT resource || '/' || ordinal) FROM journal").fetchone()[0]
    finally:
        database.close()


@contextmanager
def dask(workers, *options, tls=None):
    """A Dask cluster that somebody else started: a scheduler and workers, each a process."""
    processes = []

    def start(module, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"],
            env=os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"} | (tls or {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)

    port = free_port()
    protocol = "tls" if tls else "tcp"
    address = f"{protocol}://127.0.0.1:{port}"
    start("dask_scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", str(port))
    for _ in range(workers):
        start("dask_worker", address, "--nthreads", "1", "--no-nanny", *options)
    try:
        yield address, processes[0], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connections_to(process, port):
    try:
        found = psutil.Process(process.pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return 0
    return sum(bool(c.raddr) and c.raddr.port == port and c.status == "ESTABLISHED" for c in found)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """How a command reaches a cluster of two workers that talk TLS and ask for certificates, by Dask's own settings."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "all.pem")
    tls = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    tls["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(folder / "authority.pem")
    for part in ("SCHEDULER", "WORKER", "CLIENT"):
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{part}__CERT"] = str(folder / "all.pem")
    with dask(2, tls=tls) as (address, _, _):
        yield tls | {"SCHEDULER": address}


def test_two_workers_do_what_one_process_does_and_what_they_made_can_be_cleaned(command, server, cluster):
    run = ("run", "--profile", "smoke", *QUICK, "--seed", "3")
    shared = command(*run, **cluster, **server.settings)
    cleaned = command("clean", shared.folder.name, "--yes", **server.settings)
    left = server.counts(planned(shared))
    alone = command(*run, results="alone", **server.settings)

    assert (alone.code, shared.code, cleaned.code) == (0, 0, 0), shared.out + shared.err + cleaned.out + cleaned.err
    assert shared.summary["accounts"] == alone.summary["accounts"]
    assert token_requests(shared) == token_requests(alone)
    assert f"2 workers share the load, through the Dask scheduler {cluster['SCHEDULER']}." in shared.out
    written = b"".join(path.read_bytes() for path in shared.folder.iterdir())
    assert server.secret.encode() not in written
    assert set(left.values()) == {0}


def test_levels_wait_for_all_workers_of_which_there_may_be_more_than_users(command, server):
    ended = command(*LOAD, "--workers", "3", **server.settings)

    assert ended.code == 0, ended.out + ended.err
    assert server.counts(planned(ended)) == planned(ended)
    assert documents_in_inventory(ended.folder) == sum(planned(ended).values())
    assert ended.summary["failures"] == []  # a reference to a document of a later level would have been refused
    events = [event for event in record(ended.folder) if event["type"] in {"step_begin", "step_end"}]
    assert [event["type"] for event in events] == ["step_begin", "step_end"] * (len(events) // 2)
    assert all(before["t"] <= after["t"] for before, after in pairwise(events))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_what_a_killed_worker_left_of_a_level_is_done_by_another(command, server_with, wait_for, number):
    server = server_with(faults=("latency:low_ms=20,methods=POST",))  # levels of some seconds
    process = command.start(*LOAD, *SOME, "--workers", "2", **server.settings)
    wait_for(lambda: begun(command, ("level 6", "level 12", "level 13")[number % 3]), START_S)
    time.sleep(0.1 * (number % 5))
    worker_processes(process)[number % 2].kill()
    ended = command.end(process)

    assert ended.code == 0, ended.out + ended.err
    assert server.counts(planned(ended)) == planned(ended)
    accounts = ended.summary["accounts"]
    assert [row["created"] for row in accounts] == [row["planned"] for row in accounts]
    assert any("is lost" in note for note in notes(ended.folder))
    assert documents_in_inventory(ended.folder) == sum(planned(ended).values())


def test_a_token_that_is_refused_on_every_worker_is_renewed_once(command, server_with, cluster):
    server = server_with(faults=("revoke:times=1,ratio=0.02,methods=POST,path=/data/ed-fi/calendarDates",))
    ended = command(*LOAD, *SOME, **cluster, **server.settings)

    assert ended.code == 0, ended.out + ended.err
    assert sum(map(int, token_requests(ended))) == 2  # one before the first phase, one after the refusals
    assert ended.summary["failures"] == []
    assert server.counts(planned(ended)) == planned(ended)


@pytest.mark.parametrize(("wish", "least_s", "most_s"), [("continue", 6.0, 12.0), ("stop", 0.0, 5.0)])
def test_a_lost_part_of_a_timed_phase_is_told_and_is_no_pass(command, server, wait_for, wish, least_s, most_s):
    process = command.start(
        "run", "--profile", "smoke", *QUICK, "--workers", "2", "--on-worker-loss", wish,
        "--set", "VUS_READWRITE_PHASE=4", "--set", "DURATION_READWRITE_PHASE=6s", **server.settings,
    )  # fmt: skip
    wait_for(lambda: begun(command, "readwrite"), START_S)
    time.sleep(1.0)
    worker_processes(process)[0].kill()
    ended = command.end(process)

    took_s = moment(ended.folder, "phase_end", phase="readwrite") - moment(
        ended.folder, "phase_begin", phase="readwrite"
    )
    assert ended.code == 99, ended.out + ended.err
    assert re.search(r"\d\d% of a step of readwrite was lost with worker", ended.summary["verdict"]["sentence"])
    assert least_s <= took_s < most_s


def test_ctrl_c_reaches_all_workers_within_two_seconds(command, server, wait_for):
    process = command.start("run", "--profile", "smoke", *ENDLESS, "--workers", "2", **server.settings)
    wait_for(lambda: begun(command, "readwrite"), START_S)
    for asked in (process, *worker_processes(process)):  # as a terminal does
        os.kill(asked.pid, signal.SIGINT)
    ended = command.end(process)

    assert ended.code == 105, ended.out + ended.err
    stopped_s = moment(ended.folder, "note", text="stopped by the user")
    assert moment(ended.folder, "step_end", step="readwrite") - stopped_s < STOP_S
    assert not any("is lost" in note for note in notes(ended.folder))


def test_an_abort_on_fail_reaches_all_workers_within_two_seconds(command, server, cluster):
    ended = command(
        "run", "--profile", "smoke", *ENDLESS,
        "--set", "THRESHOLDS_READWRITE=http_req_duration: p(95)<0.001 abortOnFail", **cluster, **server.settings,
    )  # fmt: skip

    assert ended.code == 108, ended.out + ended.err
    crossed_s = moment(ended.folder, "note", text="abortOnFail")
    assert moment(ended.folder, "step_end", step="readwrite") - crossed_s < STOP_S


def test_no_orphan_keeps_sending_and_its_worker_can_be_used_again(command, server, wait_for):
    port = int(server.base_url.split(":")[2].partition("/")[0])
    with dask(2) as (address, scheduler, workers):
        for gone in ("coordinator", "scheduler"):
            run = ("run", "--profile", "smoke", *ENDLESS, "--scheduler", address)
            process = command.start(*run, results=gone, **server.settings)
            wait_for(lambda: all(connections_to(worker, port) for worker in workers), START_S)
            (process if gone == "coordinator" else scheduler).kill()
            wait_for(lambda: not any(connections_to(worker, port) for worker in workers), ORPHAN_S)
            process.communicate(timeout=60)


def test_a_worker_with_another_version_is_refused_with_that_message(command, server, tmp_path):
    preload = tmp_path / "other_version.py"
    preload.write_text("import dms_load_test\ndms_load_test.__version__ = '0.0.9'\n")
    with dask(1, "--preload", str(preload)) as (address, _, _):
        ended = command(*LOAD, "--scheduler", address, **server.settings)

    assert ended.code == 104
    assert "runs dms-load-test 0.0.9" in ended.err
    assert "install the same version on all" in ended.err


def test_a_scheduler_that_is_not_there_is_told(command, server):
    ended = command(*LOAD, "--scheduler", f"tcp://127.0.0.1:{free_port()}", **server.settings)

    assert ended.code == 104
    assert "no Dask scheduler answers there" in ended.err
