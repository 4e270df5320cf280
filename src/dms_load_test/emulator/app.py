"""The emulator as one ASGI application: the hot data routes by hand, everything else by Starlette."""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.data_routes import DataRoutes
from dms_load_test.emulator.documents import Documents
from dms_load_test.emulator.seed import load_descriptors
from dms_load_test.emulator.service_routes import ServiceRoutes
from dms_load_test.emulator.store import Store
from dms_load_test.emulator.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dms_load_test.edfi.standard import DataStandard
    from dms_load_test.emulator.options import EmulatorOptions


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
        self._others = ServiceRoutes(options, standard, documents, tokens, new_trace_id).app(self._lifespan)

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
            scope["path"] = base_path + (rest.rstrip("/") or "/")  # with or without a slash, as ASP.NET routes
            scope["state"] = {"base": base_url_of(scope, base_path)}
            await self._others(scope, receive, send)


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
