"""A cluster of several machines: here network namespaces, each with a clock of its own that stands differently."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator

pytest.importorskip("distributed", reason="no Dask here: pip install '.[cluster]'")
HOME = "10.231.9.1"
CLOCKS_S = (5000, -50)
"""By how much each machine's monotonic clock is ahead."""
START_S = 80


def can():
    if sys.platform != "linux" or os.geteuid() or not shutil.which("ip") or not shutil.which("unshare"):
        return False
    tried = subprocess.run(
        ["unshare", "--net", "--fork", "-T", "--monotonic", "1", "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not can(), reason="network and time namespaces need Linux and root")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def machines():
    """Names of network namespaces that reach each other and HOME over a bridge."""
    names = [f"dlt-{os.getpid()}-{number}" for number in range(len(CLOCKS_S))]
    bridge = f"dlt{os.getpid() % 100_000}"
    ip("link", "add", bridge, "type", "bridge")
    try:
        ip("addr", "add", f"{HOME}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for number, name in enumerate(names):
            wire = f"{bridge}w{number}"
            ip("netns", "add", name)
            ip("link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", wire, "master", bridge, "up")
            ip("-n", name, "addr", "add", f"10.231.9.{number + 2}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        ip("link", "del", bridge)


@pytest.fixture
def processes():
    started = []

    def start(*words):
        quiet = os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"}
        started.append(subprocess.Popen(words, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def events(folder):
    path = folder / "record.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_machines_with_other_clocks_share_a_run_and_a_loss_is_told_by_the_runs_own_clock(
    command, machines, processes, wait_for
):
    dask = (sys.executable, "-m")
    address = f"tcp://{HOME}:18786"
    processes(*dask, "distributed.cli.dask_scheduler", "--host", HOME, "--port", "18786", "--no-dashboard")
    workers = [
        processes(
            "ip", "netns", "exec", name, "unshare", "--fork", "--kill-child", "-T", "--monotonic", str(clock_s),
            *dask, "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard", "--nthreads", "1",
        )
        for name, clock_s in zip(machines, CLOCKS_S, strict=True)
    ]  # fmt: skip
    with start_emulator(EmulatorOptions(host=HOME, port=0)) as server:
        settings = {"API_BASE_URL": server.base_url, "CLIENT_ID": server.key, "CLIENT_SECRET": server.secret}
        process = command.start(
            "run", "--profile", "smoke", "--scheduler", address, "--workers", "2",
            "--set", "DURATION_READWRITE_PHASE=6s", "--set", "VUS_READWRITE_PHASE=4", **settings,
        )  # fmt: skip

        def in_readwrite():
            folders = (command.folder / "results").glob("*")
            return any(e["type"] == "step_begin" and e["step"] == "readwrite" for f in folders for e in events(f))

        wait_for(in_readwrite, START_S)
        time.sleep(2.5)
        workers[0].kill()
        ended = command.end(process)

    told = events(ended.folder)
    (note,) = [event["text"] for event in told if event["type"] == "note" and "is lost" in event["text"]]
    begun_s = next(e["t"] for e in told if e["type"] == "step_begin" and e["step"] == "readwrite")
    lost_s = float(re.search(r"after ([\d.]+) s", note)[1])
    accounts = ended.summary["accounts"]
    assert ended.code == 99, ended.out + ended.err  # a part of a timed phase was lost
    assert [row["created"] for row in accounts] == [row["planned"] for row in accounts]
    assert begun_s <= lost_s <= begun_s + 6
    times = [event["t"] for event in told if event["type"] == "second"]
    assert all(before <= after for before, after in itertools.pairwise(times))
