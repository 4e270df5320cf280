"""The Ed-Fi verbs of `load.virtual_user.Api` over our client: what is sent, what counts as ok, what is tried again.

Every attempt is a sample; an operation ends with exactly one that is `final`, whatever happens to it. A final one that
is not ok comes with a `Failure` that says why (cancelled ones do not: nobody waited for their answer).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urljoin

from dms_load_test.edfi.schema import path_of
from dms_load_test.engine.address import Origin, split_url
from dms_load_test.engine.answer import Answer, Labels, sample_of
from dms_load_test.engine.auth import TokenError
from dms_load_test.engine.backoff import BASE_S, CAP_S, Gate, Tries, retry_after_s
from dms_load_test.engine.parser import find_header
from dms_load_test.engine.problems import correlation_id_of, example_of, reason_of
from dms_load_test.engine.transport import common_headers, with_headers
from dms_load_test.errors import ScenarioError
from dms_load_test.load.plan import NO_RETRY, RetryPolicy
from dms_load_test.load.virtual_user import ANSWERED, WRITTEN
from dms_load_test.sample import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from dms_load_test.engine.auth import TokenSource
    from dms_load_test.engine.connection import Connection
    from dms_load_test.engine.transport import Channel, Client
    from dms_load_test.sample import Sample

_READ_OK = frozenset({200})
_OK = {
    "create": frozenset({200, 201}),
    "read": _READ_OK,
    "query": _READ_OK,
    "update": frozenset({200, 204}),
    "delete": frozenset({204}),
    "metadata": _READ_OK,
    "request": ANSWERED,
}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests tell their length, also where it is 0. Source: RFC 9110, section 8.6."""
_METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}
_LENGTHS: dict[int, bytes] = {}
"""Content-Length, with the end of the head, by length: looking it up takes a fifth of writing it."""
_MOST_LENGTHS = 4096
_MOST_URLS = 1024
"""So many URLs of a scenario's own are kept taken apart; that takes longer than all the rest of a request."""
_UNAUTHORIZED = 401
_TOO_MANY = 429


Operation = Coroutine[Any, Any, Answer]
"""What a verb gives: await it for the answer, after retries."""


class Route(NamedTuple):
    """What all requests of one operation on one resource have in common: `head`, id or query, `tail`, token line."""

    method: str
    path: str
    safe: bool
    head: bytes
    tail: bytes
    labels: Labels
    ok: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePolicy:
    """What a phase wants of its requests, and who takes what becomes of them."""

    phase: str
    emit: Callable[[Sample], None]
    on_failure: Callable[[Failure], None]
    retry: RetryPolicy = NO_RETRY


class ApiTarget:
    """One Ed-Fi API as all virtual users of a phase share it: token, routes, the gate that a 429 closes.

    Raises:
        ConfigError: `base_url` or `data_url` is no absolute URL.
    """

    def __init__(self, client: Client, auth: TokenSource, base_url: str, data_url: str, policy: PhasePolicy) -> None:
        self.client = client
        self.clock = client.clock
        self.auth = auth
        self.policy = policy
        self.emit = policy.emit
        self.now_ns = client.clock.now_ns
        self.most_bytes = client.options.max_answer_bytes
        self.base_url = base_url.rstrip("/") + "/"
        self.origin, data_path = split_url(data_url)
        self._data_path = data_path.rstrip("/")
        self.gate = Gate(client.clock, client.dice)
        self._routes: dict[tuple[str, str, str], Route] = {}
        self.route_to = lru_cache(_MOST_URLS)(self._route_to)

    def user(self) -> EdFiApi:
        """Return the verbs for one virtual user, with a connection of its own."""
        return EdFiApi(self)

    def route(self, operation: str, resource: str, part: str = "") -> Route:
        """Return the route, made at its first use; `part` is of the resource: `deletes`."""
        found = self._routes.get((operation, resource, part))
        if found is None:
            below = f"/{part}" if part else ""
            path = self._data_path + quote(path_of(resource) + below, safe="/")
            found = self.make_route(operation, resource + below, self.origin, path)
            self._routes[operation, resource, part] = found
        return found

    def _route_to(self, operation: str, resource: str, url: str, method: str) -> tuple[Origin, Route]:
        """Return where a URL leads, absolute or below the base URL, and the route. Raises: ConfigError: it is none."""
        origin, path = split_url(urljoin(self.base_url, url))
        return origin, self.make_route(operation, resource, origin, path, method)

    def make_route(self, operation: str, resource: str, origin: Origin, path: str, method: str = "") -> Route:
        """Prepare what does not change from request to request."""
        method = method or _METHODS.get(operation, "GET")
        lines = [" HTTP/1.1", *common_headers(origin)]
        if method in _WITH_BODY:
            lines.append("Content-Type: application/json")
        tail = "\r\n".join(lines) + "\r\n"
        labels = Labels(self.policy.phase, operation, resource)
        head = f"{method} {path}"
        ok = _OK.get(operation, _READ_OK)
        return Route(method, path, method == "GET", head.encode("ascii"), tail.encode("ascii"), labels, ok)


class EdFiApi:
    """The verbs of one virtual user. `due_ns`, where set, is when the next operation was due (open models)."""

    __slots__ = ("_channel", "_others", "_target", "due_ns")

    def __init__(self, target: ApiTarget) -> None:
        self._target = target
        self._channel = target.client.channel(target.origin)
        self._others: dict[Origin, Channel] = {}
        self.due_ns = 0

    # The verbs are no coroutines but return the one that does the work: each more of them costs at every resumption.

    def create(self, resource: str, body: bytes, ordinal: int = -1) -> Operation:
        """POST a document: 201, or 200 where its natural key existed."""
        return self._operate(self._target.route("create", resource), b"", body, ordinal)

    def read(self, resource: str, document_id: str, *, expect: int = 200, operation: str = "read") -> Operation:
        """GET one document by id; `expect` is the one status that is ok."""
        route = self._target.route(operation, resource)
        if expect not in route.ok:
            route = route._replace(ok=frozenset({expect}))
        return self._operate(route, _id_part(document_id), b"", -1, document_id)

    def query(
        self, resource: str, params: Mapping[str, str | int], *, part: str = "", operation: str = "query"
    ) -> Operation:
        """GET a page of documents that match `params`, or of a `part` of the resource."""
        return self._operate(self._target.route(operation, resource, part), _query_part(params))

    def update(
        self,
        resource: str,
        document_id: str,
        body: bytes,
        ordinal: int = -1,
        *,
        if_match: str = "",
        expect: Collection[int] = WRITTEN,
    ) -> Operation:
        """PUT a document; `body` holds the same id."""
        route = self._target.route("update", resource)
        if if_match or expect is not WRITTEN:
            line = f"If-Match: {if_match}\r\n".encode("latin-1") if if_match else b""
            route = route._replace(tail=route.tail + line, ok=frozenset(expect))
        return self._operate(route, _id_part(document_id), body, ordinal, document_id)

    def delete(self, resource: str, document_id: str) -> Operation:
        """DELETE one document by id."""
        return self._operate(self._target.route("delete", resource), _id_part(document_id), b"", -1, document_id)

    def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = ANSWERED,
        resource: str = "",
    ) -> Operation:
        """Send any request but HEAD to any URL of the target, absolute or below the base URL, with the token.

        Raises:
            ScenarioError: It is HEAD; or a header is one of those that the engine sets.
        """
        if method == "HEAD":
            raise ScenarioError(f"HEAD {url}: an answer that has a length and no body is not read; use GET")
        origin, route = self._target.route_to("request", resource, url, method)
        if headers or expect is not ANSWERED:
            tail = with_headers(route.tail, headers) if headers else route.tail
            route = route._replace(tail=tail, ok=frozenset(expect))
        if not body and method in _WITH_BODY:
            route = route._replace(tail=route.tail + b"Content-Length: 0\r\n")
        return self._operate(route, b"", body, channel=self._way_to(origin))

    def get(self, url: str, operation: str = "metadata", resource: str = "") -> Operation:
        """GET any URL of the target, absolute or below the base URL, with the token."""
        origin, route = self._target.route_to(operation, resource, url, "")
        return self._operate(route, b"", channel=self._way_to(origin))

    def _way_to(self, origin: Origin) -> Channel:
        target = self._target
        if origin == target.origin:
            return self._channel
        return self._others.get(origin) or self._others.setdefault(origin, target.client.channel(origin))

    def close(self) -> None:
        """Close this user's connections."""
        for channel in (self._channel, *self._others.values()):
            channel.close()

    async def _operate(
        self,
        route: Route,
        part: bytes,
        body: bytes = b"",
        ordinal: int = -1,
        document_id: str | None = None,
        channel: Channel | None = None,
    ) -> Answer:
        """Do one operation: attempts until one is final."""
        target, channel = self._target, channel or self._channel
        due_ns, self.due_ns = self.due_ns, 0
        begun_ns = target.now_ns()
        tries: Tries | None = None
        length = (_LENGTHS.get(len(body)) or _length_line(len(body))) if body else b"\r\n"
        while True:
            sending: Awaitable[Connection] | None = None
            try:
                line = b"" if tries or target.gate.closed else target.auth.line(begun_ns)
                if not line:
                    line = await self._admission(tries)
                request = b"".join((route.head, part, route.tail, line, length, body))
                sending = channel.begin(request)
                connection = await sending
                if connection.error:
                    connection = await channel.repeat(connection, request, safe=route.safe)
            except TokenError as error:
                connection = self._unsent("token", f"no token: {error}")
            except asyncio.CancelledError:
                self._cut_off(channel if sending else None, route, tries.attempt if tries else 1, due_ns)
                raise
            if not connection.error and connection.response.status in route.ok:
                attempt = tries.attempt if tries else 1
                target.emit(sample_of(connection, route.labels, True, True, attempt, due_ns))
                return Answer(connection, target.most_bytes, True, document_id)
            tries = tries or Tries(target.policy.retry, begun_ns, target.client.dice)
            final = not self._goes_on(connection, tries, line)
            attempt = tries.attempt
            target.emit(sample_of(connection, route.labels, False, final, attempt, due_ns))
            if final:
                answer = Answer(connection, target.most_bytes, False, document_id)
                self._tell(answer, connection.reason, route, part, ordinal)
                return answer
            tries.attempt += 1

    def _cut_off(self, channel: Channel | None, route: Route, attempt: int, due_ns: int) -> None:
        """Count the operation of a user that was stopped: as cancelled, unless it was over in that moment."""
        connection = channel.take_cancelled() if channel else None
        connection = connection or self._unsent("cancelled", "stopped before it was sent")
        ok = not connection.error and connection.response.status in route.ok
        self._target.emit(sample_of(connection, route.labels, ok, True, attempt, due_ns))
        if not ok and connection.error != "cancelled":
            self._tell(Answer(connection, self._target.most_bytes, False), connection.reason, route, b"", -1)

    async def _admission(self, tries: Tries | None) -> bytes:
        """Wait out the pause before another attempt, the gate, and the token; return the token's header line."""
        target = self._target
        if tries and tries.pause_s:
            await target.clock.sleep(tries.pause_s)
        if target.gate.closed:
            await target.gate.wait()
        return target.auth.line(target.clock.now_ns()) or await target.auth.wait()

    def _goes_on(self, connection: Connection, tries: Tries, line: bytes) -> bool:
        """Decide whether another attempt follows a failed one; a 429 holds back all users, whatever is decided."""
        target = self._target
        status = 0 if connection.error else connection.response.status
        if status == _UNAUTHORIZED:
            return tries.renew() and target.auth.reject(line)
        asked_s = 0.0 if connection.error else retry_after_s(find_header(connection.response.head, b"retry-after"))
        if status == _TOO_MANY:
            target.gate.close_for(min(CAP_S, asked_s or BASE_S * 2.0**tries.attempt))
        return tries.goes_on(status, connection.error, asked_s, target.clock.now_ns())

    def _unsent(self, error: str, reason: str) -> Connection:
        """Return a connection that stands for a request that never got one."""
        connection = self._target.client.new_connection(self._target.origin)
        connection.fail(error, reason)
        return connection

    def _tell(self, answer: Answer, why: str, route: Route, part: bytes, ordinal: int) -> None:
        """Tell why an operation failed; `why` it has no answer."""
        target, blot = self._target, self._target.auth.blot
        try:
            body = b"" if answer.error else answer.body
            reason = blot(f"{answer.error}: {why}") if answer.error else reason_of(answer.status, body, blot)
        except ValueError as error:
            body, reason = b"", str(error)
        path = (route.path + part.decode("ascii")).partition("?")[0]  # a query may hold what is secret
        failure = Failure(
            *route.labels,
            answer.status,
            reason,
            example_of(body, blot),
            f"{route.method} {path}",
            correlation_id_of(body, blot),
            ordinal,
        )
        target.policy.on_failure(failure)


def _length_line(length: int) -> bytes:
    line = b"Content-Length: %d\r\n\r\n" % length
    if len(_LENGTHS) < _MOST_LENGTHS:
        _LENGTHS[length] = line
    return line


def _id_part(document_id: str) -> bytes:
    """Return `/` and the id; what is no plain word, as no known server gives out, is quoted."""
    if document_id.isascii() and document_id.replace("-", "a").isalnum():
        return b"/" + document_id.encode("ascii")
    return b"/" + quote(document_id, safe="%~._!$&'()*+,;=:@-").encode("ascii")


def _query_part(params: Mapping[str, str | int]) -> bytes:
    return b"?" + urlencode(params, quote_via=quote).encode("ascii") if params else b""
