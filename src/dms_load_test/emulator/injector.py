"""Making faults happen to a request: around the application, on its connection, over its answer."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dms_load_test.emulator import problems
from dms_load_test.emulator.problems import JSON, PROBLEM_JSON, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from starlette.types import Message, Receive, Send

    from dms_load_test.emulator.faults import FaultRule, Faults

    Scope = MutableMapping[str, Any]
    Serve = Callable[[Scope, Receive, Send], Awaitable[None]]

TRANSPORT = "dms_load_test.transport"
"""Where the scope holds the connection, so that it can be reset."""
LOST_WRITE = "dms_load_test.lost_write"
"""Set in a scope whose write is to be acknowledged and dropped."""
_CUT = "dms_load_test.cut"
"""Set in a scope whose answer was cut off."""
_SLICES_PER_S = 10
_TOO_MANY_REQUESTS, _BAD_GATEWAY = 429, 502
_RESET_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_TITLES = {
    500: ("system", "System Error", "An unexpected problem has occurred."),
    502: ("bad-gateway", "Bad Gateway", "Upstream service unavailable"),
    503: (
        "service-unavailable",
        "Service Unavailable",
        "The service is temporarily unable to handle the request. Retry the request later.",
    ),
    504: ("gateway-timeout", "Gateway Timeout", "The service did not answer in time."),
}


class FaultyProtocol(HttpToolsProtocol):
    """Hands its connection to the application."""

    def on_message_begin(self) -> None:
        """Add the connection to the scope of the request that begins."""
        super().on_message_begin()
        cast("Scope", self.scope)[TRANSPORT] = self.transport


class Injector:
    """Serves requests with the faults in force. `revoke` ends all tokens of data clients."""

    def __init__(self, faults: Faults, revoke: Callable[[], int], correlation_header: str) -> None:
        self._faults = faults
        self._revoke = revoke
        self._correlation_header = correlation_header.lower().encode()
        self._stalled_until_s = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether requests can be served without looking at faults."""
        return not self._faults.rules and not self._stalled_until_s

    def stall(self, seconds: float) -> None:
        """Hold all requests from now on for this long."""
        self._stalled_until_s = max(self._stalled_until_s, asyncio.get_running_loop().time() + seconds)

    async def serve(self, scope: Scope, path: str, receive: Receive, send: Send, serve: Serve) -> None:
        """Serve one request; `path` is below the path base."""
        method = scope["method"]
        await self._wait_for_stall(method, path)
        for rule in self._faults.drawn_for(method, path):
            if rule.kind == "error":
                self._faults.note(rule.kind, method, path, rule.status)
                named = dict(scope["headers"]).get(self._correlation_header, b"injected")
                await _refuse(rule, named.decode("latin-1"), receive, send)
                return
            if rule.kind == "reset":
                self._faults.note(rule.kind, method, path)
                _reset(scope[TRANSPORT])
                await _disconnected(receive)
                return
            send = await self._prepare(rule, scope, path, send)
        await serve(scope, receive, send)
        if scope.get(_CUT):
            await _disconnected(receive)

    async def _prepare(self, rule: FaultRule, scope: Scope, path: str, send: Send) -> Send:
        """Let a fault happen that is no answer of its own; return where the answer goes now."""

        def note(detail: object = "") -> None:
            self._faults.note(rule.kind, scope["method"], path, detail)

        match rule.kind:
            case "latency":
                delay_s = self._faults.delay_s(rule)
                note(f"{delay_s * 1000:.3f} ms")
                await asyncio.sleep(delay_s)
            case "stall":
                note(f"{rule.seconds:g} s")
                self.stall(rule.seconds)
                await self._wait_for_stall(scope["method"], path)
            case "revoke":
                note(f"{self._revoke()} tokens")
            case "half":
                return _halving(scope, send, note)
            case "slow":
                return _slow(rule.bytes_per_s, send, note)
            case _:
                scope[LOST_WRITE] = note
        return send

    async def _wait_for_stall(self, method: str, path: str) -> None:
        loop, is_noted = asyncio.get_running_loop(), False
        while self._stalled_until_s:  # another stall may begin, and a timer may ring a little early
            left_s = self._stalled_until_s - loop.time()
            if left_s <= 0:
                self._stalled_until_s = 0.0
                return
            if not is_noted:
                self._faults.note("stalled", method, path)
                is_noted = True
            await asyncio.sleep(left_s)


async def _refuse(rule: FaultRule, correlation_id: str, receive: Receive, send: Send) -> None:
    """Answer with a status, after the body was read: else a client may be writing still."""
    while (await receive()).get("more_body"):
        pass
    problem = _problem(rule.status, rule.retry_after_s)
    body = problem.body(correlation_id)
    headers = [(b"content-type", problem.content_type), (b"content-length", str(len(body)).encode()), *problem.headers]
    await send({"type": "http.response.start", "status": rule.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _problem(status: int, retry_after_s: int | None) -> Problem:
    if status == _TOO_MANY_REQUESTS:
        return problems.too_many_requests(1 if retry_after_s is None else retry_after_s)
    kind, title, detail = _TITLES.get(status, (f"injected-{status}", "Injected Fault", "A fault of the emulator."))
    headers = () if retry_after_s is None else ((b"retry-after", str(retry_after_s).encode()),)
    content_type = JSON if status == _BAD_GATEWAY else PROBLEM_JSON
    return Problem(status, kind, title, detail, {}, content_type=content_type, headers=headers)


def _reset(transport: asyncio.Transport) -> None:
    """End the connection with a reset instead of an orderly close."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
    transport.abort()


async def _disconnected(receive: Receive) -> None:
    """Wait until the server knows that the connection is gone, so that it does not miss an answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _halving(scope: Scope, send: Send, note: Callable[[], None]) -> Send:
    """Send the head and half of the body, then close."""

    async def send_half(message: Message) -> None:
        if scope.get(_CUT) or not message.get("body"):
            await send(message)
            return
        body = message["body"]
        scope[_CUT] = True
        note()
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope[TRANSPORT].close()

    return send_half


def _slow(bytes_per_s: float, send: Send, note: Callable[[], None]) -> Send:
    """Send the body in small pieces."""
    size = max(1, int(bytes_per_s / _SLICES_PER_S))

    async def send_slowly(message: Message) -> None:
        body = message.get("body", b"")
        if len(body) <= size:
            await send(message)
            return
        note()
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            is_last = start + size >= len(body)
            await send({"type": "http.response.body", "body": piece, "more_body": not is_last})
            if not is_last:
                await asyncio.sleep(len(piece) / bytes_per_s)

    return send_slowly
