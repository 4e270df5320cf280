"""CPU and memory of load generators for a request, in turn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_target import nginx

HERE = Path(__file__).parent
RIVALS = HERE / "engine_rivals"


def ours(base, users, seconds, _options):
    return [sys.executable, HERE / "engine_ours.py", base, str(users), str(seconds)]


def aiohttp(base, users, seconds, options):
    return [options.python, RIVALS / "aiohttp_users.py", base, str(users), str(seconds)]


def locust(kind):
    def command(base, users, seconds, options):
        words = ["-m", "locust", "-f", RIVALS / "locust_users.py", kind, "--headless", "--host", base, "--only-summary"]
        return [options.python, *words, "-u", str(users), "-r", str(users), "-t", f"{max(1, round(seconds))}s"]

    return command


def wrk(base, users, seconds, _options):
    words = ["-t", "1", "-c", str(users), "-d", f"{max(1, round(seconds))}s", "-s", RIVALS / "wrk.lua"]
    return ["wrk", *words, base]


def k6(base, users, seconds, options):
    words = ["run", "--quiet", "--insecure-skip-tls-verify", "-e", f"BASE={base}", "--vus", str(users)]
    return [options.k6, *words, "--duration", f"{max(1, round(seconds))}s", RIVALS / "k6.js"]


GENERATORS = {
    "ours": ours,
    "wrk": wrk,
    "aiohttp": aiohttp,
    "locust-fast": locust("FastUser"),
    "locust-http": locust("PlainUser"),
    "k6": k6,
}


def available(options):
    """Return the generators that can run here, and say what is missing."""
    wanted = options.only.split(",") if options.only else list(GENERATORS)
    missing = set()
    if shutil.which("wrk") is None:
        missing.add("wrk")
    if not options.k6:
        missing.add("k6")
    for module, names in (("aiohttp", {"aiohttp"}), ("locust", {"locust-fast", "locust-http"})):
        if subprocess.run([options.python, "-c", f"import {module}"], capture_output=True, check=False).returncode:
            missing |= names
    for name in sorted(missing & set(wanted)):
        print(f"left out, as it is not installed: {name}", file=sys.stderr)
    return [name for name in wanted if name not in missing]


def turn(name, base, users, seconds, options):
    """Run one generator once; return its requests, CPU and memory."""
    command = [str(word) for word in GENERATORS[name](base, users, seconds, options)]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=RIVALS)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        lines = [line for line in output.read().splitlines() if line.startswith('{"requests"')]
        if not lines:
            raise SystemExit(f"{name} told no figures: {errors.read()[-2000:]}")
    told = json.loads(lines[-1])
    return {
        **told,
        "cpu_s": used.ru_utime + used.ru_stime,
        "system_s": used.ru_stime,
        "memory_mb": used.ru_maxrss / 1024,
    }


def start_of(name, base, options):
    """Return the median run of one user for a second, the shortest that all can: starting, stopping, few requests."""
    return sorted((turn(name, base, 1, 1.0, options) for _ in range(3)), key=lambda run: run["cpu_s"])[1]


def measure_speed(options):
    """Return the figures of each setting: scheme and number of users."""
    names, rows = available(options), []
    with nginx() as bases:
        for scheme in options.schemes.split(","):
            starts = {name: start_of(name, bases[scheme], options) for name in names}
            for users in map(int, options.users.split(",")):
                rounds = {name: [] for name in names}
                for _ in range(options.rounds):
                    for name in names:
                        rounds[name].append(turn(name, bases[scheme], users, options.seconds, options))
                rows.append(setting(scheme, users, rounds, starts))
                show(rows[-1])
    return rows


def cost_us(run, start):
    """Return what the requests took that a run made more than the start's run: starting and stopping falls out."""
    return (run["cpu_s"] - start["cpu_s"]) / max(1, run["requests"] - start["requests"]) * 1e6


def setting(scheme, users, rounds, starts):
    """Return one setting's medians, and how often the CPU of ours each generator takes."""
    generators = {}
    for name, runs in rounds.items():
        costs = [cost_us(run, starts[name]) for run in runs]
        generators[name] = {
            "cpu_us": round(median(costs), 1),
            "cpu_us_rounds": [round(cost, 1) for cost in costs],
            "start_cpu_s": round(starts[name]["cpu_s"] - starts[name]["requests"] * median(costs) / 1e6, 2),
            "system_us": round(median(run["system_s"] / max(1, run["requests"]) * 1e6 for run in runs), 1),
            "requests_per_s": round(median(run["requests"] / run["seconds"] for run in runs)),
            "failed": sum(run["failed"] for run in runs),
            "memory_mb": round(median(run["memory_mb"] for run in runs)),
        }
    own = generators.get("ours", {}).get("cpu_us")
    for row in generators.values():
        if own:
            pairs = zip(row["cpu_us_rounds"], generators["ours"]["cpu_us_rounds"], strict=True)
            paired = [cost / mine for cost, mine in pairs]
            row["times_ours"] = round(median(paired), 2)
    return {"scheme": scheme, "users": users, "generators": generators}


def show(row):
    print(f"{row['scheme']}, {row['users']:,} users")
    for name, figures in row["generators"].items():
        print(
            f"  {name:12} {figures['cpu_us']:7.1f} us CPU a request, {figures.get('times_ours', 0):6.2f} times ours,"
            f" {figures['requests_per_s']:7,} requests/s, {figures['memory_mb']:5,} MB, {figures['failed']} failed",
            flush=True,
        )
