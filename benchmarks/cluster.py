"""What more processes bring and cost: throughput and CPU per request of 1, 2, ... workers, the coordinator of many.

python benchmarks/cluster.py [--rounds 3] [--seconds 8] [--many 10] [--json out.json]
python benchmarks/cluster.py --rounds 0     only the coordinator of many, whose cost is a process's share of a core
python benchmarks/cluster.py --pin          nginx on the first core, all generators on the second
python benchmarks/cluster.py --control      also two runs of their own at a time, with half of the users each
python benchmarks/cluster.py --pause-ms 50  users wait between requests, so that nobody is saturated

The users GET a small document from nginx (Debian: apt-get install nginx-light), one worker process of it, over
loopback, on connections that are kept. CPU is user and system time of all processes of the run, while its phase lasts.
Where generators and nginx share the cores, throughput says little and CPU per request all: both are printed. Two
"cores" of a virtual machine may be one with two threads, which slow each other down: `--pin` takes that out.

Two workers differ from one process in more than the cluster: they share a core, and each has half of the users, so that
it finds fewer answers at a time. `--control` measures that alone: two single processes that know nothing of each other,
half of the users each, at the same time; requests and CPU are summed over both. What two workers cost more than these
is the cluster. `--pause-ms` lets each user wait between requests, evenly drawn from half to one and a half of it: the
requests a second are then the users' doing, and CPU per request, timers included, is that of a realistic rate.

Kinds take turns within a round, in the opposite order each time. Each round gives a ratio to its own one process; their
median is printed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from dms_load_test.emulator import EmulatorOptions, start_emulator

SCENARIO = '''"""Get a small document as fast as it comes, or at a rate."""

import os

from dms_load_test.scenarios.api import ConstantArrivalRate, ConstantVus, phase

URL, RATE, SECONDS = os.environ["BENCH_URL"], float(os.environ["BENCH_RATE"]), float(os.environ["BENCH_SECONDS"])
PAUSE_S = float(os.environ["BENCH_PAUSE_MS"]) / 1000


async def get(vu):
    await vu.api.request("GET", URL)
    if PAUSE_S:
        await vu.think(vu.random.uniform(PAUSE_S / 2, PAUSE_S * 3 / 2))


def plan(workload):
    if RATE:
        executor = ConstantArrivalRate(rate_per_s=RATE, duration_s=SECONDS, pre_allocated_vus=20, max_vus=40)
    else:
        executor = ConstantVus(vus=int(os.environ["BENCH_USERS"]), duration_s=SECONDS)
    return phase("bench", get, executor)
'''
NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ default_type application/json; return 200 '{body}'; }}
    }}
}}
"""
ALONE, SHARED, HALVES = "one process", "two workers", "two halves"
KINDS = {ALONE: (1, 1), SHARED: (2, 1), HALVES: (1, 2)}
"""Workers of a run, and runs at the same time, which have the users between them."""


@dataclass(frozen=True)
class Load:
    seconds: float
    users: int = 40
    rate: float = 0.0
    pause_ms: float = 0.0
    workers: int = 1


@contextmanager
def nginx(folder, port, *, pinned):
    conf = folder / "nginx.conf"
    body = json.dumps({"id": "0" * 32, "text": "x" * 340})
    conf.write_text(NGINX.format(folder=folder, port=port, body=body))
    before = ["taskset", "--cpu-list", "0"] if pinned else []
    process = subprocess.Popen([*before, "nginx", "-c", str(conf), "-p", str(folder), "-g", "daemon off;"])
    try:
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/document"
    finally:
        process.terminate()
        process.wait()


def cpu_of(root):
    """CPU seconds by process of a tree."""
    found = {}
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[process.pid] = times.user + times.system
    return found


def begun(results, kind):
    for path in results.glob("*/record.jsonl"):
        for line in path.read_text().splitlines():
            if f'"type":"{kind}"' in line and '"phase":"bench"' in line:
                return True
    return False


def begins(folders):
    """When the bench phase of each run was seen to begin."""
    seen_s = {}
    while len(seen_s) < len(folders):
        for folder in folders:
            if folder not in seen_s and begun(folder / "results", "step_begin"):
                seen_s[folder] = time.monotonic()
        time.sleep(0.05)
    return seen_s


def start(folder, server, url, load):
    folder.mkdir()
    (folder / "bench.py").write_text(SCENARIO)
    environment = os.environ | {
        "BENCH_URL": url,
        "BENCH_RATE": str(load.rate),
        "BENCH_SECONDS": str(load.seconds),
        "BENCH_USERS": str(load.users),
        "BENCH_PAUSE_MS": str(load.pause_ms),
        "API_BASE_URL": server.base_url,
        "CLIENT_ID": server.key,
        "CLIENT_SECRET": server.secret,
    }
    command = (sys.executable, "-m", "dms_load_test", "run", "--profile", "smoke", "--scenario", "bench.py")
    options = ("--workers", str(load.workers), "--results", str(folder / "results"), "--quiet")
    return subprocess.Popen([*command, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def run(server, url, load, runs=1):
    """So many runs at the same time; the CPU of all their processes and the requests made in the bench phase."""
    with tempfile.TemporaryDirectory() as name:
        started = {folder: start(folder, server, url, load) for folder in (Path(name) / str(n) for n in range(runs))}
        seen_s = begins(started)
        time.sleep(1.0)
        before, began_s = cpu_of_all(started.values()), time.monotonic()
        time.sleep(max(1.0, min(seen_s.values()) + load.seconds - 1.0 - began_s))  # until one of them is about to end
        after, ended_s = cpu_of_all(started.values()), time.monotonic()
        for process in started.values():
            process.wait()
        requests = sum(requests_between(folder, began_s - at_s, ended_s - at_s) for folder, at_s in seen_s.items())
        spent = {pid: after[pid] - before.get(pid, 0.0) for pid in after}
        took_s = ended_s - began_s
        return {
            "workers": load.workers,
            "runs": runs,
            "per_s": requests,
            "cpu_us_per_request": sum(spent.values()) / took_s / requests * 1e6 if requests else None,
            "coordinator_ratio": spent[next(iter(started.values())).pid] / took_s,
            "measured_s": took_s,
        }


def cpu_of_all(processes):
    """CPU seconds by process of some trees."""
    found = {}
    for process in processes:
        found |= cpu_of(psutil.Process(process.pid))
    return found


def requests_between(folder, first_s, last_s):
    """Requests a second by the record's seconds whose middle is between two times, from when the bench phase began."""
    (record,) = folder.glob("results/*/record.jsonl")
    events = [json.loads(line) for line in record.read_text().splitlines()]
    begin_s = next(event["t"] for event in events if event["type"] == "step_begin" and event["phase"] == "bench")
    counted = [
        sum(row[3] for row in event.get("rows", ()) if row[0] == "bench") / event["seconds"]
        for event in events
        if event["type"] == "second" and event["phase"] == "bench" and event["seconds"] > 0.9
        if first_s <= event["t"] - event["seconds"] / 2 - begin_s <= last_s
    ]
    return statistics.fmean(counted) if counted else 0.0


def round_of(server, url, load, kinds):
    """Each kind of run once, by name."""
    found = {}
    for kind in kinds:
        workers, runs = KINDS[kind]
        found[kind] = run(server, url, replace(load, workers=workers, users=load.users // runs), runs)
        print(kind, found[kind], flush=True)
    return found


def compared(rounds, name):
    """Medians of a figure by kind, and of each round's ratio to its own one process."""
    medians = {kind: statistics.median(found[kind][name] for found in rounds) for kind in rounds[0]}
    ratios = {kind: statistics.median(found[kind][name] / found[ALONE][name] for found in rounds) for kind in rounds[0]}
    figures = [f"{kind} {medians[kind]:,.1f} (ratio {ratios[kind]:.2f})" for kind in KINDS if kind in medians]
    print(f"{name}: {', '.join(figures)}")
    return ratios


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--many", type=int, default=10)
    parser.add_argument("--port", type=int, default=18991)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--users", type=int, default=40, help="of all workers together")
    parser.add_argument("--pin", action="store_true", help="nginx on the first core, all else on the second")
    parser.add_argument("--control", action="store_true", help="also two single processes with half of the users each")
    parser.add_argument("--pause-ms", type=float, default=0.0, help="users wait about so long between requests")
    return parser.parse_args()


def main():
    given = arguments()
    if given.pin:
        os.sched_setaffinity(0, {1})
    if shutil.which("nginx") is None:
        raise SystemExit("nginx is not installed; apt-get install nginx-light")
    kinds = [ALONE, SHARED, *([HALVES] if given.control else [])]
    load = Load(given.seconds, given.users, pause_ms=given.pause_ms)
    found = {"rounds": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx(Path(folder), given.port, pinned=given.pin) as url,
        start_emulator(EmulatorOptions(port=0)) as server,
    ):
        for number in range(given.rounds):
            order = kinds if number % 2 == 0 else kinds[::-1]  # what drifts on the machine meets all alike
            found["rounds"].append(round_of(server, url, load, order))
        many = Load(given.seconds + 4, rate=20.0 * given.many, workers=given.many)
        found["many"] = run(server, url, many)
        print(found["many"])
    for name in ("per_s", "cpu_us_per_request") if given.rounds else ():
        found[f"{name}_ratio"] = compared(found["rounds"], name)
    print(f"coordinator of {given.many} workers: {found['many']['coordinator_ratio']:.1%} of a core")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
