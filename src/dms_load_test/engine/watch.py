"""The generator watches itself: what it could not do in time would be charged to the target.

Rules:
- Loop lag is how late a timer of a fixed cadence rings. What a stall delays is counted for every ring that was due in
  it, so that a stall of a second weighs a second, as it does for requests.
- A limit must be passed in every look for `LASTING_S` in a row: a single stall is in the times of the requests that it
  delayed, but does not make the generator the bottleneck.
- A process that was stopped, or whose machine slept, neither took a core nor waited for one: that is told as such.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

RING_S = 0.01
MOST_LAG_MS = 10.0
MOST_CPU_RATIO = 0.9
LASTING_S = 5.0
STOPPED_S = 3.0
"""A look that took so long, instead of a second, with hardly any CPU time in it: the process did not run."""
_HARDLY_RATIO = 0.5
_SHORTEST_LOOK_S = 0.5
"""Over less, CPU time is mostly its clock's steps: the figures of the look before stand."""
_MOST_RINGS = 1000
"""So many missed rings are counted for one stall at the most: ten seconds."""
_FILES = Path("/proc/self/fd")
_MEMORY = Path("/proc/self/statm")
_PERCENT = 0.99


class Watch:
    """Figures of this process: `start` in the running loop, `look` about once a second, `stop`."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._due_ns = self._looked_ns = clock.now_ns()
        self._cpu_s = time.process_time()
        self._lags_ms: list[float] = []
        self._figures: dict[str, float] = {}

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._due_ns = self._clock.now_ns()
        self._wait()

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> Mapping[str, float]:
        """Return the figures since the last look; those that the system does not tell are absent.

        `cpu_ratio` 1.0 is a whole core, `loop_lag_p99_ms` is of this time, `open_files` and `memory_bytes` are of now.
        """
        now_ns, cpu_s = self._clock.now_ns(), time.process_time()
        elapsed_s = (now_ns - self._looked_ns) / NS_PER_S
        if elapsed_s < _SHORTEST_LOOK_S:
            return self._figures
        lags_ms, self._lags_ms = self._lags_ms, []
        self._figures = {
            "cpu_ratio": round((cpu_s - self._cpu_s) / elapsed_s, 3),
            "loop_lag_p99_ms": round(p99_of(lags_ms), 3),
            **_from_system(),
        }
        self._looked_ns, self._cpu_s = now_ns, cpu_s
        return self._figures

    def _ring(self) -> None:
        ring_ns, now_ns = int(RING_S * NS_PER_S), self._clock.now_ns()
        missed = min(_MOST_RINGS, (now_ns - self._due_ns) // ring_ns)
        late_ms = (now_ns - self._due_ns) / 1e6
        self._lags_ms += [max(0.0, late_ms - number * RING_S * 1000) for number in range(missed + 1)]
        self._due_ns += (missed + 1) * ring_ns if missed < _MOST_RINGS else now_ns - self._due_ns
        self._wait()

    def _wait(self) -> None:
        wait_s = max(0.0, self._due_ns - self._clock.now_ns()) / NS_PER_S
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._ring)


class GeneratorLimit:
    """Decides from a run's figures whether its generator was the bottleneck; `text` says why, or is empty."""

    def __init__(self) -> None:
        self._lasting_s: defaultdict[str, float] = defaultdict(float)
        self._longest_s: defaultdict[str, float] = defaultdict(float)
        self._highest: defaultdict[str, float] = defaultdict(float)

    def add(self, figures: Mapping[str, float], seconds: float) -> float:
        """Take in the figures of some seconds in which requests were sent; return for how long the process stood."""
        lag_s = figures.get("loop_lag_p99_ms", 0.0) / 1000
        if min(seconds, lag_s) >= STOPPED_S and figures.get("cpu_ratio", 0.0) < _HARDLY_RATIO:
            self.pause()
            return lag_s
        for name, most in (("cpu_ratio", MOST_CPU_RATIO), ("loop_lag_p99_ms", MOST_LAG_MS)):
            value = figures.get(name, 0.0)
            self._lasting_s[name] = self._lasting_s[name] + seconds if value > most else 0.0
            if self._lasting_s[name] > self._longest_s[name]:
                self._longest_s[name] = self._lasting_s[name]
                self._highest[name] = max(self._highest[name], value)
        return 0.0

    def pause(self) -> None:
        """Between steps nothing lasts on."""
        self._lasting_s.clear()

    @property
    def is_saturated(self) -> bool:
        """Whether the generator used up its own core, as opposed to waiting for one that others used."""
        return self._longest_s["cpu_ratio"] >= LASTING_S

    @property
    def text(self) -> str:
        """What was too much, for how long, and what to do."""
        cpu_s, lag_s = self._longest_s["cpu_ratio"], self._longest_s["loop_lag_p99_ms"]
        late = f"its event loop was {self._highest['loop_lag_p99_ms']:.0f} ms late at p99 for {lag_s:.0f} s"
        if self.is_saturated:
            also = f", and {late}" if lag_s >= LASTING_S else ""
            took = f"its process took {self._highest['cpu_ratio']:.0%} of a core for {cpu_s:.0f} s"
            return f"{took}{also}; add processes with --workers, or lower the load"
        if lag_s >= LASTING_S:
            return f"{late} while others used the machine's cores; give it a machine of its own, or add workers there"
        return ""


def p99_of(values: list[float]) -> float:
    """Return the 99th percentile by nearest rank; 0 where there is no value."""
    return sorted(values)[ceil(_PERCENT * len(values)) - 1] if values else 0.0


def _from_system() -> dict[str, float]:
    """Ask Linux; elsewhere there is no way to know without a further dependency."""
    try:
        files = len(os.listdir(_FILES))  # noqa: PTH208 - thousands of names, no paths
        resident_pages = int(_MEMORY.read_text("ascii").split()[1])
    except OSError:
        return {}
    return {"open_files": float(files), "memory_bytes": float(resident_pages * os.sysconf("SC_PAGE_SIZE"))}
