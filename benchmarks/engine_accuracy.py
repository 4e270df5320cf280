"""Whether reported response times are true: an open model against a server that knows how long it took."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 15


def measure_accuracy(options):
    """Return reported and true percentiles for each rate."""
    rows = []
    for rate in map(int, options.rates.split(",")):
        server = subprocess.Popen(
            [sys.executable, HERE / "engine_delays.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        base = server.stdout.readline().strip()
        command = [sys.executable, HERE / "engine_ours.py", base, "200", str(SECONDS), str(rate)]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        truth = json.loads(server.communicate("")[0])
        off = {name: round(told["create"][name] - truth[name], 3) for name in truth if name.endswith("_ms")}
        rows.append({"rate": rate, "reported": told, "truth": truth, "reported_minus_truth": off})
        reported = " ".join(f"{name[:3]} {told['create'][name]:.2f} ({off[name]:+.2f})" for name in off)
        print(f"{rate:,}/s: {reported} ms, {told['requests']:,} requests, {told['dropped']} dropped", flush=True)
    return rows
