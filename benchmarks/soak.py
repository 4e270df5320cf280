"""What generator and emulator take over time: soak.py FOLDER [--profile dev] [--phase load] [--rate 1000].

Starts the emulator with its documents in a file, runs the profile, with readwrite for so many minutes at such a rate,
and writes what both processes take, every ten seconds, to FOLDER/soak.csv. With `--draw PICTURE.png` it draws that of
an earlier call, beside the rate and the response times of a phase in the run's record; that needs playwright and
Chromium. Linux only, as it reads /proc.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from engine_target import free_port, wait_for

EVERY_S = 10.0
COLUMNS = ("t_s", "who", "rss_mb", "fds", "cpu_s", "data_mb", "inventory_mb", "record_mb")
TOOL = (sys.executable, "-m", "dms_load_test")


def soak(folder, options):
    folder.mkdir(parents=True, exist_ok=True)
    port, cms_port = free_port(), free_port()
    command = [*TOOL, "emulator", "--port", str(port), "--cms-port", str(cms_port), "--data", folder / "soak.db"]
    emulator = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        settings = {
            "API_BASE_URL": f"http://127.0.0.1:{port}/api",
            "CLIENT_ID": "emulator",
            "CLIENT_SECRET": "emulator-secret",
            "RESULTS_DIR": str(folder / "results"),
            "DURATION_READWRITE_PHASE": f"{options.minutes}m",
            "RATE_READWRITE_PHASE": str(options.rate),
            "VUS_READWRITE_PHASE": "100",
        }
        phases = ("--phase", options.phase) if options.phase else ()
        run = subprocess.Popen([*TOOL, "run", "--profile", options.profile, *phases], env=os.environ | settings)
        watch(folder, {"emulator": emulator, "generator": run})
    finally:
        emulator.terminate()
        emulator.wait()


def watch(folder, processes):
    """Write a line for each process every ten seconds, until the run has ended."""
    begin = time.monotonic()
    with (folder / "soak.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        while processes["generator"].poll() is None:
            for who, process in processes.items():
                lines.writerow((round(time.monotonic() - begin), who, *taken(process.pid), *sizes(folder)))
            file.flush()
            time.sleep(EVERY_S)


def taken(pid):
    """Return memory (MB), open files and CPU (s) of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return int(status.get("VmRSS", "0").split()[0]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())), cpu_s


def sizes(folder):
    """Return what the emulator's file, the inventory and the record take on disk (MB)."""
    for pattern in ("soak.db*", "results/*/inventory*", "results/*/record*"):
        yield sum(path.stat().st_size for path in folder.glob(pattern)) / 1_000_000


def requests_in(record, phase):
    """Return (seconds since the begin, requests, their mean time in ms) of each second of a phase."""
    from dms_load_test.results.events import Second  # noqa: PLC0415 - not for the soak itself
    from dms_load_test.results.record import read_record  # noqa: PLC0415 - as above

    for event in read_record(record):
        if isinstance(event, Second) and event.phase == phase:
            count = sum(row.requests for row in event.rows)
            yield event.t, count, sum(row.sum_us for row in event.rows) / max(count, 1) / 1000


def minutes_of(seconds):
    """Return the time in minutes, requests a second and mean time (ms) of each minute."""
    slices = {}
    for t, count, mean_ms in seconds:
        slices.setdefault(int(t // 60), []).append((count, mean_ms))
    for minute, parts in slices.items():
        if len(parts) < 5:  # the last second is no minute
            continue
        total = sum(count for count, _ in parts)
        yield minute, total / len(parts), sum(count * mean for count, mean in parts) / max(total, 1)


def draw(folder, picture, phase):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not for the soak itself
    from plotly.subplots import make_subplots  # noqa: PLC0415 - as above

    with (folder / "soak.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["data_mb"]]
    (record,) = folder.glob("results/*/record.jsonl")
    minutes = list(minutes_of(requests_in(record, phase)))
    titles = (
        "Requests a second",
        "Mean response time, ms",
        "Memory, MB",
        "CPU, share of a core",
        "Open files",
        "Disk, MB",
    )
    plot = make_subplots(rows=3, cols=2, subplot_titles=titles, vertical_spacing=0.1, horizontal_spacing=0.07)
    at = [minute for minute, _, _ in minutes]
    plot.add_scatter(x=at, y=[rate for _, rate, _ in minutes], row=1, col=1, showlegend=False)
    plot.add_scatter(x=at, y=[mean for _, _, mean in minutes], row=1, col=2, showlegend=False)
    for who, color in (("generator", "#1f77b4"), ("emulator", "#d95f02")):
        mine = [row for row in rows if row["who"] == who]
        x = [float(row["t_s"]) / 60 for row in mine]
        series = ([float(row["rss_mb"] or 0) for row in mine], shares(mine), [int(row["fds"]) for row in mine])
        for (row, col), y in zip(((2, 1), (2, 2), (3, 1)), series, strict=True):
            plot.add_scatter(x=x, y=y, name=who, line_color=color, row=row, col=col, showlegend=(row, col) == (2, 1))
    mine = [row for row in rows if row["who"] == "generator"]
    for column, name in (("data_mb", "emulator's file"), ("inventory_mb", "inventory"), ("record_mb", "record")):
        x = [float(row["t_s"]) / 60 for row in mine]
        plot.add_scatter(x=x, y=[float(row[column]) for row in mine], name=name, row=3, col=2)
    plot.update_yaxes(rangemode="tozero")
    plot.update_xaxes(title_text="minutes", row=3)
    plot.update_layout(width=1240, height=900, template="plotly_white", margin={"t": 40, "l": 50, "r": 20, "b": 40})
    page_file = folder / "soak.html"
    plot.write_html(page_file, include_plotlyjs=True)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1260, "height": 920})
        page.goto(page_file.resolve().as_uri())
        page.wait_for_timeout(2000)
        page.screenshot(path=picture)
        browser.close()


def shares(rows):
    """Return the share of a core that a process took since the line before."""
    before = [rows[0], *rows]
    return [
        (float(row["cpu_s"] or 0) - float(last["cpu_s"] or 0)) / max(1.0, float(row["t_s"]) - float(last["t_s"]))
        for last, row in zip(before, rows, strict=False)
    ]


def main():
    parser = argparse.ArgumentParser(description="What generator and emulator take over time")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="dev")
    parser.add_argument("--phase", help="the only phase to run; the one to draw, readwrite unless told")
    parser.add_argument("--minutes", type=int, default=60, help="of readwrite (%(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="operations a second of readwrite (%(default)s)")
    parser.add_argument("--draw", type=Path, metavar="PICTURE.png", help="draw what an earlier call measured")
    options = parser.parse_args()
    if options.draw:
        draw(options.folder, options.draw, options.phase or "readwrite")
    else:
        soak(options.folder, options)


if __name__ == "__main__":
    main()
