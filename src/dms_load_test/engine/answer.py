"""From a finished exchange to the values that flow on: the reply, and the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.engine.parser import decode_body, find_header, headers_in
from dms_load_test.load.virtual_user import Reply
from dms_load_test.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.engine.connection import Connection


class Answer(Reply):
    """A reply whose members are decoded when first asked for: under load hardly anyone asks.

    `document_id` is that of the request; None where the server gives it out.
    """

    __slots__ = ("_chunks", "_head", "_limit_bytes")

    def __init__(self, connection: Connection, limit_bytes: int, ok: bool, document_id: str | None = None) -> None:
        response = connection.response
        if connection.error:
            response.begin()
        self.ok = ok
        self.error = connection.error
        self._document_id = document_id
        self.status = response.status
        self._headers = self._body = None
        self._limit_bytes = limit_bytes
        self._head = response.head
        self._chunks = response.chunks

    @property
    def document_id(self) -> str:
        """The document's id: that of the request, or else from Location; empty where there is none."""
        if self._document_id is None:
            self._document_id = document_id_of(self.header(b"location")) if self.ok else ""
        return self._document_id

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with lower-case names."""
        if self._headers is None:
            self._headers = headers_in(self._head)
        return self._headers

    @property
    def body(self) -> bytes:
        """The body, without its encoding. Raises: ValueError: its compression is damaged."""
        if self._body is None:
            self._body = decode_body(self._chunks, self.header(b"content-encoding"), self._limit_bytes)
        return self._body

    def header(self, name: bytes) -> bytes:
        """Return a header's raw value, empty where there is none; `name` is lower-case."""
        return find_header(self._head, name)


def document_id_of(location: bytes) -> str:
    """Return the id at the end of a Location header, as the server spells it; empty where it holds none.

    >>> document_id_of(b"http://localhost/data/ed-fi/students/0fbd?x=1")
    '0fbd'
    """
    last = location.rpartition(b"/")[2]
    if not last or b"?" in location:
        last = location.partition(b"?")[0].rstrip(b"/").rpartition(b"/")[2]
    return last.decode("latin-1")


class Labels(NamedTuple):
    """What samples of one kind of request have in common."""

    phase: str
    operation: str
    resource: str


def sample_of(
    connection: Connection,
    labels: Labels,
    ok: bool,
    final: bool = True,
    attempt: int = 1,
    due_ns: int = 0,
) -> Sample:
    """Return the sample of a connection's last exchange; `due_ns` 0 means that it was due when it started.

    `started_ns` is when sending began (or connecting, where that failed): k6 counts the opening of a connection beside
    `http_req_duration`, not in it. A due time counts it in.
    """
    started_ns, finished_ns = connection.started_ns, connection.finished_ns
    first_ns, sent_ns = connection.first_ns or finished_ns, connection.sent_ns
    if sent_ns > first_ns:  # noqa: PLR1730 - the server did not wait for all of the request; a call of min() costs more
        sent_ns = first_ns
    phase, operation, resource = labels
    return Sample(
        phase,
        operation,
        resource,
        0 if connection.error else connection.response.status,
        ok,
        final,
        connection.error,
        attempt,
        due_ns or started_ns,
        started_ns,
        finished_ns,
        connection.blocked_ns,
        connection.connecting_ns,
        connection.tls_ns,
        sent_ns - started_ns,
        first_ns - sent_ns,
        finished_ns - first_ns,
        connection.sent_bytes,
        connection.received_bytes,
    )
