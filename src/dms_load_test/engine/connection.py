"""One HTTP/1.1 connection on a non-blocking socket that the loop watches: no transport, no protocol object, no timer.

Rules of this file:
- asyncio's TLS transport costs three to four times all the rest, so the socket (plain or `ssl.SSLSocket`) is read when
  the loop says it is readable, and written at once; only what did not fit waits for `add_writer`.
- A connection does one exchange at a time and never raises for what the network does: `error` names what went wrong
  (see `sample.Sample`), `reason` says it in words.
- Times are from `Wiring.now_ns`; a deadline is only a number, which the client's sweeper compares.
- The reader stays registered between exchanges, so that a server that closes an idle connection is noticed.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade

from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.parser import ResponseParser
from dms_load_test.engine.proxy import refusal_in, tunnel_request
from dms_load_test.engine.reasons import os_reason, tls_reason

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from dms_load_test.engine.address import Address, Origin
    from dms_load_test.engine.options import TransportOptions
    from dms_load_test.engine.proxy import Proxy

_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
RECEIVE_BUFFER_BYTES = 64 * 1024


@dataclass(slots=True)
class Wiring:
    """What all connections of one client share: loop, clock, one receive buffer, limits, and who is open."""

    loop: asyncio.AbstractEventLoop
    now_ns: Callable[[], int]
    options: TransportOptions
    tls: ssl.SSLContext
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(RECEIVE_BUFFER_BYTES)))
    opened: set[Connection] = field(default_factory=set)
    sessions: dict[Origin, ssl.SSLSession] = field(default_factory=dict)
    new_waiter: Callable[[], asyncio.Future[Connection]] = field(init=False)

    def __post_init__(self) -> None:
        self.new_waiter = self.loop.create_future


class Connection:
    """Open it once, then exchange requests and answers until `closed`.

    After an exchange, `response` holds the answer (valid until the next one begins) unless `error` is set.
    """

    __slots__ = (
        "_limit_ns",
        "_receive",
        "_sock",
        "_unsent",
        "_used",
        "_waiter",
        "_wiring",
        "_write",
        "blocked_ns",
        "closed",
        "connecting_ns",
        "deadline_ns",
        "error",
        "finished_ns",
        "first_ns",
        "origin",
        "reason",
        "received_bytes",
        "response",
        "sent_bytes",
        "sent_ns",
        "started_ns",
        "tls_ns",
    )

    def __init__(self, wiring: Wiring, origin: Origin) -> None:
        self._wiring = wiring
        self.origin = origin
        self.response = ResponseParser()
        self.closed = False
        self.error = self.reason = ""
        self.deadline_ns = 0
        self.blocked_ns = self.connecting_ns = self.tls_ns = 0
        self.sent_bytes = self.received_bytes = 0
        self.started_ns = self.sent_ns = self.finished_ns = wiring.now_ns()
        self.first_ns = 0
        self._limit_ns = int(wiring.options.request_timeout_s * NS_PER_S)
        self._used = False
        self._unsent: memoryview | None = None
        self._waiter: asyncio.Future[Connection] | None = None
        self._sock: socket.socket | None = None

    # Opening

    async def open(self, address: Address) -> None:
        """Connect to `address`, TLS included where the origin is https. On failure `error` and `reason` are set."""
        wiring = self._wiring
        begun_ns = wiring.now_ns()
        self.started_ns = self.sent_ns = begun_ns
        self.deadline_ns = begun_ns + int(wiring.options.connect_timeout_s * NS_PER_S)
        wiring.opened.add(self)
        try:
            sock = self._sock = socket.socket(address.family, socket.SOCK_STREAM)
            sock.setblocking(False)  # noqa: FBT003 - the socket API has no keyword
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._connect(sock, address)
            is_tls, proxy = self.origin.scheme == "https", wiring.options.proxies.of(self.origin)
            if is_tls and proxy and not self.closed:
                await self._tunnel(sock, proxy)
            connected_ns = wiring.now_ns()
            self.connecting_ns = connected_ns - begun_ns
            if is_tls and not self.closed:
                await self._handshake(sock)
                self.tls_ns = wiring.now_ns() - connected_ns
        except ssl.SSLError as error:
            self.fail("tls", tls_reason(error))
        except OSError as error:
            proxy = wiring.options.proxies.of(self.origin)
            self.fail("connect", f"{os_reason(error)}{f' by the proxy {proxy.origin}' if proxy else ''}")
        if not self.closed:
            self._attach()

    async def _connect(self, sock: socket.socket, address: Address) -> None:
        code = sock.connect_ex(address.sockaddr)
        if code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
            await self._until_ready(write=True)
            code = 0 if self.closed else sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    async def _tunnel(self, sock: socket.socket, proxy: Proxy) -> None:
        """Ask the proxy for a way to the origin; until TLS has begun, the origin says nothing on it."""
        sock.send(tunnel_request(self.origin, proxy))  # the first bytes of a connection always fit
        head = b""
        while b"\r\n\r\n" not in head and len(head) < self._wiring.options.max_header_bytes and not self.closed:
            await self._until_ready(write=False)
            received = b"" if self.closed else sock.recv(RECEIVE_BUFFER_BYTES)
            if not received:
                break
            head += received
        if refusal := refusal_in(head, proxy):
            self.fail("connect", refusal)

    async def _handshake(self, plain: socket.socket) -> None:
        wiring = self._wiring
        sock = self._sock = wiring.tls.wrap_socket(
            plain,
            do_handshake_on_connect=False,
            server_hostname=self.origin.host,
            session=wiring.sessions.get(self.origin),
        )
        while not self.closed:
            try:
                sock.do_handshake()
            except ssl.SSLWantReadError:
                await self._until_ready(write=False)
            except ssl.SSLWantWriteError:
                await self._until_ready(write=True)
            else:
                return

    async def _until_ready(self, *, write: bool) -> None:
        """Wait until the socket is ready, or the connection failed meanwhile."""
        loop, fd = self._wiring.loop, self._fd()
        waiter = self._waiter = self._wiring.new_waiter()
        (loop.add_writer if write else loop.add_reader)(fd, self._wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if not self.closed:
                (loop.remove_writer if write else loop.remove_reader)(fd)

    def _attach(self) -> None:
        self.deadline_ns = 0
        sock = self._socket()
        self._receive = _reader(sock, self._wiring.buffer)
        self._write = sock.send
        self._wiring.loop.add_reader(sock.fileno(), self._readable)

    # Exchanging

    def exchange(self, request: bytes) -> asyncio.Future[Connection]:
        """Send `request`; the future gives this connection when the answer is complete or `error` is set.

        One exchange at a time.
        """
        if self._used:
            self.blocked_ns = self.connecting_ns = self.tls_ns = 0
        self._used = True
        self.response.begin()
        wiring = self._wiring
        waiter = self._waiter = wiring.new_waiter()
        self.first_ns = self.received_bytes = self.sent_bytes = 0
        started_ns = self.started_ns = self.sent_ns = wiring.now_ns()
        self.deadline_ns = started_ns + self._limit_ns
        self._send(request)
        return waiter

    @property
    def sent_whole(self) -> bool:
        """Whether all of the last request was handed to the system."""
        return self._unsent is None

    def may_repeat(self, *, safe: bool) -> bool:
        """Whether the failed exchange may be done again elsewhere, as the server had closed the kept-alive connection.

        No byte of an answer came, and nothing can be done twice: the request is `safe` or had not gone out.
        """
        kept_alive = not self.connecting_ns
        return kept_alive and self.error == "reset" and not self.received_bytes and (safe or not self.sent_whole)

    def _send(self, data: bytes | memoryview) -> None:
        try:
            count = self._write(data)
        except _NOT_NOW:
            count = 0
        except OSError as error:
            self._unsent = memoryview(data)
            self.fail("reset", os_reason(error))
            return
        self.sent_bytes += count
        if count == len(data):
            self._unsent = None
            self.sent_ns = self._wiring.now_ns()
        else:
            if self._unsent is None:
                self._wiring.loop.add_writer(self._fd(), self._writable)
            self._unsent = memoryview(data)[count:]

    def _writable(self) -> None:
        if self._unsent is None:
            return
        self._send(self._unsent)
        if self.sent_whole:
            self._wiring.loop.remove_writer(self._fd())

    def _readable(self) -> None:
        while not self.closed:
            try:
                count = self._receive()
            except _NOT_NOW:
                return
            except OSError as error:
                self.fail("reset", os_reason(error))
                return
            if not count:
                self._ended()
                return
            if self._waiter is None:  # nothing was asked: a farewell (408) or a server out of step
                self.close()
                return
            self._take(count)
            # A full buffer may have left bytes behind, also in OpenSSL, where the loop cannot see them. OpenSSL gives
            # out a record of 16 KiB at a time, so a buffer that is not full took all there was.
            if count < RECEIVE_BUFFER_BYTES:
                return

    def _take(self, count: int) -> None:
        """Read `count` received bytes of the shared buffer."""
        wiring = self._wiring
        # Once for each read and before its bytes are parsed: our own work is not the server's time.
        self.finished_ns = now_ns = wiring.now_ns()
        if not self.received_bytes:
            self.first_ns = now_ns
        self.received_bytes += count
        response = self.response
        try:
            response.feed(wiring.buffer[:count])
        except (HttpParserError, HttpParserUpgrade) as error:
            if not response.complete:  # else: bytes after an answer that closes the connection
                self.fail("protocol", f"not an HTTP/1.1 answer: {error or type(error).__name__}")
                return
            response.keep_alive = False
        if response.complete:
            self._finish()
        else:
            self._check_size()

    def _check_size(self) -> None:
        options = self._wiring.options
        if self.response.chunks:
            if self.received_bytes > options.max_answer_bytes:
                self.fail("protocol", f"the answer is longer than {options.max_answer_bytes} bytes")
        elif self.received_bytes > options.max_header_bytes:
            self.fail("protocol", f"the answer's head is longer than {options.max_header_bytes} bytes")

    def _finish(self) -> None:
        self.deadline_ns = 0
        response = self.response
        if not response.keep_alive or self._unsent is not None:
            self.close()
        elif self.tls_ns and self.origin not in self._wiring.sessions:
            self._keep_session()
        self._wake()

    def _keep_session(self) -> None:
        """Keep the TLS session for the connections to come; TLS 1.3 sends it after the handshake."""
        sock = self._sock
        if isinstance(sock, ssl.SSLSocket) and sock.session is not None and sock.session.has_ticket:
            self._wiring.sessions[self.origin] = sock.session

    def _ended(self) -> None:
        """Take note that the server closed."""
        if self._waiter is None:
            self.close()
        elif self.response.end():
            self.finished_ns = self._wiring.now_ns()
            self._finish()
        elif self.received_bytes:
            self.fail("reset", "the server closed the connection in the middle of its answer")
        else:
            self.fail("reset", "the server closed the connection without an answer")

    # Ending

    def expire(self) -> None:
        """End the exchange, or the opening, because its deadline has passed."""
        options = self._wiring.options
        if not self._used:
            self.fail("timeout", f"no connection within {options.connect_timeout_s:g} s")
        elif not self.received_bytes:
            self.fail("timeout", f"no answer within {options.request_timeout_s:g} s")
        else:
            self.fail("timeout", f"no complete answer within {options.request_timeout_s:g} s")

    def fail(self, error: str, reason: str) -> None:
        """Close the connection and end what is going on with `error`; what is said first counts."""
        if self.closed:
            return
        self.error, self.reason = error, reason
        self.finished_ns = self._wiring.now_ns()
        self.close()
        self._wake()

    def close(self) -> None:
        """Close the socket; idempotent."""
        if self.closed:
            return
        self.closed = True
        self.deadline_ns = 0
        self._wiring.opened.discard(self)
        sock = self._sock
        if sock is not None and sock.fileno() >= 0:
            self._wiring.loop.remove_reader(sock.fileno())
            self._wiring.loop.remove_writer(sock.fileno())
            sock.close()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(self)

    def _socket(self) -> socket.socket:
        assert self._sock is not None
        return self._sock

    def _fd(self) -> int:
        return self._socket().fileno()


def _reader(sock: socket.socket, buffer: memoryview) -> Callable[[], int]:
    """Return what reads into `buffer` and tells how many bytes."""
    if isinstance(sock, ssl.SSLSocket):
        # What its `recv_into` calls too, after having made another memoryview for its length; with a buffer it returns
        # a number, which its type does not tell.
        return cast("Callable[[], int]", partial(sock.read, len(buffer), buffer))
    return partial(sock.recv_into, buffer)
