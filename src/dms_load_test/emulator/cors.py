"""Cross-origin requests: what lets the pages of one origin, DMS's Swagger UI, use the API from a browser.

As ASP.NET's middleware: a preflight is answered before anything else, whoever asks; only the allowed origin is told
that it may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED = {
    b"access-control-request-method": b"access-control-allow-methods",
    b"access-control-request-headers": b"access-control-allow-headers",
}


class CrossOrigin:
    """Serves `app` to browsers, too. `origin` is the one that may read answers, such as `http://localhost:8082`."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin.encode()
        self._allowed = [(b"access-control-allow-origin", self._origin), (b"vary", b"Origin")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; those without an `Origin` are passed on as they are."""
        origin = next((value for name, value in scope.get("headers", ()) if name == b"origin"), None)
        if origin is None:
            await self._app(scope, receive, send)
            return
        allowed = self._allowed if origin == self._origin else []
        granted = [(_ASKED[name], value) for name, value in scope["headers"] if name in _ASKED]
        if scope["method"] == "OPTIONS" and any(name.endswith(b"-methods") for name, _ in granted):
            headers = [*allowed, *granted] if allowed else []
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *allowed]
            await send(message)

        await self._app(scope, receive, told)
