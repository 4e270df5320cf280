"""Metadata, health, tokens and change versions: the routes that no load goes to, by Starlette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from dms_load_test.emulator import metadata, problems
from dms_load_test.emulator.problems import JSON, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from dms_load_test.edfi.standard import DataStandard
    from dms_load_test.emulator.documents import Documents
    from dms_load_test.emulator.options import EmulatorOptions
    from dms_load_test.emulator.problems import Problem
    from dms_load_test.emulator.tokens import Tokens


class ServiceRoutes:
    """Everything but `/data`; `base` of a request's state is the base URL that the client used."""

    def __init__(
        self,
        options: EmulatorOptions,
        standard: DataStandard,
        documents: Documents,
        tokens: Tokens,
        new_trace_id: Callable[[], str],
    ) -> None:
        self._standard = standard
        self._texts = metadata.MetadataTexts(standard)
        self._store = documents.store
        self._tokens = tokens
        self._key = options.key
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
            Route("/oauth/token_info", self._token_info, methods=["POST"]),
            Route("/changeQueries/v1/availableChangeVersions", self._change_versions),
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
        document = self._texts.openapi(request.path_params["section"], request.state.base)
        return Response("Invalid resource path", 404) if document is None else _json(document)

    async def _dependencies(self, _request: Request) -> Response:
        return _json(self._texts.dependencies)

    async def _token(self, request: Request) -> Response:
        grant_type = _member(request.headers.get("content-type", ""), await request.body(), "grant_type")
        token = self._tokens.issue(request.headers.get("authorization", ""), grant_type)
        lifetime_s = self._tokens.lifetime_s
        return _json(msgspec.json.encode({"access_token": token, "expires_in": lifetime_s, "token_type": "Bearer"}))

    async def _token_info(self, request: Request) -> Response:
        self._authenticate(request)
        token = _member(request.headers.get("content-type", ""), await request.body(), "token")
        if not self._tokens.is_live(token):
            raise Refused(problems.unusable_token("The token was not present, or was not processable."))
        if token != request.headers["authorization"].partition(" ")[2]:
            error = "The Authorization header token does not match the token in the request body."
            raise Refused(problems.unusable_token(error))
        return _json(msgspec.json.encode(metadata.token_info(self._standard.model, self._key)))

    async def _change_versions(self, request: Request) -> Response:
        self._authenticate(request)
        versions = {"oldestChangeVersion": 0, "newestChangeVersion": self._store.newest_version}
        return _json(msgspec.json.encode(versions))

    def _authenticate(self, request: Request) -> None:
        self._tokens.check(request.headers.get("authorization", "").encode("latin-1"))

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


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON.decode())


def _member(content_type: str, body: bytes, name: str) -> str:
    """Return a member of a form or a JSON body, empty where there is none."""
    if "json" in content_type.lower():
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return ""
        return str(document.get(name, "")) if isinstance(document, dict) else ""
    return parse_qs(body.decode("utf-8", "replace")).get(name, [""])[0]
