"""The worker's side of Dask: functions that its scheduler calls, and the post box between them and the worker's thread.

The load runs on a loop of its own in a thread of its own, so that it is the same loop as without Dask. Dask's loop
only carries letters. A worker that hears nothing for a while ends by itself: nobody may be left who could stop it.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dms_load_test import __version__
from dms_load_test.cluster.messages import Raised
from dms_load_test.errors import LoadTestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.cluster.messages import Instruction, Letter, Report

LEASE_S = 6.0
"""A worker that has not been asked for so long is an orphan, and stops. Asked it is every second."""
COLLECT_S = 1.0
"""A question for reports waits so long for the first one."""
MOST_REPORTS = 64


@dataclass(frozen=True, slots=True)
class Description:
    """A worker before it is given anything: what it runs, and which of the wanted files it has as they should be."""

    version: str
    host: str
    files: Mapping[str, str]
    """Path -> SHA-256 in hexadecimal, of those that exist."""
    busy: str = ""
    """The run that it works for, if any."""


class Post:
    """Instructions in, reports out, between Dask's loop (`deliver`, `collect`) and the worker's own (the others)."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.closed = False
        self.forsaken = False
        self.heard_s = time.monotonic()
        self._reports: deque[Report] = deque()
        self._outer = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._early: list[Instruction] = []
        self._inner: asyncio.AbstractEventLoop | None = None
        self._take: Callable[[Instruction], None] | None = None
        self._lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def listen(self, take: Callable[[Instruction], None]) -> None:
        """Let `take` have every instruction, on the loop that this is called on."""
        with self._lock:
            self._inner, self._take = asyncio.get_running_loop(), take
            early, self._early = self._early, []
        for instruction in early:
            take(instruction)

    def report(self, report: Report) -> None:
        """Give a report to the coordinator; from any thread."""
        self._reports.append(report)
        self._outer.call_soon_threadsafe(self._filled.set)

    @property
    def orphaned(self) -> bool:
        """Whether nobody has asked for too long."""
        return self.closed or time.monotonic() - self.heard_s > LEASE_S

    def forsake(self) -> None:
        """Take nothing any more: the worker ends, whoever asks from now on."""
        with self._lock:
            self.forsaken = True

    def deliver(self, instructions: tuple[Instruction, ...]) -> None:
        """Hand instructions over to the worker's loop."""
        self.heard_s = time.monotonic()
        with self._lock:  # held to the end: the loop of a forsaken post may be closed at any moment
            if self.forsaken or self.closed:
                return
            if self._inner is None or self._take is None:
                self._early += instructions
                return
            for instruction in instructions:
                self._inner.call_soon_threadsafe(self._take, instruction)

    async def collect(self) -> list[Report] | None:
        """Return what has been reported; wait a little for it where there is nothing.

        None after the last words of a worker that ended because nobody had asked: nothing of it is at work any more.
        """
        self.heard_s = time.monotonic()
        has_ended = self.forsaken and self.closed
        if not self._reports:
            if has_ended:
                return None
            self._filled.clear()
            try:
                await asyncio.wait_for(self._filled.wait(), COLLECT_S)
            except TimeoutError:
                return []
        return [self._reports.popleft() for _ in range(min(MOST_REPORTS, len(self._reports)))]


_POSTS: dict[str, Post] = {}
"""The post of the run that this process works for. Dask calls functions, so that the way to it is by name."""


def describe(files: tuple[str, ...]) -> Description:
    """Tell what this worker is; `files` are paths that a run needs."""
    busy = next((name for name, post in _POSTS.items() if not post.closed), "")
    return Description(__version__, platform.node(), hashes(files), busy)


def hashes(files: tuple[str, ...]) -> dict[str, str]:
    """Return the SHA-256 of each file that exists, by path."""
    return {name: sha256(Path(name).read_bytes()).hexdigest() for name in files if Path(name).is_file()}


def clock_ns() -> int:
    """Return the clock that this worker's figures are on."""
    return time.perf_counter_ns()


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the coordinator: a terminal sends it to workers of the same machine, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def open_post(serve: Callable[[Post, Any], None], run_id: str, job: Any) -> None:
    """Start `serve(post, job)` in a thread. A post that is there already is closed first."""
    logging.getLogger("distributed.worker").setLevel(logging.WARNING)  # each question would be a line of its log
    for old in tuple(_POSTS):
        close_post(old)
    post = _POSTS[run_id] = Post(run_id)
    post.thread = threading.Thread(target=_serve, args=(serve, post, job), name="dms-load-test", daemon=True)
    post.thread.start()


def _serve(serve: Callable[[Post, Any], None], post: Post, job: Any) -> None:
    try:
        serve(post, job)
    except LoadTestError as error:
        post.report(Raised(type(error).__name__, str(error)))
    except Exception as error:
        logging.getLogger(__name__).exception("the worker failed")
        post.report(Raised("", f"{type(error).__name__}: {error}"))
    finally:
        post.closed = True


def deliver(run_id: str, letter: Letter) -> None:
    """Take a letter, if anybody is there to read it."""
    post = _POSTS.get(run_id)
    if post is not None:
        post.deliver(letter.instructions)


async def collect(run_id: str) -> list[Report] | None:
    """Return the worker's reports; None where the run is not here any more, as after a restart of the process."""
    post = _POSTS.get(run_id)
    return None if post is None else await post.collect()


def close_post(run_id: str) -> None:
    """End the run on this worker."""
    post = _POSTS.pop(run_id, None)
    if post is not None:
        post.closed = True
