"""What the dashboard costs while a run makes 5,000 requests a second: dashboard.py [SECONDS [EARLIER_SECONDS]].

Writes the record of such a run as it would be written, second by second, after EARLIER_SECONDS written at once, and
reads the dashboard as a browser does. Prints JSON: the share of a core that the dashboard's process took, and its
memory. Linux only, as it reads /proc.
"""

import json
import os
import random
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from dms_load_test.app.dashboard import DashboardOptions, start_dashboard
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.events import Manifest, PhaseBegin, StepBegin
from dms_load_test.results.record import open_record
from dms_load_test.results.recorder import Recorder
from dms_load_test.sample import Sample

PER_S = 5000
RESOURCES = tuple(f"resource{n}" for n in range(40))
STATUSES = {"create": 201, "read": 200, "query": 200, "update": 204, "delete": 204}
THRESHOLDS = ("http_req_duration: p(95)<3000", "http_req_failed: rate<0.05", "errors: rate<0.05")
SECOND = 1_000_000_000


def fill(aggregate, dice, second):
    """Count one second's requests, one in 500 of them failed."""
    for _ in range(PER_S):
        operation = dice.choices(tuple(STATUSES), (2, 4, 1, 2, 1))[0]
        ok = dice.random() > 0.002
        took_ns = int(dice.lognormvariate(15, 0.6))
        start = second * SECOND
        aggregate.add(
            Sample(
                phase="readwrite",
                operation=operation,
                resource=dice.choice(RESOURCES),
                status=STATUSES[operation] if ok else 409,
                ok=ok,
                final=True,
                error="",
                attempt=1,
                due_ns=start,
                started_ns=start,
                finished_ns=start + took_ns,
                blocked_ns=0,
                connecting_ns=0,
                tls_ns=0,
                sending_ns=20_000,
                waiting_ns=took_ns,
                receiving_ns=20_000,
                sent_bytes=700,
                received_bytes=300,
            )
        )


def write(recorder, aggregate, dice, second):
    fill(aggregate, dice, second)
    aggregate.set_users(50, 50)
    recorder.snapshot(aggregate.snapshot(second * SECOND), {"cpu_ratio": 0.3, "loop_lag_p99_ms": 0.4})


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def wait_until_idle(pid):
    """Wait until what was written at once has been read."""
    while True:
        before = cpu_s(pid)
        time.sleep(3)
        if cpu_s(pid) - before < 0.1:
            return


def read_forever(url, seen):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}events") as answer:
        for line in answer:
            seen.append(len(line))


def main(seconds, earlier):
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, open_record(Path(folder) / "record.jsonl") as writer:
        writer.write(Manifest("benchmark", "2026-01-01T00:00:00Z", "0", "http://target", "dev", 1, ("readwrite",)))
        writer.write(PhaseBegin(0.0, "readwrite", {}, THRESHOLDS))
        writer.write(StepBegin(0.0, "readwrite", "readwrite", "constant-vus", 50, 86400.0))
        aggregate, recorder = Aggregate(0, "readwrite"), Recorder(writer)
        for second in range(1, earlier + 1):
            write(recorder, aggregate, dice, second)
        with start_dashboard(DashboardOptions(str(Path(folder) / "record.jsonl"), port=0)) as url:
            (pid,) = map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
            seen = []
            threading.Thread(target=read_forever, args=(url, seen), daemon=True).start()
            wait_until_idle(pid)
            before, began, told = cpu_s(pid), time.monotonic(), len(seen)
            for second in range(earlier + 1, earlier + seconds + 1):
                write(recorder, aggregate, dice, second)
                time.sleep(max(0.0, began + second - earlier - time.monotonic()))
            took = time.monotonic() - began
            print(
                json.dumps(
                    {
                        "requests_per_s": PER_S * seconds / took,
                        "core_ratio": (cpu_s(pid) - before) / took,
                        "memory_mb": memory_mb(pid),
                        "messages": (len(seen) - told) // 2,
                        "message_bytes": sum(seen[told:]) // max(1, (len(seen) - told) // 2),
                    }
                )
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
