"""Whether memory grows in a long run at full speed: resident memory each ten seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from engine_target import nginx

HERE = Path(__file__).parent
EVERY_S = 10.0


def resident_mb(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def measure_growth(options):
    """Return the resident memory over time, and how much was added after the first minute."""
    with nginx() as bases:
        seconds = options.minutes * 60
        command = [sys.executable, HERE / "engine_ours.py", bases["http"], "50", str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        curve, began = [], time.monotonic()
        while time.monotonic() - began < seconds - EVERY_S:
            time.sleep(EVERY_S)
            curve.append((round(time.monotonic() - began), round(resident_mb(process.pid), 2)))
        told = json.loads(process.communicate()[0])
    after_a_minute = next((memory for at_s, memory in curve if at_s >= 60), curve[0][1])
    grown = max(memory for _, memory in curve) - after_a_minute
    print(f"{options.minutes:g} minutes, {told['requests']:,} requests: grew {grown:.1f} MB after the first minute")
    return {"curve_mb": curve, "grown_mb": round(grown, 2), "requests": told["requests"]}
