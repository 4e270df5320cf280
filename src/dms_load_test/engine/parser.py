"""Bytes to answers: one parser per connection, used again for each answer. No socket and no clock.

Hot path: llhttp checks every byte, but the head's fields stay bytes until somebody asks: making names and values of all
of them would be a tenth of what a request costs, and under load one is asked for, Location. The body goes straight into
a list through its C method.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_FINAL_STATUS = 200
_END = b"\r\n\r\n"
_INTERIM = b"1"
_AT_STATUS = slice(len(b"HTTP/1.1 "), len(b"HTTP/1.1 1"))
_USUAL = {
    name.lower(): b"\n" + name + b":"
    for name in (b"Location", b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Retry-After")
}
"""How most servers spell the names that are asked for."""


class ResponseParser:
    """Reads the answers of one connection, one at a time: `begin`, then `feed` until `complete`."""

    __slots__ = (
        "_bodies",
        "_feed",
        "_parser",
        "chunks",
        "complete",
        "head",
        "head_done",
        "keep_alive",
        "on_body",
        "status",
    )

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self.on_body = self._bodies.append
        self._parser = httptools.HttpResponseParser(self)
        self._feed: Callable[[memoryview], None] = self._parser.feed_data
        self.begin()

    def begin(self) -> None:
        """Forget the answer before: the next byte belongs to a new one."""
        self.chunks = self._bodies
        """The body so far; when the answer is complete a list of its own, which its reader may keep."""
        self._bodies.clear()
        self.head = b""
        """Status line and header lines, without the empty line; an interim answer's (100, 103) are left out."""
        self.status = 0
        self.complete = self.head_done = self.keep_alive = False

    def feed(self, data: memoryview) -> None:
        """Take received bytes. Raises: httptools' errors for what is no HTTP."""
        if not self.head_done:
            head, end, rest = (self.head + bytes(data)).lstrip(b"\r\n").partition(_END)
            while end and head[_AT_STATUS] == _INTERIM:
                head, end, rest = rest.partition(_END)
            self.head = head
            self.head_done = bool(end)
        self._feed(data)

    def on_message_complete(self) -> None:
        """Take the answer as whole, if it is no interim one; a second one ends the connection."""
        if self.complete:
            self.keep_alive = False
            return
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL_STATUS:
            self.status = status
            self.keep_alive = self._parser.should_keep_alive()
            self.chunks = self._bodies.copy()  # what comes behind is not this answer's
            self.complete = True

    def end(self) -> bool:
        """Take note that the server closed; return whether that completes the answer (a body without a length)."""
        delimited = find_header(self.head, b"content-length") or find_header(self.head, b"transfer-encoding")
        if self.head_done and not self.complete and not delimited:
            self.status = self._parser.get_status_code()
            self.complete = True
        return self.complete


def find_header(head: bytes, name: bytes) -> bytes:
    """Return the value of a head's first field of a name, empty where there is none; `name` is lower-case."""
    mark = _USUAL.get(name) or b"\n" + name + b":"
    at = head.find(mark)
    if at < 0:
        mark = b"\n" + name + b":"
        at = head.lower().find(mark)
        if at < 0:
            return b""
    begin, end = at + len(mark), head.find(b"\r", at)
    return head[begin : end if end >= 0 else None].strip()


def headers_in(head: bytes) -> dict[str, str]:
    """Return the fields of a head, with lower-case names; of fields with the same name the first."""
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), value.strip())
    return headers


def decode_body(chunks: list[bytes], encoding: bytes, limit_bytes: int) -> bytes:
    """Join a body and undo its gzip or deflate encoding.

    Raises:
        ValueError: The body is not what `encoding` says, or longer than `limit_bytes` when decoded.
    """
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    kind = encoding.strip().lower()
    if not body or kind in {b"", b"identity"}:
        return body
    if kind not in {b"gzip", b"x-gzip", b"deflate"}:
        raise ValueError(f"unknown content encoding {kind.decode('latin-1')}")
    return _inflate(body, _window_bits(kind, body), limit_bytes)


def _window_bits(kind: bytes, body: bytes) -> int:
    if kind != b"deflate":
        return 16 + zlib.MAX_WBITS
    # Some servers send raw deflate under this name: the zlib header's first byte says compression method 8.
    return zlib.MAX_WBITS if body[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS


def _inflate(body: bytes, window_bits: int, limit_bytes: int) -> bytes:
    inflater = zlib.decompressobj(window_bits)
    try:
        plain = inflater.decompress(body, limit_bytes)
    except zlib.error as error:
        raise ValueError(f"damaged compressed body: {error}") from error
    if inflater.unconsumed_tail:
        raise ValueError(f"compressed body holds more than {limit_bytes} bytes")
    if not inflater.eof:
        raise ValueError("compressed body is cut off")
    return plain
