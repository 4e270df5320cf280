"""Bytes to answers: one parser per connection, used again for each answer. No socket and no clock.

Hot path: headers and body go straight into a dict and a list through their C methods, without a Python frame for each.
The header names keep the server's spelling; `find_header` knows how to look.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIRST_FINAL_STATUS = 200
_USUAL = {
    name.lower(): name
    for name in (b"Location", b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Retry-After")
}
"""How most servers spell the names that are asked for."""


class ResponseParser:
    """Reads the answers of one connection, one at a time: `begin`, then `feed` until `complete`."""

    __slots__ = (
        "_parser",
        "chunks",
        "complete",
        "feed",
        "head_done",
        "headers",
        "keep_alive",
        "on_body",
        "on_header",
        "status",
    )

    feed: Callable[[memoryview], None]
    """Takes received bytes. Raises: httptools' errors for what is no HTTP."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.chunks: list[bytes] = []
        self.on_header = self.headers.setdefault
        self.on_body = self.chunks.append
        self._parser = httptools.HttpResponseParser(self)
        self.feed = self._parser.feed_data
        self.keep_alive = False
        self.begin()

    def begin(self) -> None:
        """Forget the answer before: the next byte belongs to a new one."""
        self.headers.clear()
        self.chunks.clear()
        self.status = 0
        self.complete = self.head_done = False

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        self.head_done = True

    def on_message_complete(self) -> None:
        """Take the answer as whole; an interim one (100, 103) is forgotten, a second one ends the connection."""
        if self.complete:
            self.keep_alive = False
            return
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            self.headers.clear()
            self.head_done = False
            return
        self.status = status
        self.keep_alive = self._parser.should_keep_alive()
        self.complete = True

    def end(self) -> bool:
        """Take note that the server closed; return whether that completes the answer (a body without a length)."""
        delimited = find_header(self.headers, b"content-length") or find_header(self.headers, b"transfer-encoding")
        if self.head_done and not self.complete and not delimited:
            self.status = self._parser.get_status_code()
            self.complete = True
        return self.complete


def find_header(headers: Mapping[bytes, bytes], name: bytes) -> bytes:
    """Return a header's value, empty where there is none; `name` is lower-case: `b"content-length"`."""
    value = headers.get(_USUAL.get(name, name)) or headers.get(name)
    if value is not None:
        return value
    return next((value for key, value in headers.items() if key.lower() == name), b"")


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
