"""The HTTP client: connections to origins, and the one sweeper for all their time-outs."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from dms_load_test.engine.address import Address, Origin, resolve, split_url
from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from dms_load_test.engine.connection import Connection, Wiring
from dms_load_test.engine.options import TransportOptions, tls_context
from dms_load_test.engine.proxy import absolute_form
from dms_load_test.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from dms_load_test.engine.proxy import Proxy

LOOK_UP_AGAIN_S = 1.0
"""A name whose addresses fail is looked up no more often, whatever the number of users that try."""
SWEEP_S = 0.1
"""A time-out is noticed this late at most: exact enough for limits of seconds, and cheap for 10,000 connections."""
STOPPED = "stopped before the answer"
_USER_AGENT = "dms-load-test"
_ENGINES_OWN = frozenset({"authorization", "content-length", "transfer-encoding"})
"""Headers that each request gets from the engine when it is sent."""


class Client:
    """What all virtual users of a process share to reach their targets. Make it inside a running loop.

    Raises:
        ConfigError: A certificate file of `options` is not usable.
    """

    def __init__(self, options: TransportOptions | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.options = options or TransportOptions()
        self.clock = clock
        self.dice = random.Random()
        loop = asyncio.get_running_loop()
        self._wiring = Wiring(loop, clock.now_ns, self.options, tls_context(self.options))
        self._look_ups: dict[Origin, tuple[asyncio.Task[list[Address]], int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open_connections(self) -> int:
        """How many connections are open or being opened."""
        return len(self._wiring.opened)

    def channel(self, origin: Origin) -> Channel:
        """Return a way to `origin` for one user: one connection at a time, kept alive."""
        proxy = self.options.proxies.of(origin)
        return ProxiedChannel(self, origin, proxy) if proxy and origin.scheme == "http" else Channel(self, origin)

    def new_connection(self, origin: Origin) -> Connection:
        """Return a connection that `open` will open."""
        if self._timer is None:
            self._timer = self._wiring.loop.call_later(SWEEP_S, self._tick)
        return Connection(self._wiring, origin)

    async def addresses(self, origin: Origin) -> list[Address]:
        """Return the origin's addresses, in the order to try them: one list for all, asked of the system once.

        Raises:
            OSError: The name has none.
        """
        entry = self._look_ups.get(origin)
        if entry is None:
            entry = self._look_ups[origin] = self._wiring.loop.create_task(resolve(origin)), self.clock.now_ns()
        try:
            # A user that is stopped while it waits must not take the answer away from the others.
            return await asyncio.shield(entry[0])
        except OSError:
            if self._look_ups.get(origin) is entry:
                del self._look_ups[origin]
            raise

    def doubt(self, origin: Origin) -> None:
        """Take note that none of the origin's addresses gives a connection: the next opening looks them up again."""
        _, asked_ns = self._look_ups.get(origin, (None, 0))
        if self.clock.now_ns() - asked_ns >= LOOK_UP_AGAIN_S * NS_PER_S:
            self._look_ups.pop(origin, None)

    def sweep(self, now_ns: int) -> None:
        """End every exchange and opening whose deadline has passed."""
        for connection in [c for c in self._wiring.opened if 0 < c.deadline_ns < now_ns]:
            connection.expire()

    def close(self) -> None:
        """Close all connections; exchanges under way end as cancelled."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for look_up, _ in self._look_ups.values():
            look_up.cancel()
        for connection in tuple(self._wiring.opened):
            connection.fail("cancelled", "the client was closed")

    def _tick(self) -> None:
        self.sweep(self.clock.now_ns())
        self._timer = self._wiring.loop.call_later(SWEEP_S, self._tick) if self._wiring.opened else None


class Channel:
    """One user's way to one origin. `connection` is the one used last, with the times and answer of its exchange."""

    __slots__ = ("_client", "connection", "origin")

    def __init__(self, client: Client, origin: Origin) -> None:
        self._client = client
        self.origin = origin
        self.connection: Connection | None = None

    async def send(self, request: bytes, *, safe: bool) -> Connection:
        """Send a whole request and return its connection when the answer is complete or `error` is set."""
        try:
            connection = await self.begin(request)
        except asyncio.CancelledError:
            self.take_cancelled()
            raise
        return await self.repeat(connection, request, safe=safe)

    def begin(self, request: bytes) -> Awaitable[Connection]:
        """Begin to send and return what to await; `repeat` what fails, `take_cancelled` what is cancelled.

        This is `send` in three parts, because another coroutine would be a measurable part of a request's cost.
        """
        connection = self.connection
        if connection is None or connection.closed:
            return self._send_fresh(request, 0)
        return connection.exchange(request)

    async def repeat(self, connection: Connection, request: bytes, *, safe: bool) -> Connection:
        """Send once more where a kept-alive connection turned out to be closed; return the connection that counts."""
        if connection.error and connection.may_repeat(safe=safe):
            return await self._send_fresh(request, self._client.clock.now_ns() - connection.started_ns)
        return connection

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()

    def take_cancelled(self) -> Connection | None:
        """End the exchange or opening that was cancelled; return its connection, as it is where it was just over."""
        connection = self.connection
        if connection is not None and not connection.response.complete:
            connection.fail("cancelled", STOPPED)
        return connection

    async def _send_fresh(self, request: bytes, lost_ns: int) -> Connection:
        connection = await self._open(lost_ns)
        return connection if connection.error else await connection.exchange(request)

    async def _open(self, lost_ns: int) -> Connection:
        """Open a connection to the first of the origin's addresses that accepts one."""
        client, origin = self._client, self.origin
        begun_ns = client.clock.now_ns() - lost_ns
        connection = self.connection = client.new_connection(origin)
        proxy = client.options.proxies.of(origin)
        reached = proxy.origin if proxy else origin
        try:
            addresses = await client.addresses(reached)
        except OSError as error:
            connection.fail("connect", f"no address for {reached.host}: {error.strerror or error}")
            return connection
        for address in tuple(addresses):
            connection = self.connection = client.new_connection(origin)
            connection.blocked_ns = client.clock.now_ns() - begun_ns
            try:
                await connection.open(address)
            except asyncio.CancelledError:
                connection.fail("cancelled", "stopped before the connection was open")
                raise
            if not connection.error:
                addresses.sort(key=lambda other: other != address)  # the one that worked is tried first from now on
            if connection.error in {"", "cancelled"}:
                return connection
        client.doubt(reached)
        return connection


class ProxiedChannel(Channel):
    """The way to a plain http origin through a proxy: requests name the whole URL."""

    __slots__ = ("_proxy",)

    def __init__(self, client: Client, origin: Origin, proxy: Proxy) -> None:
        super().__init__(client, origin)
        self._proxy = proxy

    def begin(self, request: bytes) -> Awaitable[Connection]:
        """Begin to send, as `Channel.begin`."""
        return super().begin(absolute_form(request, self.origin, self._proxy))

    async def repeat(self, connection: Connection, request: bytes, *, safe: bool) -> Connection:
        """Send once more, as `Channel.repeat`."""
        return await super().repeat(connection, absolute_form(request, self.origin, self._proxy), safe=safe)


def request_bytes(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[Origin, bytes]:
    """Return where a single request goes, and its bytes, for what is asked once and not in the hot path.

    Raises:
        ConfigError: `url` is no absolute URL.
    """
    origin, path = split_url(url)
    lines = [f"{method} {path} HTTP/1.1", *common_headers(origin)]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return origin, "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def common_headers(origin: Origin) -> tuple[str, ...]:
    """Return the header lines that every request to `origin` has."""
    return (
        f"Host: {origin.authority}",
        f"User-Agent: {_USER_AGENT}",
        "Accept: application/json",
        "Accept-Encoding: gzip, deflate",
    )


def with_headers(tail: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the end of a request's head with `headers`, in place of lines in it that have the same names.

    Raises:
        ScenarioError: A header is the engine's own.
    """
    names = {name.lower() for name in headers}
    if own := sorted(names & _ENGINES_OWN):
        raise ScenarioError(f"header {own[0]} is set with each request: leave it out of `headers`")
    version, *lines = tail.decode("ascii").removesuffix("\r\n").split("\r\n")
    kept = [line for line in lines if line.partition(":")[0].lower() not in names]
    given = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((version, *kept, *given, "")).encode("latin-1")
