"""What the load generator costs and how exact it is, beside others: python benchmarks/engine.py --json out.json

Every generator does the same work against one nginx worker on this machine: users that POST a document and GET it,
as fast as they can. Generators take turns, round by round, and medians are compared, because machines change their
speed. CPU is user and system time of the whole process; what starting and stopping takes falls out by the difference to
a run of one user for a second.

Needs: nginx and wrk (`apt-get install nginx-light wrk`), and for the rivals a Python with `pip install aiohttp locust`
(`--python PATH`, or `pip install --group bench` here). What is missing is left out and said so. `--k6 k6` adds k6.
Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import sys
from pathlib import Path

from engine_accuracy import measure_accuracy
from engine_growth import measure_growth
from engine_speed import measure_speed

PARTS = {"speed": measure_speed, "accuracy": measure_accuracy, "growth": measure_growth}


def program(text):
    """Where a program is, from any folder: rivals run in theirs. Links stay, as they are what makes an environment."""
    found = shutil.which(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: there is no such program")
    return os.path.abspath(found)  # noqa: PTH100 - Path.absolute() keeps `..`, Path.resolve() follows links


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--parts", default="speed,accuracy", help="of speed, accuracy, growth (ten minutes)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each generator's turn")
    parser.add_argument("--users", default="50", help="numbers of users, such as 50,1000,10000")
    parser.add_argument("--schemes", default="http,https")
    parser.add_argument("--only", default="", help="generators, such as ours,wrk,aiohttp,locust-fast,locust-http,k6")
    parser.add_argument("--rates", default="200,1000,5000", help="arrivals a second for accuracy")
    parser.add_argument("--minutes", type=float, default=10.0, help="for growth")
    parser.add_argument("--python", type=program, default=sys.executable, help="a Python that has aiohttp and locust")
    parser.add_argument("--k6", type=program, help="the k6 program")
    return parser.parse_args()


def machine():
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0].partition(":")[2].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load_before": os.getloadavg(),
    }


def main():
    options = arguments()
    if shutil.which("nginx") is None:
        sys.exit("nginx is missing: apt-get install nginx-light wrk")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # 10,000 users are 10,000 sockets on either side
    figures = {"machine": machine(), "command": " ".join(sys.argv)}
    for part in options.parts.split(","):
        figures[part] = PARTS[part](options)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
