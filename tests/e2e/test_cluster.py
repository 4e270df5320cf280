"""A run that many processes share, on real Dask clusters on loopback, judged by the server's own counts."""

import os
import re
import signal
import socket
import sqlite3
from collections import Counter
from contextlib import closing
from itertools import pairwise

import pytest
import trustme

from dms_load_test.results.inventory import RunInventory

pytest.importorskip("distributed", reason="no Dask here: pip install '.[cluster]'")
psutil = pytest.importorskip("psutil")  # comes with Dask
QUICK = ("--set", "DURATION_READWRITE_PHASE=3s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms")
LOAD = ("run", "--profile", "smoke", "--phase", "load")
SOME = ("--set", "STUDENT_COUNT=60", "--set", "VUS_LOAD_PHASE=4")
ENDLESS = (*QUICK, "--set", "DURATION_READWRITE_PHASE=60s", "--set", "VUS_READWRITE_PHASE=2")
STOP_S = 2.0
ORPHAN_S = 10.0
START_S = 80
"""Processes start slowly where others do, too."""


def token_requests(ended):
    return re.findall(r"(\d+) token requests?", ended.out)


def moment(ended, kind, **members):
    """When the first event of a kind with these members was, seconds."""
    return next(
        event["t"]
        for event in ended.events
        if event["type"] == kind and all(value in event[name] for name, value in members.items())
    )


def connections_to(process, port):
    try:
        found = psutil.Process(process.pid).net_connections("tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # only root may look at one that has ended and is not awaited
        return 0
    return sum(bool(c.raddr) and c.raddr.port == port and c.status == "ESTABLISHED" for c in found)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, dask):
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
    left = server.counts(shared.planned)
    alone = command(*run, results="alone", **server.settings)

    assert (alone.code, shared.code, cleaned.code) == (0, 0, 0), shared.out + shared.err + cleaned.out + cleaned.err
    assert shared.summary["accounts"] == alone.summary["accounts"]
    assert token_requests(shared) == token_requests(alone)
    assert f"2 workers share the load, through the Dask scheduler {cluster['SCHEDULER']}." in shared.out
    written = b"".join(path.read_bytes() for path in shared.folder.iterdir())
    assert server.secret.encode() not in written
    assert set(left.values()) == {0}


SERVERS_OWN = re.compile(r'"id":"[^"]*",|,"link":\{[^}]*\}')
"""What the server adds to a document: ids, and links with those of others."""


def documents_in(data):
    """All documents that an emulator keeps in a file: (resource, content)."""
    with closing(sqlite3.connect(data)) as database:
        rows = database.execute("SELECT r.resource, body FROM documents d JOIN resources r ON r.number = d.resource")
        return Counter((resource, SERVERS_OWN.sub("", body)) for resource, body in rows)


def test_one_two_and_four_workers_make_the_same_documents_with_the_same_totals(command, server_with, tmp_path):
    runs = []
    for workers in ("1", "2", "4"):  # at the same time: most of it is waiting
        data = tmp_path / f"{workers}.sqlite3"
        server = server_with(data=data)
        options = ("--workers", workers, "--seed", "7")
        runs.append((workers, server, data, command.start(*LOAD, *options, results=workers, **server.settings)))
    made = []
    for workers, server, data, process in runs:
        ended = command.end(process, workers)
        assert ended.code == 0, ended.out + ended.err
        made.append((documents_in(data), ended.summary["accounts"], server.counts(ended.planned)))

    documents, _, counts = made[0]
    assert documents.total() >= sum(counts.values()) > 400
    assert made[1] == made[0]
    assert made[2] == made[0]


def test_levels_wait_for_all_workers_of_which_there_may_be_more_than_users(command, server):
    ended = command(*LOAD, "--workers", "3", **server.settings)

    assert ended.code == 0, ended.out + ended.err
    assert server.counts(ended.planned) == ended.planned
    with RunInventory(ended.folder / "inventory.sqlite3") as inventory:
        assert len(set(inventory.acknowledged())) == sum(ended.planned.values())
    assert ended.summary["failures"] == []  # a reference to a document of a later level would have been refused
    events = [event for event in ended.events if event["type"] in {"step_begin", "step_end"}]
    assert [event["type"] for event in events] == ["step_begin", "step_end"] * (len(events) // 2)
    assert all(before["t"] <= after["t"] for before, after in pairwise(events))


def test_a_token_that_is_refused_on_every_worker_is_renewed_once(command, server_with, cluster):
    server = server_with(faults=("revoke:times=1,ratio=0.02,methods=POST,path=/data/ed-fi/calendarDates",))
    ended = command(*LOAD, *SOME, **cluster, **server.settings)

    assert ended.code == 0, ended.out + ended.err
    assert sum(map(int, token_requests(ended))) == 2  # one before the first phase, one after the refusals
    assert ended.summary["failures"] == []
    assert server.counts(ended.planned) == ended.planned


def test_ctrl_c_reaches_all_workers_within_two_seconds(command, server, wait_for, worker_processes):
    process = command.start("run", "--profile", "smoke", *ENDLESS, "--workers", "2", **server.settings)
    wait_for(lambda: command.has_begun("readwrite"), START_S)
    for asked in (process, *worker_processes(process)):  # as a terminal does
        os.kill(asked.pid, signal.SIGINT)
    ended = command.end(process)

    assert ended.code == 105, ended.out + ended.err
    stopped_s = moment(ended, "note", text="stopped by the user")
    assert moment(ended, "step_end", step="readwrite") - stopped_s < STOP_S
    assert not any("is lost" in note for note in ended.notes)


def test_an_abort_on_fail_reaches_all_workers_within_two_seconds(command, server, cluster):
    ended = command(
        "run", "--profile", "smoke", *ENDLESS,
        "--set", "THRESHOLDS_READWRITE=http_req_duration: p(95)<0.001 abortOnFail", **cluster, **server.settings,
    )  # fmt: skip

    assert ended.code == 99, ended.out + ended.err
    crossed_s = moment(ended, "note", text="abortOnFail")
    assert moment(ended, "step_end", step="readwrite") - crossed_s < STOP_S


def test_no_orphan_keeps_sending_and_its_worker_can_be_used_again(command, server, wait_for, dask):
    port = int(server.base_url.split(":")[2].partition("/")[0])
    with dask(2) as (address, scheduler, workers):
        for gone in ("coordinator", "scheduler"):
            run = ("run", "--profile", "smoke", *ENDLESS, "--scheduler", address)
            process = command.start(*run, results=gone, **server.settings)
            wait_for(lambda: all(connections_to(worker, port) for worker in workers), START_S)
            (process if gone == "coordinator" else scheduler).kill()
            wait_for(lambda: not any(connections_to(worker, port) for worker in workers), ORPHAN_S)
            process.communicate(timeout=60)


def test_a_worker_with_another_version_is_refused_with_that_message(command, server, tmp_path, dask):
    preload = tmp_path / "other_version.py"
    preload.write_text("import dms_load_test\ndms_load_test.__version__ = '0.0.9'\n")
    with dask(1, "--preload", str(preload)) as (address, _, _):
        ended = command(*LOAD, "--scheduler", address, **server.settings)

    assert ended.code == 104
    assert "runs dms-load-test 0.0.9" in ended.err
    assert "install the same version on all" in ended.err
    with RunInventory(ended.folder / "inventory.sqlite3") as inventory:
        assert inventory.is_complete  # nothing was sent, so nothing is looked for


def test_a_scheduler_that_is_not_there_is_told(command, server):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ended = command(*LOAD, "--scheduler", f"tcp://127.0.0.1:{port}", **server.settings)

    assert ended.code == 104
    assert "no Dask scheduler answers there" in ended.err
