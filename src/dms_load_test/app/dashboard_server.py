"""The dashboard's own process: reads the record while the run writes it, and serves what it says.

Being a reader of the record, in another process, it cannot hold up the loop that times requests: neither by work, nor
by a browser, nor by Python's interpreter lock. Started by `app/dashboard.py`; how the two talk: `child.py`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from dms_load_test.app.dashboard import DashboardOptions, address, shown_host
from dms_load_test.app.metering import MeteredRecord
from dms_load_test.child import announce
from dms_load_test.errors import LoadTestError
from dms_load_test.results.charts import charts_of, distribution_charts
from dms_load_test.results.follow import RecordFollower
from dms_load_test.results.page import head_values, step_values
from dms_load_test.results.page_tables import table_values
from dms_load_test.results.story import Story
from dms_load_test.views.dashboard import Board, create_dashboard, metrics_route

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_EVERY_S = 0.25
_EVENTS_AT_A_TIME = 20
_FAREWELL_S = 2.0
"""How long the browsers may take to get the last state."""
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_SELDOM_S = 5.0
_POINTS_PER_S = 120
"""Charts are made anew the more seldom the more points they have, so that they cost the same in a long run."""


class _Pages:
    """A page's values from the story; each kind is made anew as often as it is worth its cost."""

    def __init__(self) -> None:
        self.story = Story()
        self._made: dict[str, tuple[object, dict[str, Any]]] = {}

    def read(self) -> dict[str, Any] | None:
        """Return the newest values, None before the run began."""
        story, run = self.story, self.story.run
        if run is None:
            return None
        marks = (len(run.marks), len(run.accounts), run.ending)
        points_s = max(1.0, len(story.counts.slices) / _POINTS_PER_S)
        seldom = (run.recorded_s // _SELDOM_S, marks)
        distributions = self._as_of(seldom, distribution_charts)
        return {
            **head_values(story),
            **self._as_of(seldom, step_values),
            **self._as_of((run.totals_s, marks, len(run.tables), len(run.violations)), table_values),
            "charts": self._as_of((run.recorded_s // points_s, marks), charts_of, distributions),
        }

    def _as_of(self, state: object, make: Callable[..., dict[str, Any]], *more: object) -> dict[str, Any]:
        """Return what `make` makes of the story, made once for each `state`."""
        made = self._made.get(make.__name__)
        if made is None or made[0] != state:
            made = self._made[make.__name__] = (state, make(self.story, *more))
        return made[1]


class _Server(uvicorn.Server):
    """Follows the record beside serving, and tells when it is ready."""

    def __init__(self, config: uvicorn.Config, follow: Callable[[], Any], on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._follow = follow
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
        self._following = asyncio.ensure_future(self._until_the_end())

    async def _until_the_end(self) -> None:
        try:
            await self._follow()
        finally:  # a page that stands still would look like a run that does
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self._following.done():
            self._following.result()


def serve_dashboard(options: DashboardOptions, listener: socket.socket) -> None:
    """Serve until standard input ends, and the browsers have what came until then."""
    leave = threading.Event()
    pages = _Pages()

    async def run() -> None:
        board = Board(pages.read)
        metrics = metrics_route(MeteredRecord(Path(options.record)).text)
        app = create_dashboard(board, hosts=_hosts(options), token=options.token, routes=[metrics])
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config, lambda: _follow(pages.story, board, Path(options.record), leave), on_ready)
        with suppress(asyncio.CancelledError):
            await server.serve(sockets=[listener])

    def on_ready() -> None:
        announce(address(options, listener.getsockname()[1]), leave.set)

    asyncio.run(run())


async def _follow(story: Story, board: Board, record: Path, leave: threading.Event) -> None:
    """Fold what is appended until the parent wants an end, and then what is left."""
    follower = RecordFollower(record)
    while True:
        is_last = leave.is_set()
        count = 0
        for count, event in enumerate(follower.new_events(), start=1):
            story.add(event)
            if count % _EVENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)  # a long record must not hold up the browsers
        if count or is_last:
            board.changed(ended=is_last)
        if is_last:
            await board.farewell(_FAREWELL_S)
            return
        await asyncio.sleep(_LOOK_EVERY_S)


def _hosts(options: DashboardOptions) -> tuple[str, ...]:
    """Return the names that a browser may ask by: any, where a token guards the address."""
    return () if options.token else (*_LOOPBACK_NAMES, shown_host(options))


def _listen(options: DashboardOptions) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        sys.exit(f"cannot listen on {options.host}:{options.port}: {error.strerror}; choose another --dashboard-port")
    return listener


def _run() -> None:
    options = msgspec.json.decode(sys.stdin.buffer.readline(), type=DashboardOptions)
    with _listen(options) as listener:
        try:
            serve_dashboard(options, listener)
        except LoadTestError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    _run()
