"""Metadata, health, tokens and change versions: the routes that no load goes to, by Starlette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from dms_load_test.emulator import metadata, problems
from dms_load_test.emulator.flavors import FLAVORS
from dms_load_test.emulator.forms import members, problem_response
from dms_load_test.emulator.problems import JSON, Refused
from dms_load_test.emulator.token_info import token_info
from dms_load_test.emulator.tokens import require_basic_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from dms_load_test.emulator.claims import Access
    from dms_load_test.emulator.cms_registry import Registry
    from dms_load_test.emulator.documents import Documents
    from dms_load_test.emulator.options import EmulatorOptions
    from dms_load_test.emulator.standards import Emulated
    from dms_load_test.emulator.tokens import Tokens

_GRAPHML = "application/graphml"
_SECTIONS = {"resources-spec.json": "resources", "descriptors-spec.json": "descriptors"}
_SECTIONS |= {"discovery-spec.json": "discovery"}


class ServiceRoutes:
    """Everything but `/data`; `base` of a request's state is the base URL that the client used."""

    def __init__(
        self, options: EmulatorOptions, emulated: Emulated, documents: Documents, registry: Registry, tokens: Tokens
    ) -> None:
        self._standard = emulated.standard
        self._flavor = FLAVORS[options.flavor]
        self._texts = metadata.MetadataTexts(emulated, self._flavor)
        self._documents = documents
        self._registry = registry
        self._tokens = tokens
        self._correlation_header = options.correlation_header

    def app(self, lifespan: Any, new_trace_id: Callable[[], str]) -> Starlette:
        """Return the routes as an application."""

        def answer(request: Request, problem: problems.Problem) -> Response:
            return problem_response(problem, request.headers.get(self._correlation_header) or new_trace_id())

        async def refused(request: Request, refusal: Exception) -> Response:
            assert isinstance(refusal, Refused)
            return answer(request, refusal.problem)

        async def http_exception(request: Request, fault: Exception) -> Response:
            assert isinstance(fault, HTTPException)
            if fault.status_code == 405:  # noqa: PLR2004 -- the other one is 404
                error = f"The endpoint of the request does not support the '{request.method}' method."
                return answer(request, problems.wrong_method(error, (fault.headers or {}).get("Allow", "GET")))
            return answer(request, problems.not_found())

        routes = [*self._common_routes(), *(self._ods_routes() if self._flavor.name == "ods" else self._dms_routes())]
        handlers: Any = {HTTPException: http_exception, Refused: refused}
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)

    def _common_routes(self) -> list[Route]:
        return [
            Route("/", self._discovery),
            Route("/health", self._health),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/token_info", self._token_info, methods=["POST"]),
            Route("/changeQueries/v1/availableChangeVersions", self._change_versions),
            Route("/metadata/xsd", self._xsd),
            Route("/metadata/xsd/{section}/files", self._xsd_files),
        ]

    def _dms_routes(self) -> list[Route]:
        return [
            Route("/metadata", self._metadata),
            Route("/metadata/specifications", self._specifications),
            Route("/metadata/specifications/{section}", self._specification),
            Route("/metadata/changequeries/v1/swagger.json", self._change_queries),
            Route("/metadata/dependencies", self._dependencies),
        ]

    def _ods_routes(self) -> list[Route]:
        return [
            Route("/metadata", self._specifications),
            Route("/metadata/data/v3/{section}/swagger.json", self._specification),
            Route("/metadata/data/v3/dependencies", self._dependencies),
        ]

    async def _discovery(self, request: Request) -> Response:
        document = metadata.discovery(self._standard, self._flavor, request.state.base)
        return _json(msgspec.json.format(msgspec.json.encode(document), indent=2))

    async def _health(self, _request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.HEALTH))

    async def _metadata(self, request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.metadata_list(request.state.base)))

    async def _specifications(self, request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.specifications(self._flavor, request.state.base)))

    async def _specification(self, request: Request) -> Response:
        asked = request.path_params["section"]
        section = asked if self._flavor.name == "ods" else _SECTIONS.get(asked, "")
        return self._document(section, request)

    async def _change_queries(self, request: Request) -> Response:
        return self._document("changequeries", request)

    def _document(self, section: str, request: Request) -> Response:
        document = self._texts.openapi(section, request.state.base)
        return Response("Invalid resource path", 404) if document is None else _json(document)

    async def _dependencies(self, request: Request) -> Response:
        if _GRAPHML in request.headers.get("accept", "") and self._texts.graphml is not None:
            return Response(self._texts.graphml, media_type=_GRAPHML)
        return _json(self._texts.dependencies)

    async def _xsd(self, request: Request) -> Response:
        return _json(msgspec.json.encode(metadata.xsd_sections(self._standard, request.state.base)))

    async def _xsd_files(self, request: Request) -> Response:
        known = {section["name"] for section in metadata.xsd_sections(self._standard, request.state.base)}
        if request.path_params["section"].lower() not in known:
            raise Refused(problems.not_found())
        return _json(b"[]")

    async def _token(self, request: Request) -> Response:
        form = await members(request)
        key, secret = self._credentials(request, form)
        access = self._registry.access_of(key, secret)
        if access is None:
            raise Refused(problems.token_refused(401, "Invalid client or Invalid client credentials"))
        answer = {
            "access_token": self._tokens.give(access, request.state.base),
            "expires_in": self._tokens.lifetime_s,
            "token_type": "Bearer",
        }
        return _json(msgspec.json.encode(answer))

    def _credentials(self, request: Request, form: dict[str, str]) -> tuple[str, str]:
        """ODS/API takes credentials from the form, too."""
        authorization, grant_type = request.headers.get("authorization", ""), form.get("grant_type", "")
        if self._flavor.name == "ods" and "client_id" in form and grant_type == "client_credentials":
            return form["client_id"], form.get("client_secret", "")
        return require_basic_credentials(authorization, grant_type)

    async def _token_info(self, request: Request) -> Response:
        access = self._authenticate(request)
        token = {name.lower(): value for name, value in (await members(request)).items()}.get("token", "")
        if not token:
            raise Refused(problems.unusable_token("The token was not present, or was not processable."))
        if token != request.headers["authorization"].partition(" ")[2]:
            error = "The Authorization header token does not match the token in the request body."
            raise Refused(problems.unusable_token(error))
        return _json(msgspec.json.encode(token_info(self._documents, access)))

    async def _change_versions(self, request: Request) -> Response:
        self._authenticate(request)
        versions = {"oldestChangeVersion": 0, "newestChangeVersion": self._documents.store.newest_version}
        return _json(msgspec.json.encode(versions))

    def _authenticate(self, request: Request) -> Access:
        return self._tokens.check(request.headers.get("authorization", "").encode("latin-1"))


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON.decode())
