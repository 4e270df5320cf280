"""The live dashboard: a page, and a stream of what changed in it. Nothing is queued for a browser.

Each browser takes the newest state when it is ready for it. One that is slow gets fewer of them, not later ones; one
that comes back gets everything. Parts are rendered once for all browsers, and not at all while there is none.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.middleware import Middleware
from starlette.requests import cookie_parser
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dms_load_test.views.pages import PARTS, SCRIPTS, WEB, plotly_file, render_page, render_part, render_waiting
from dms_load_test.views.prometheus import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PLOTLY = "plotly.js"
_STATIC = (_PLOTLY, *SCRIPTS, "live.js", "style.css")
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_MOST_BROWSERS = 20
_PAUSE_S = 0.9
"""Between two messages to a browser."""
_COOKIE = "dms-load-test-token"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Board:
    """The newest state of a run. `read` returns a page's values, None before the run began."""

    def __init__(self, read: Callable[[], Mapping[str, Any] | None]) -> None:
        self._read = read
        self._page: Mapping[str, Any] = {}
        self._parts: dict[str, tuple[int, str]] = {}
        self._charts: tuple[int, bytes] = (0, b"null")
        self._version = 0
        self._is_stale = True
        self._news = asyncio.Event()
        self._readers = 0
        self.ended = False
        """No more will come: browsers are told so and let go."""

    def changed(self, *, ended: bool = False) -> None:
        """Say that there is something new to read. Quick: nothing is rendered here."""
        self._is_stale = True
        self.ended = self.ended or ended
        news, self._news = self._news, asyncio.Event()
        news.set()

    def page(self) -> Mapping[str, Any] | None:
        """Return the newest values."""
        return self._read()

    async def messages(self, pause_s: float = _PAUSE_S) -> AsyncIterator[bytes]:
        """Yield the state as server-sent events: everything first, then what changed since the one before."""
        if self._readers >= _MOST_BROWSERS:
            return
        self._readers += 1
        try:
            seen = -1
            while True:
                news, ended = self._news, self.ended
                version = self._render()
                if version > seen:
                    yield self._message(seen, ended=ended)
                    seen = version
                if ended:
                    return
                await asyncio.sleep(pause_s)
                await news.wait()
        finally:
            self._readers -= 1

    async def farewell(self, patience_s: float) -> None:
        """Wait until all browsers have the last state, or `patience_s`."""
        for _ in range(int(patience_s * 20)):
            if not self._readers:
                return
            await asyncio.sleep(0.05)

    def _render(self) -> int:
        """Bring the parts up to date and return their version; 0 before the run began."""
        if not self._is_stale:
            return self._version
        page = self._read()
        self._is_stale = False
        if page is None:
            return self._version
        self._version += 1
        for name, values in PARTS.items():
            if name in self._parts and all(page[value] == self._page[value] for value in values):
                continue
            html = render_part(name, page)
            if name not in self._parts or self._parts[name][1] != html:
                self._parts[name] = (self._version, html)
        if page["charts"] is not self._page.get("charts"):
            self._charts = (self._version, msgspec.json.encode(page["charts"]))
        self._page = page
        return self._version

    def _message(self, seen: int, *, ended: bool) -> bytes:
        parts = {name: html for name, (version, html) in self._parts.items() if version > seen}
        version, charts = self._charts
        news = {"parts": parts, "charts": msgspec.Raw(charts if version > seen else b"null"), "ended": ended}
        return b"data: " + msgspec.json.encode(news) + b"\n\n"


def create_dashboard(
    board: Board, *, hosts: Sequence[str] = (), token: str = "", routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the application. It answers only to the names in `hosts` (empty: to all), with `token` if there is one.

    `routes` are mounted beside it, behind the same guard: `/metrics`.
    """

    async def page(_request: Request) -> Response:
        values = board.page()
        text = (
            render_waiting()
            if values is None
            else render_page(values, live=True, script_names=(_PLOTLY, *SCRIPTS, "live.js"))
        )
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    async def events(_request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(board.messages(), media_type="text/event-stream", headers=headers)

    own = [Route("/", page), Route("/events", events), Route("/static/{name}", _static)]
    guards = [Middleware(_Guard, hosts=frozenset(hosts), token=token)]
    return Starlette(routes=[*own, *routes], middleware=guards)


def metrics_route(read: Callable[[], str]) -> Route:
    """Return the route for Prometheus. `read` gives its text, in a thread of its own."""

    def metrics(_request: Request) -> Response:
        return Response(read(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return Route("/metrics", metrics)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return PlainTextResponse("no such file", 404)
    path = plotly_file() if name == _PLOTLY else WEB / name
    return FileResponse(path, media_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


class _Guard:
    """Lets in who asks by a name of ours (against DNS rebinding) and knows the token: in the URL, then in a cookie."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if self._hosts and _name_of(headers.get(b"host", "")) not in self._hosts:
            await PlainTextResponse("this dashboard does not go by that name", 421)(scope, receive, send)
            return
        in_url = self._knows(QueryParams(scope["query_string"]).get("token", ""))
        if not (in_url or self._knows(cookie_parser(headers.get(b"cookie", "")).get(_COOKIE, ""))):
            text = "the token is missing or wrong: open the address that the load test printed"
            await PlainTextResponse(text, 403)(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), in_url=in_url)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _knows(self, token: str) -> bool:
        return not self._token or hmac.compare_digest(token.encode(), self._token.encode())

    def _add_headers(self, headers: MutableHeaders, *, in_url: bool) -> None:
        headers["Content-Security-Policy"] = _POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"  # the token may be in the address
        if self._token and in_url:
            headers.append("Set-Cookie", f"{_COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/")


def _name_of(host: str) -> str:
    """Return a Host header's name without its port: `localhost`, `[::1]`."""
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
