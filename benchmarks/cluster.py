"""What more processes bring and cost: throughput and CPU per request of 1, 2, ... workers, the coordinator of many.

python benchmarks/cluster.py [--rounds 3] [--seconds 8] [--many 10] [--json out.json]
python benchmarks/cluster.py --rounds 0     only the coordinator of many, whose cost is a process's share of a core
python benchmarks/cluster.py --pin          nginx on the first core, all generators on the second

The users GET a small document from nginx (Debian: apt-get install nginx-light), one worker process of it, over
loopback, on connections that are kept. CPU is user and system time of all processes of the run, while its phase lasts.
Where generators and nginx share the cores, throughput says little and CPU per request all: both are printed. Two
"cores" of a virtual machine may be one with two threads, which slow each other down: `--pin` takes that out.
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
from pathlib import Path

import psutil

from dms_load_test.emulator import EmulatorOptions, start_emulator

SCENARIO = '''"""Get a small document as fast as it comes, or at a rate."""

import os

from dms_load_test.scenarios.api import ConstantArrivalRate, ConstantVus, phase

URL, RATE, SECONDS = os.environ["BENCH_URL"], float(os.environ["BENCH_RATE"]), float(os.environ["BENCH_SECONDS"])


async def get(vu):
    await vu.api.request("GET", URL)


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


def wait(condition):
    while not condition():
        time.sleep(0.05)


def run(server, url, workers, seconds, users=40, rate=0.0):
    """One run; the CPU of each of its processes and the requests made in the bench phase."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.py").write_text(SCENARIO)
        environment = os.environ | {
            "BENCH_URL": url,
            "BENCH_RATE": str(rate),
            "BENCH_SECONDS": str(seconds),
            "BENCH_USERS": str(users),
            "API_BASE_URL": server.base_url,
            "CLIENT_ID": server.key,
            "CLIENT_SECRET": server.secret,
        }
        command = (sys.executable, "-m", "dms_load_test", "run", "--profile", "smoke", "--scenario", "bench.py")
        options = ("--workers", str(workers), "--results", str(folder / "results"), "--quiet")
        process = subprocess.Popen([*command, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        root = psutil.Process(process.pid)
        wait(lambda: begun(folder / "results", "step_begin"))
        time.sleep(1.0)
        before, began_s = cpu_of(root), time.monotonic()
        time.sleep(max(1.0, seconds - 2.0))
        after, took_s = cpu_of(root), time.monotonic() - began_s
        process.wait()
        (summary,) = (folder / "results").glob("*/summary.json")
        phases = json.loads(summary.read_text())["phases"]
        (bench,) = [phase for phase in phases if phase["phase"] == "bench"]
        requests = requests_between(next((folder / "results").glob("*/record.jsonl")))
        spent = {pid: after[pid] - before.get(pid, 0.0) for pid in after}
        return {
            "workers": workers,
            "per_s": requests,
            "cpu_us_per_request": sum(spent.values()) / took_s / requests * 1e6 if requests else None,
            "coordinator_ratio": spent[process.pid] / took_s,
            "phase_s": bench.get("seconds"),
        }


def requests_between(record):
    """Requests a second in the middle of the bench phase, by the record's seconds."""
    seconds = [
        event
        for event in map(json.loads, record.read_text().splitlines())
        if event["type"] == "second" and event["phase"] == "bench" and event["seconds"] > 0.9
    ]
    middle = seconds[1:-1] or seconds
    counted = [sum(row[3] for row in event.get("rows", ()) if row[0] == "bench") / event["seconds"] for event in middle]
    return statistics.fmean(counted) if counted else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--many", type=int, default=10)
    parser.add_argument("--port", type=int, default=18991)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--users", type=int, default=40, help="of all workers together")
    parser.add_argument("--pin", action="store_true", help="nginx on the first core, all else on the second")
    given = parser.parse_args()
    if given.pin:
        os.sched_setaffinity(0, {1})
    if shutil.which("nginx") is None:
        raise SystemExit("nginx is not installed; apt-get install nginx-light")
    found = {"rounds": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx(Path(folder), given.port, pinned=given.pin) as url,
        start_emulator(EmulatorOptions(port=0)) as server,
    ):
        for number in range(given.rounds):
            for workers in (1, 2) if number % 2 == 0 else (2, 1):  # what drifts on the machine meets both alike
                found["rounds"].append(run(server, url, workers, given.seconds, given.users))
                print(found["rounds"][-1], flush=True)
        found["many"] = run(server, url, given.many, given.seconds + 4, rate=20.0 * given.many)
        print(found["many"])
    for name in ("per_s", "cpu_us_per_request") if given.rounds else ():
        medians = [statistics.median(r[name] for r in found["rounds"] if r["workers"] == n) for n in (1, 2)]
        found[f"{name}_ratio"] = medians[1] / medians[0]
        print(f"{name}: 1 process {medians[0]:,.1f}, 2 workers {medians[1]:,.1f}, ratio {medians[1] / medians[0]:.2f}")
    print(f"coordinator of {given.many} workers: {found['many']['coordinator_ratio']:.1%} of a core")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
