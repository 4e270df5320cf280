"""The Configuration Service (CMS) over HTTP: registering, tokens, vendors, data stores, applications, API clients.

Served with and without the path base `/config`, under `/v3` and under the older names of `/v2` (`cms_v2`), where
answers to a vendor have a body.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dms_load_test.emulator import cms_rules as rules
from dms_load_test.emulator import cms_v2
from dms_load_test.emulator.claims import CLAIM_SETS, Access, ClaimSet
from dms_load_test.emulator.cms_registry import FULL_SCOPE, READ_SCOPE
from dms_load_test.emulator.commits import GroupCommit, UnkeptError
from dms_load_test.emulator.forms import members, problem_response
from dms_load_test.emulator.json_body import read_body
from dms_load_test.emulator.paging import whole_number
from dms_load_test.emulator.problems import Refused, not_found, unkept
from dms_load_test.emulator.tokens import basic_credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from dms_load_test.emulator.cms_registry import Credentials, Registry
    from dms_load_test.emulator.store import Store
    from dms_load_test.emulator.tokens import Tokens

PREFIXES = ("/v2/", "/v3/", "/connect/", "/realms/", "/.well-known/")
_KINDS = ("vendors", "applications", "apiClients", "claimSets", "dataStores")
_SCOPES = (FULL_SCOPE, READ_SCOPE, "edfi_admin_api/authMetadata_readonly_access")
_HIDDEN = ("secretHash",)


class Keeping(NamedTuple):
    """Where entries are kept, and what commits them together with documents."""

    store: Store
    commits: GroupCommit


class ConfigurationService:
    """The routes. `tokens` are those of data clients; administrators' tokens are kept apart."""

    def __init__(
        self,
        registry: Registry,
        tokens: Tokens,
        admin_tokens: Tokens,
        keeping: Keeping,
        new_trace_id: Callable[[], str],
    ) -> None:
        self._registry = registry
        self._tokens = tokens
        self._admin_tokens = admin_tokens
        self._keeping = keeping
        self._new_trace_id = new_trace_id

    def app(self) -> Starlette:
        """Return the routes as an application."""
        at = "/{version:str}/{kind:str}"
        routes = [
            Route("/health", self._health),
            *self._connect_routes("register", self._register),
            *self._connect_routes("token", self._token),
            *self._connect_routes("introspect", self._introspect),
            *self._connect_routes("revoke", self._revoke),
            Route("/realms/edfi/protocol/openid-connect/token", self._token, methods=["POST"]),
            Route("/.well-known/openid-configuration", self._openid),
            Route("/.well-known/jwks.json", self._keys),
            Route(at, self._list, methods=["GET"]),
            Route(at, self._add, methods=["POST"]),
            Route(at + "/{number}", self._item, methods=["GET", "PUT", "DELETE"]),
            Route("/{version:str}/vendors/{number}/applications", self._applications_of),
            Route(at + "/{number}/reset-credential", self._reset, methods=["PUT"]),
        ]
        handlers: Any = {HTTPException: self._http_exception, Refused: self._refused, UnkeptError: self._unkept}
        return Starlette(routes=routes, exception_handlers=handlers)

    def _connect_routes(self, name: str, act: Callable[[Request], Awaitable[Response]]) -> list[Route]:
        """Return a route with and without the context segments (a district, a year) that DMS takes behind it."""
        return [Route(f"/connect/{name}{tail}", act, methods=["POST"]) for tail in ("", "/{context:path}")]

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse(datetime.now(UTC).strftime("%m/%d/%Y %H:%M:%S"))

    async def _openid(self, request: Request) -> Response:
        base = request.state.base
        return _json(
            {
                "issuer": base,
                "token_endpoint": f"{base}/connect/token",
                "introspection_endpoint": f"{base}/connect/introspect",
                "jwks_uri": f"{base}/.well-known/jwks.json",
                "revocation_endpoint": f"{base}/connect/revoke",
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": list(_SCOPES),
            }
        )

    async def _keys(self, _request: Request) -> Response:
        """None: the emulator's tokens are signed with a secret that it does not share."""
        return _json({"keys": []})

    async def _register(self, request: Request) -> Response:
        form = await members(request)
        with self._keeping.store.transaction():
            self._registry.register(form)
        await self._keeping.commits.settled()
        return _json({"title": f"Registered client {form['ClientId']} successfully.", "status": 200})

    async def _token(self, request: Request) -> Response:
        form = await members(request)
        credentials = basic_credentials(request.headers.get("authorization", ""))
        key, secret = credentials or (form.get("client_id", ""), form.get("client_secret", ""))
        missing = [name for name, value in (("ClientId", key), ("ClientSecret", secret)) if not value]
        if missing:
            raise Refused(rules.invalid({name: [f"'{name}' must not be empty."] for name in missing}))
        if form.get("grant_type") != "client_credentials":
            raise Refused(rules.unknown_grant_type())
        tokens, access = self._identify(key, secret, form.get("scope", ""))
        answer = {
            "access_token": tokens.give(access, request.state.base),
            "expires_in": tokens.lifetime_s,
            "token_type": "Bearer",
        }
        return _json(answer)

    def _identify(self, key: str, secret: str, scope: str) -> tuple[Tokens, Access]:
        if self._registry.is_administrator(key, secret):
            named = next((known for known in _SCOPES if known in scope.split()), FULL_SCOPE)
            return self._admin_tokens, Access(key, ClaimSet(named))
        access = self._registry.access_of(key, secret)
        if access is None:
            raise Refused(rules.unknown_client())
        return self._tokens, access

    async def _introspect(self, request: Request) -> Response:
        token = (await members(request)).get("token", "")
        given = self._tokens.find(token) or self._admin_tokens.find(token)
        if given is None:
            return _json({"active": False})
        access = given.access
        age_s = self._tokens.age_s(given)  # administrators' tokens have the same clock
        issued_s = int(datetime.now(UTC).timestamp() - age_s)
        return _json(
            {
                "active": True,
                "client_id": access.client_id,
                "sub": access.client_id,
                "scope": access.claim_set.name,
                "namespacePrefixes": ",".join(access.namespace_prefixes),
                "iat": issued_s,
                "exp": issued_s + int(given.until_s - given.since_s),
                "aud": "account",
                "iss": request.state.base,
                "token_type": "Bearer",
            }
        )

    async def _revoke(self, request: Request) -> Response:
        token = (await members(request)).get("token", "")
        self._tokens.revoke(token)
        self._admin_tokens.revoke(token)
        return Response(status_code=200)

    async def _list(self, request: Request) -> Response:
        self._authorize(request)
        kind = _kind(request)
        if kind == "claimSets":
            return _json(_claim_sets())
        offset, limit = (_whole(request, name) for name in ("offset", "limit"))
        entries = list(self._registry.entries[kind].items())[offset:][: limit or None]
        return _json([_shown(request, kind, number, entry) for number, entry in entries])

    async def _add(self, request: Request) -> Response:
        self._authorize(request, writes=True)
        kind = _kind(request)
        if kind == "claimSets":
            raise HTTPException(405, headers={"Allow": "GET"})
        posted = await self._posted(request, kind)
        with self._keeping.store.transaction():
            number, status, answer = self._added(request, kind, posted)
        await self._keeping.commits.settled()
        place = f"{request.state.base}/{request.path_params['version']}/{request.path_params['kind']}/{number}"
        return _json(answer, status, {"Location": place})

    def _added(self, request: Request, kind: str, posted: Any) -> tuple[int, int, Any]:
        """Return the new entry's number, the status and the body."""
        registry = self._registry
        if kind == "vendors":
            number, is_new = registry.add_vendor(posted)
            title = f"{'New' if is_new else 'Updated'} vendor {posted['company']} successfully."
            body = {"id": number, "status": 201 if is_new else 200, "title": title} if _is_old(request) else None
            return number, 201 if is_new else 200, body
        if kind == "dataStores":
            number = registry.add_data_store(posted)
            title = f"New data store {posted['name']} has been created successfully."
            return number, 201, {"id": number, "status": 201, "title": title}
        if kind == "applications":
            number, credentials = registry.add_application(posted)
            return number, 201, {"id": number, "key": credentials.key, "secret": credentials.secret}
        credentials = registry.add_client(posted)
        members_ = {"applicationId": posted["applicationId"], "name": posted["name"]}
        return credentials.client_number, 201, {**_credentials(credentials), **members_}

    async def _posted(self, request: Request, kind: str) -> Any:
        """Return the body, in today's names."""
        posted = read_body(await request.body())
        return cms_v2.entry_today(kind, posted, self._registry.entries["dataStores"]) if _is_old(request) else posted

    async def _item(self, request: Request) -> Response:
        self._authorize(request, writes=request.method != "GET")
        kind, number = _kind(request), _number(request)
        if kind == "claimSets":
            return _claim_set(request, number)
        if request.method in ("GET", "HEAD"):
            return _json(_shown(request, kind, number, self._registry.get(kind, number)))
        posted = await self._posted(request, kind) if request.method == "PUT" else None
        with self._keeping.store.transaction():
            if request.method == "DELETE":
                self._registry.remove(kind, number)
            else:
                self._registry.change(kind, number, posted)
        await self._keeping.commits.settled()
        return Response(status_code=204)

    async def _applications_of(self, request: Request) -> Response:
        self._authorize(request)
        vendor = _number(request)
        self._registry.get("vendors", vendor)
        found = self._registry.entries["applications"].items()
        return _json(
            [_shown(request, "applications", number, item) for number, item in found if item["vendorId"] == vendor]
        )

    async def _reset(self, request: Request) -> Response:
        self._authorize(request, writes=True)
        resets = {"apiClients": self._registry.reset_client, "applications": self._registry.reset_application}
        reset = resets.get(_kind(request))
        if reset is None:
            raise Refused(not_found())
        number = _number(request)
        with self._keeping.store.transaction():
            credentials = reset(number)
        await self._keeping.commits.settled()
        return _json(_credentials(credentials) | {"id": number})

    def _authorize(self, request: Request, *, writes: bool = False) -> None:
        """Let administrators in; as ASP.NET, others get 401 or 403 without a body."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = self._admin_tokens.find(token) if scheme.lower() == "bearer" else None
        if given is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        scope = given.access.claim_set.name
        if scope != FULL_SCOPE and (writes or scope != READ_SCOPE):
            raise HTTPException(403)

    async def _refused(self, request: Request, refused: Refused) -> Response:
        return problem_response(refused.problem, self._trace_id(request))

    async def _unkept(self, request: Request, error: UnkeptError) -> Response:
        return problem_response(unkept(str(error)), self._trace_id(request))

    async def _http_exception(self, request: Request, fault: HTTPException) -> Response:
        if fault.status_code == 404:  # noqa: PLR2004 -- a route that does not exist
            return problem_response(not_found(), self._trace_id(request))
        return Response(status_code=fault.status_code, headers=fault.headers)

    def _trace_id(self, request: Request) -> str:
        return request.headers.get("correlationid") or self._new_trace_id()


def _whole(request: Request, name: str) -> int:
    """Return a parameter's number, 0 where it is absent."""
    value = request.query_params.get(name) or "0"
    number = whole_number(value)
    if number is None:
        raise Refused(rules.invalid({name: [f"The value '{value}' is not valid."]}))
    return number


def _number(request: Request) -> int:
    """Return the number of the entry that a path means.

    Raises:
        HTTPException: with 404, if it is no number.
    """
    number = whole_number(request.path_params["number"])
    if number is None:
        raise HTTPException(404)
    return number


def _claim_sets() -> list[dict[str, Any]]:
    return [{"id": number, "name": name, "isSystemReserved": True} for number, name in enumerate(CLAIM_SETS, start=1)]


def _claim_set(request: Request, number: int) -> Response:
    """Show one of the claim sets, which stay as they are.

    Raises:
        Refused: with 404, if there is none of this number.
        HTTPException: with 405, for any other request.
    """
    if request.method not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"Allow": "GET"})
    found = next((shown for shown in _claim_sets() if shown["id"] == number), None)
    if found is None:
        raise Refused(rules.not_found("Claim set", number))
    return _json(found)


def _is_old(request: Request) -> bool:
    return bool(request.path_params["version"] == "v2")


def _kind(request: Request) -> str:
    """Return the entries that a path means.

    Raises:
        HTTPException: with 404, if there are none of that name in that version.
    """
    version, asked = request.path_params["version"], request.path_params["kind"]
    if version not in ("v2", "v3"):
        raise HTTPException(404)
    names = {(cms_v2.OLD_KINDS.get(kind, kind) if version == "v2" else kind).lower(): kind for kind in _KINDS}
    if asked.lower() not in names:
        raise HTTPException(404)
    return names[asked.lower()]


def _shown(request: Request, kind: str, number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as GET shows it."""
    more: dict[str, Any] = {}
    if kind == "dataStores":
        more = {"dataStoreContexts": [], "dataStoreDerivatives": [], "tenantId": None}
    shown = {"id": number, **{name: value for name, value in entry.items() if name not in _HIDDEN}, **more}
    return cms_v2.old_entry(kind, shown) if _is_old(request) else shown


def _credentials(credentials: Credentials) -> dict[str, Any]:
    return {"id": credentials.client_number, "key": credentials.key, "secret": credentials.secret}


def _json(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = b"" if document is None else msgspec.json.encode(document)
    return Response(body, status, headers, media_type="application/json; charset=utf-8" if body else None)
