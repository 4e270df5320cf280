"""`/data/...` as a raw ASGI application: the hot path, without a framework's routing.

Order of checks, the first failure wins: body size (413, found while reading), token (401), path (404, malformed id
400), resource (404), method (405), content type (415), then what `documents` checks.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dms_load_test.emulator import problems
from dms_load_test.emulator.claims import UNLIMITED, Access
from dms_load_test.emulator.collections import Collections
from dms_load_test.emulator.commits import GroupCommit, UnkeptError
from dms_load_test.emulator.documents import Conditions
from dms_load_test.emulator.etag import etag
from dms_load_test.emulator.injector import LOST_WRITE
from dms_load_test.emulator.json_body import read_body
from dms_load_test.emulator.paging import parse_parameters
from dms_load_test.emulator.problems import JSON, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from starlette.types import Receive, Send

    from dms_load_test.emulator.collections import Listing
    from dms_load_test.emulator.documents import Documents, State
    from dms_load_test.emulator.options import EmulatorOptions
    from dms_load_test.emulator.problems import Problem
    from dms_load_test.emulator.resource import Resource
    from dms_load_test.emulator.tokens import Tokens

    Headers = list[tuple[bytes, bytes]]

_log = logging.getLogger(__name__)
_WITH_BODY = ("POST", "PUT")
_OF_ITEMS = ("POST", "PUT", "DELETE")
"""Methods for which the last part of `/deletes` is taken for a (malformed) id."""
_COLLECTION_ERRORS = {
    "DELETE": "Resource collections cannot be deleted. To delete a specific item, use DELETE and include the 'id' in "
    "the route.",
    "PUT": "Resource collections cannot be replaced. To 'upsert' an item in the collection, use POST. To update a "
    "specific item, use PUT and include the 'id' in the route.",
}
_ITEM_ERRORS = {
    "POST": "Resource items can only be updated using PUT. To 'upsert' an item in the resource collection using POST, "
    "remove the 'id' from the route."
}


class Answer(NamedTuple):
    """What goes back to the client."""

    status: int
    headers: Headers
    body: bytes = b""


class Call(NamedTuple):
    """One request. `path` is what follows the data path, `base` the URL before it as the client wrote it."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[bytes, bytes]
    base: str
    body: bytes
    access: Access = UNLIMITED

    def header(self, name: bytes) -> str:
        """Return a header's text, empty where it is absent."""
        return self.headers.get(name, b"").decode("latin-1")


class DataRoutes:
    """The data endpoints of all resources."""

    def __init__(
        self,
        documents: Documents,
        commits: GroupCommit,
        tokens: Tokens,
        options: EmulatorOptions,
        new_trace_id: Callable[[], str],
    ) -> None:
        self._documents = documents
        self._commits = commits
        self._tokens = tokens
        self._collections = Collections(documents, options.page_limit)
        self._body_limit_bytes = options.body_limit_bytes
        self._correlation_header = options.correlation_header.lower().encode()
        self._new_trace_id = new_trace_id
        self._resources = {resource.path.strip("/").lower(): resource for resource in documents.resources.values()}
        self._collection: dict[str, Callable[[Resource, Call], Answer]] = {"GET": self._query, "POST": self._upsert}
        self._parts: dict[str, Callable[[Resource, Call], Answer]] = {
            "partitions": self._partitions,
            "deletes": self._deletes,
            "keychanges": self._key_changes,
        }
        self._item: dict[str, Callable[[Resource, bytes, Call], Answer]] = {
            "GET": self._read,
            "PUT": self._update,
            "DELETE": self._delete,
        }

    async def serve(self, scope: MutableMapping[str, Any], path: str, base: str, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; `path` starts after the data path."""
        method = scope["method"]
        body: bytes | None = b""
        if method in _WITH_BODY:
            body = await _receive_body(receive, self._body_limit_bytes)
        if body is None:
            answer = Answer(413, [(b"content-length", b"0")])
        else:
            call = Call(method, path, scope["query_string"], dict(scope["headers"]), base, body)
            dropped = scope.get(LOST_WRITE)
            answer = self.answer(call) if dropped is None else self._acknowledge_and_drop(call, dropped)
            if self._documents.store.has_uncommitted:
                answer = await self._settled(answer, call)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    async def _settled(self, answer: Answer, call: Call) -> Answer:
        """Return the answer once all that it may tell of is committed."""
        try:
            await self._commits.settled()
        except UnkeptError as error:
            self._documents.descriptors.load()
            return self._refusal(problems.unkept(str(error)), call)
        return answer

    def _acknowledge_and_drop(self, call: Call, note: Callable[[str], None]) -> Answer:
        """Answer a write and undo it: a fault that clients have to notice by themselves."""
        with self._documents.store.dropped_transaction():
            answer = self.answer(call)
        self._documents.descriptors.load()
        if answer.status < 300:  # noqa: PLR2004 -- acknowledged
            note(dict(answer.headers).get(b"location", call.path.encode()).decode())
        return answer

    def answer(self, call: Call) -> Answer:
        """Return what a call leads to; every outcome is an answer."""
        try:
            access = self._tokens.check(call.headers.get(b"authorization", b""))
            return self._dispatch(call._replace(access=access))
        except Refused as refused:
            return self._refusal(refused.problem, call)
        except Exception:  # noqa: BLE001 -- a bug of ours is logged and answered with 500; the server goes on
            _log.exception("%s %s", call.method, call.path)
            return self._refusal(problems.broken(), call)

    def _refusal(self, problem: Problem, call: Call) -> Answer:
        body = problem.body(call.header(self._correlation_header) or self._new_trace_id())
        return Answer(problem.status, [*_head(body, problem.content_type), *problem.headers], body)

    def _dispatch(self, call: Call) -> Answer:
        project, name, last = _split(call.path)
        part = self._parts.get(last.lower()) if call.method not in _OF_ITEMS else None
        identifier = self._documents.flavor.parse_id(last) if last else None
        if last and identifier is None and part is None:
            raise Refused(problems.invalid_data({"$.id": [f"The value '{last}' is not valid."]}))
        resource = self._resources.get(f"{project}/{name}")
        if resource is None:
            raise Refused(problems.not_found())
        if part is not None:
            return self._on_part(part, resource, call)
        return self._on_collection(resource, call) if identifier is None else self._on_item(resource, identifier, call)

    def _on_part(self, act: Callable[[Resource, Call], Answer], resource: Resource, call: Call) -> Answer:
        if call.method != "GET":
            raise _wrong_method(call.method, {}, "GET")
        return act(resource, call)

    def _on_collection(self, resource: Resource, call: Call) -> Answer:
        act = self._collection.get(call.method)
        if act is None:
            raise _wrong_method(call.method, _COLLECTION_ERRORS, "GET, POST")
        return act(resource, call)

    def _on_item(self, resource: Resource, identifier: bytes, call: Call) -> Answer:
        act = self._item.get(call.method)
        if act is None:
            raise _wrong_method(call.method, _ITEM_ERRORS, "GET, PUT, DELETE")
        return act(resource, identifier, call)

    def _upsert(self, resource: Resource, call: Call) -> Answer:
        _refuse_other_media(call)
        state = self._documents.upsert(resource, read_body(call.body), _conditions(call))
        return Answer(201 if state.created else 200, _state_headers(resource, state, call))

    def _update(self, resource: Resource, identifier: bytes, call: Call) -> Answer:
        _refuse_other_media(call)
        state = self._documents.update(resource, identifier, read_body(call.body), _conditions(call))
        return Answer(204, _state_headers(resource, state, call))

    def _delete(self, resource: Resource, identifier: bytes, call: Call) -> Answer:
        existed = self._documents.delete(resource, identifier, _conditions(call))
        return Answer(204, []) if existed else _nothing()

    def _read(self, resource: Resource, identifier: bytes, call: Call) -> Answer:
        stored = self._documents.read(resource, identifier, call.access)
        if stored is None:
            return _nothing()
        tag = (b"etag", b'"%b"' % etag(stored.version, self._documents.epoch).encode())
        if self._documents.is_current(stored, _conditions(call)):
            return Answer(304, [tag])
        body = self._documents.shown(stored)
        return Answer(200, [*_head(body, JSON), tag, (b"vary", b"Accept")], body)

    def _query(self, resource: Resource, call: Call) -> Answer:
        return _listed(self._collections.query(resource, parse_parameters(call.query_string), call.access))

    def _partitions(self, resource: Resource, call: Call) -> Answer:
        tokens = self._collections.partitions(resource, parse_parameters(call.query_string), call.access)
        body = msgspec.json.encode({"pageTokens": tokens})
        return Answer(200, _head(body, JSON), body)

    def _deletes(self, resource: Resource, call: Call) -> Answer:
        return _listed(self._collections.deletes(resource, parse_parameters(call.query_string), call.access))

    def _key_changes(self, resource: Resource, call: Call) -> Answer:
        return _listed(self._collections.key_changes(resource, parse_parameters(call.query_string), call.access))


def _listed(listing: Listing) -> Answer:
    headers = _head(listing.body, JSON)
    if listing.total_count is not None:
        headers.append((b"total-count", str(listing.total_count).encode()))
    if listing.next_token:
        headers.append((b"next-page-token", listing.next_token.encode()))
    return Answer(200, headers, listing.body)


async def _receive_body(receive: Receive, limit_bytes: int) -> bytes | None:
    """Return the whole body, or `None` if it is too long; it is read to its end, so that the client hears of it."""
    message = await receive()
    body = message.get("body", b"")
    if message.get("more_body"):
        parts, length = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            length += len(message.get("body", b""))
            if length <= limit_bytes:
                parts.append(message.get("body", b""))
        return b"".join(parts) if length <= limit_bytes else None
    return body if len(body) <= limit_bytes else None


def _split(path: str) -> tuple[str, str, str]:
    """`/ed-fi/Students/{id}/` -> ("ed-fi", "students", id); the id may be empty."""
    parts = path.strip("/").split("/")
    if not 2 <= len(parts) <= 3:  # noqa: PLR2004 -- project, resource and perhaps an id
        raise Refused(problems.not_found())
    project, resource, identifier = (*parts, "")[:3]
    return project.lower(), resource.lower(), identifier


def _wrong_method(method: str, errors: Mapping[str, str], allow: str) -> Refused:
    error = errors.get(method, f"The endpoint of the request does not support the '{method}' method.")
    return Refused(problems.wrong_method(error, allow))


def _refuse_other_media(call: Call) -> None:
    media = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media and media not in (b"application/json", b"text/json") and not media.startswith(b"application/vnd.ed-fi."):
        raise Refused(problems.unsupported_media_type())


def _conditions(call: Call) -> Conditions:
    return Conditions(call.header(b"if-match"), call.header(b"if-none-match"), call.access)


def _head(body: bytes, content_type: bytes) -> Headers:
    return [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]


def _nothing() -> Answer:
    """GET and DELETE of an unknown id: 404 without a body."""
    return Answer(404, [(b"content-length", b"0")])


def _state_headers(resource: Resource, state: State, call: Call) -> Headers:
    location = f"{call.base}{resource.path}/{state.id}"
    headers = [(b"location", location.encode()), (b"etag", f'"{state.etag}"'.encode())]
    return headers if call.method == "PUT" else [(b"content-length", b"0"), *headers]
