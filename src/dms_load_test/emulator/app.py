"""The emulator as one ASGI application: the hot data routes by hand, everything else by Starlette."""

from __future__ import annotations

import random
import secrets
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from dms_load_test.emulator import cms_routes, control, problems
from dms_load_test.emulator.claims import Access, claim_set_of
from dms_load_test.emulator.cms_registry import Registry
from dms_load_test.emulator.cms_routes import ConfigurationService, Keeping
from dms_load_test.emulator.commits import GroupCommit
from dms_load_test.emulator.control import Control
from dms_load_test.emulator.cors import CrossOrigin
from dms_load_test.emulator.data_file import MadeFor
from dms_load_test.emulator.data_routes import DataRoutes
from dms_load_test.emulator.documents import Documents
from dms_load_test.emulator.etag import schema_epoch
from dms_load_test.emulator.faults import Faults, parse_fault
from dms_load_test.emulator.flavors import DMS, FLAVORS
from dms_load_test.emulator.forms import problem_response
from dms_load_test.emulator.injector import Injector
from dms_load_test.emulator.jwt import JwtWriter
from dms_load_test.emulator.options import API_BASE
from dms_load_test.emulator.rate_limit import RateLimiter, parse_rate_limit
from dms_load_test.emulator.seed import load_descriptors
from dms_load_test.emulator.service_routes import ServiceRoutes
from dms_load_test.emulator.standards import load_emulated
from dms_load_test.emulator.store import Store
from dms_load_test.emulator.tokens import Tokens, opaque_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping
    from typing import Any

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dms_load_test.emulator.options import EmulatorOptions

_CMS_BASE = "/config"


def create_app(options: EmulatorOptions) -> ASGIApp:
    """Build the emulator, with the standard's descriptor values loaded unless it shall be empty.

    The store is closed when the ASGI server ends the application's lifespan.

    Raises:
        ConfigError: if a file cannot be used, or an option is impossible.
    """
    return CrossOrigin(Emulator(options), options.allowed_origin)


class Emulator:
    """Strips the path base, then hands a request to the data routes or to the others; faults and limits come first."""

    def __init__(self, options: EmulatorOptions) -> None:
        flavor = FLAVORS[options.flavor]
        limit = parse_rate_limit(options.rate_limit) if options.rate_limit else None
        faults = Faults(random.Random(options.seed), time.time)
        faults.replace(parse_fault(text) for text in options.faults)
        emulated = load_emulated(options.openapi, options.dependencies)
        model = emulated.standard.model
        self._store = Store(options.data, model.resources, MadeFor(flavor.name, schema_epoch(model)))
        documents = Documents(model, self._store, new_id, _now_s, flavor)
        if not options.empty:
            load_descriptors(documents, emulated.standard)
        registry = _registry(options, self._store)
        write_jwt = JwtWriter(options.token_lifetime_s, _now_s).write
        write_token = write_jwt if flavor is DMS else opaque_token
        tokens = Tokens(options.token_lifetime_s, time.monotonic, write_token, flavor.live_tokens)
        admin_tokens = Tokens(options.token_lifetime_s, time.monotonic, write_jwt)
        self._new_trace_id = _trace_ids()
        self._limiter = RateLimiter(limit, time.monotonic) if limit else None
        self._injector = Injector(faults, tokens.revoke_all, options.correlation_header)
        self._data_path = flavor.data_path
        commits = GroupCommit(self._store.commit)
        self._data = DataRoutes(documents, commits, tokens, options, self._new_trace_id)
        service = ServiceRoutes(options, emulated, documents, registry, tokens)
        self._others = service.app(self._lifespan, self._new_trace_id)
        keeping = Keeping(self._store, commits)
        self._cms = ConfigurationService(registry, tokens, admin_tokens, keeping, self._new_trace_id).app()
        self._control = Control(faults, self._injector, tokens, options.control_token).app()

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's lifespan."""
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        path = base_path_and_rest(scope)[1]
        if path.startswith(control.PREFIX):
            await _pass_on(self._control, scope, receive, send)
        elif self._limiter is not None and not await self._may_pass(self._limiter, scope, receive, send):
            return
        elif self._injector.is_quiet:
            await self._serve(scope, receive, send)
        else:
            await self._injector.serve(scope, path, receive, send, self._serve)

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        base_path, rest = base_path_and_rest(scope)
        data_path = self._data_path
        if base_path != _CMS_BASE and rest.startswith(data_path) and rest[len(data_path) :][:1] == "/":
            base = base_url_of(scope, base_path) + data_path
            await self._data.serve(scope, rest[len(data_path) :], base, receive, send)
        elif base_path == _CMS_BASE or rest.startswith(cms_routes.PREFIXES):
            await _pass_on(self._cms, scope, receive, send)
        else:
            await _pass_on(self._others, scope, receive, send)

    async def _may_pass(self, limiter: RateLimiter, scope: Scope, receive: Receive, send: Send) -> bool:
        """Count a request; answer it with 429 if it is one too many."""
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        retry_after_s = limiter.retry_after_s(host)
        if retry_after_s is None:
            return True
        refusal = problem_response(problems.too_many_requests(retry_after_s), self._new_trace_id())
        await refusal(scope, receive, send)
        return False


def _registry(options: EmulatorOptions, store: Store) -> Registry:
    access = Access(options.key, claim_set_of(options.claim_set), options.namespace_prefixes)
    administrator = (options.admin_key, options.admin_secret)
    registry = Registry(store.drawer, {(options.key, options.secret): access}, administrator)
    with store.first_writes():
        registry.add_first_data_store()
    return registry


async def _pass_on(app: ASGIApp, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Serve by a Starlette application: with or without a slash in the end, as ASP.NET routes."""
    base_path, rest = base_path_and_rest(scope)
    scope["root_path"] = base_path
    scope["path"] = base_path + (rest.rstrip("/") or "/")
    scope["state"] = {"base": base_url_of(scope, base_path)}
    await app(scope, receive, send)


def base_path_and_rest(scope: Scope) -> tuple[str, str]:
    """`/api/data/x` -> (`/api`, `/data/x`); without a known base the first is empty."""
    path: str = scope["path"]
    for base in (API_BASE, _CMS_BASE):
        if path.startswith(base) and path[len(base) :][:1] in ("", "/"):
            return base, path[len(base) :]
    return "", path


def base_url_of(scope: Scope, base_path: str) -> str:
    """Return the API's base URL as the client wrote it."""
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        name, port = scope["server"]
        host = f"{name}:{port}".encode()
    return f"{scope['scheme']}://{host.decode('latin-1')}{base_path}"


def _now_s() -> int:
    return int(time.time())


def new_id() -> bytes:
    """Return a new document id: a version 7 UUID, in order of time, so that its index grows at one end."""
    milliseconds = time.time_ns() // 1_000_000
    dice = secrets.randbits(74)
    number = (milliseconds & (2**48 - 1)) << 80 | 7 << 76 | (dice >> 62) << 64 | 2 << 62 | dice & (2**62 - 1)
    return number.to_bytes(16, "big")


def _trace_ids() -> Callable[[], str]:
    """Return a source of correlation ids in the form of DMS's server: `0HNCTN1IRQMDG:00000001`."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    connection = "0HN" + "".join(secrets.choice(alphabet) for _ in range(10))
    numbers = count(1)
    return lambda: f"{connection}:{next(numbers):08X}"
