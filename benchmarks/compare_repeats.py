"""How often `compare` is right: runs of the same emulated server, and of one slowed by a fifth, again and again.

    python benchmarks/compare_repeats.py 20

A server answers after a log-normal time of 100 ms (or 120 ms), so that little of it is the noise of this machine.
Prints what was found different where nothing was, and what was not found where something was. A round takes a minute.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dms_load_test.emulator import EmulatorOptions, start_emulator
from dms_load_test.metrics.difference import DEFAULT_LIMITS, Kind
from dms_load_test.results.comparison import compare_records

MEDIAN_MS, SLOW_MS, SIGMA = 100, 120, 0.4
SECONDS = int(os.environ.get("SECONDS_A_RUN", "10"))
LOAD = {
    "DURATION_READWRITE_PHASE": f"{SECONDS}s",
    "VUS_READWRITE_PHASE": "10",
    "VUS_LOAD_PHASE": "10",
    "THINK_TIME_MIN": "1ms",
    "THINK_TIME_MAX": "5ms",
    "EXPORTS": "none",
}


def record(folder, median_ms):
    fault = f"latency:distribution=log-normal,low_ms={median_ms},sigma={SIGMA},path=/data/*"
    with start_emulator(EmulatorOptions(port=0, faults=(fault,))) as server:
        target = {"API_BASE_URL": server.base_url, "CLIENT_ID": server.key, "CLIENT_SECRET": server.secret}
        results = {"RESULTS_DIR": str(folder / f"run-{len(list(folder.iterdir()))}")}
        subprocess.run(
            [sys.executable, "-m", "dms_load_test", "run", "--profile", "smoke", "--quiet"],
            env=os.environ | LOAD | target | results,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    (found,) = Path(results["RESULTS_DIR"]).glob("*/record.jsonl")
    return found


def main(rounds):
    false, found = 0, 0
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            base, same, slow = (record(Path(folder), ms) for ms in (MEDIAN_MS, MEDIAN_MS, SLOW_MS))
            quiet = compare_records(base, same, DEFAULT_LIMITS)
            loud = compare_records(base, slow, DEFAULT_LIMITS)
        false += quiet.kind in (Kind.WORSE, Kind.BETTER)
        found += loud.kind is Kind.WORSE
        change = next(row for row in loud.rows if row.subject.phase == "readwrite").changes["p50"]
        print(
            f"round {number}: same server {quiet.kind.value}, slowed {loud.kind.value} "
            f"(p50 {change.change:+.1%}, noise floor {change.floor:.1%})",
            flush=True,
        )
        for row in quiet.rows:
            if row.kind in (Kind.WORSE, Kind.BETTER):
                print(f"  wrongly {row.kind.value}: {row.subject}", flush=True)
    print(f"of {rounds} rounds: same server called different in {false}, slowed server found in {found}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
