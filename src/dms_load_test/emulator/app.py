"""The emulator as one ASGI application: the hot data routes by hand, everything else by Starlette."""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator import metadata, problems
from dms_load_test.emulator.data_routes import DataRoutes
from dms_load_test.emulator.documents import Documents
from dms_load_test.emulator.problems import JSON, Refused
from dms_load_test.emulator.seed import load_descriptors
from dms_load_test.emulator.store import Store
from dms_load_test.emulator.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dms_load_test.edfi.standard import DataStandard
    from dms_load_test.emulator.options import EmulatorOptions
    from dms_load_test.emulator.problems import Problem


def create_app(options: EmulatorOptions) -> ASGIApp:
    """Build the emulator of the embedded data standard, with its descriptor values loaded.

    The store is closed when the ASGI server ends the application's lifespan.

    Raises:
        ConfigError: if the data file cannot be used.
    """
    standard = load_standard()
    store = Store(options.data, standard.model.resources)
    documents = Documents(standard.model, store, new_id, lambda: int(time.time()))
    load_descriptors(documents, standard)
    tokens = Tokens(options.key, options.secret, options.token_lifetime_s, time.monotonic)
    return Emulator(options, standard, documents, tokens)


class Emulator:
    """Strips the path base, then hands a request to the data routes or to the others."""

    def __init__(self, options: EmulatorOptions, standard: DataStandard, documents: Documents, tokens: Tokens) -> None:
        new_trace_id = _trace_ids()
        self._store = documents.store
        self._data = DataRoutes(documents, tokens, options, new_trace_id)
        self._others = _Others(options, standard, tokens, new_trace_id).app(self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's lifespan."""
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        path = scope["path"]
        base_path = "/api" if path.startswith("/api/") or path == "/api" else ""
        rest = path[len(base_path) :]
        if rest.startswith("/data/"):
            await self._data.serve(scope, rest[5:], base_url_of(scope, base_path), receive, send)
        else:
            scope["root_path"] = base_path
            scope["state"] = {"base": base_url_of(scope, base_path)}
            await self._others(scope, receive, send)


class _Others:
    """Metadata, health and tokens."""

    def __init__(
        self, options: EmulatorOptions, standard: DataStandard, tokens: Tokens, new_trace_id: Callable[[], str]
    ) -> None:
        self._standard = standard
        self._documents = metadata.Documents(standard)
        self._tokens = tokens
        self._correlation_header = options.correlation_header
        self._new_trace_id = new_trace_id

    def app(self, lifespan: Any) -> Starlette:
        """Return the routes as an application."""
        routes = [
            Route("/", self._discovery),
            Route("/health", self._health),
            Route("/metadata", self._metadata),
            Route("/metadata/specifications", self._specifications),
            Route("/metadata/specifications/{section}", self._specification),
            Route("/metadata/dependencies", self._dependencies),
            Route("/oauth/token", self._token, methods=["POST"]),
        ]
        handlers: Any = {HTTPException: self._http_exception, Refused: self._refused}
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)

    async def _discovery(self, request: Request) -> Response:
        document = metadata.discovery(self._standard, request.state.base)
        return _json(msgspec.json.format(msgspec.json.encode(document), indent=2))

    async def _health(self, _request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.HEALTH))

    async def _metadata(self, request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.metadata_list(request.state.base)))

    async def _specifications(self, request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.specifications(request.state.base)))

    async def _specification(self, request: Request) -> Response:
        document = self._documents.openapi(request.path_params["section"], request.state.base)
        return Response("Invalid resource path", 404) if document is None else _json(document)

    async def _dependencies(self, _request: Request) -> Response:
        return _json(self._documents.dependencies)

    async def _token(self, request: Request) -> Response:
        grant_type = _grant_type(request.headers.get("content-type", ""), await request.body())
        token = self._tokens.issue(request.headers.get("authorization", ""), grant_type)
        lifetime_s = self._tokens.lifetime_s
        return _json(msgspec.json.encode({"access_token": token, "expires_in": lifetime_s, "token_type": "Bearer"}))

    async def _refused(self, request: Request, refused: Refused) -> Response:
        return self._problem(request, refused.problem)

    async def _http_exception(self, request: Request, fault: HTTPException) -> Response:
        if fault.status_code == 405:  # noqa: PLR2004 -- the other one is 404
            error = f"The endpoint of the request does not support the '{request.method}' method."
            return self._problem(request, problems.wrong_method(error, (fault.headers or {}).get("Allow", "GET")))
        return self._problem(request, problems.not_found())

    def _problem(self, request: Request, problem: Problem) -> Response:
        body = problem.body(request.headers.get(self._correlation_header) or self._new_trace_id())
        headers = {name.decode(): value.decode() for name, value in problem.headers}
        return Response(body, problem.status, headers, media_type=problem.content_type.decode())


def base_url_of(scope: Scope, base_path: str) -> str:
    """Return the API's base URL as the client wrote it."""
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        name, port = scope["server"]
        host = f"{name}:{port}".encode()
    return f"{scope['scheme']}://{host.decode('latin-1')}{base_path}"


def new_id() -> bytes:
    """Return a new document id: a version 7 UUID, in order of time, so that its index grows at one end."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    number = (milliseconds & (2**48 - 1)) << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (2**62 - 1)
    return number.to_bytes(16, "big")


def _trace_ids() -> Callable[[], str]:
    """Return a source of correlation ids in the form of DMS's server: `0HNCTN1IRQMDG:00000001`."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    connection = "0HN" + "".join(secrets.choice(alphabet) for _ in range(10))
    numbers = count(1)
    return lambda: f"{connection}:{next(numbers):08X}"


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON.decode())


def _grant_type(content_type: str, body: bytes) -> str:
    """Return the grant type of a form or a JSON body, empty where there is none."""
    if "json" in content_type.lower():
        try:
            document = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return ""
        return str(document.get("grant_type", "")) if isinstance(document, dict) else ""
    return parse_qs(body.decode("utf-8", "replace")).get("grant_type", [""])[0]
