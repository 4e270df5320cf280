"""`/emulator/...`: setting faults at run time and reading what was injected; for tests beside the API, not part of it.

Open to clients on this machine; if there is a control token, only to those that send it in `X-Emulator-Token`, wherever
they are: behind a proxy everybody is on this machine. Never open to web pages.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from dms_load_test.emulator.faults import make_rule
from dms_load_test.errors import ConfigError
from dms_load_test.loopback import is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request

    from dms_load_test.emulator.faults import Faults
    from dms_load_test.emulator.injector import Injector
    from dms_load_test.emulator.tokens import Tokens

PREFIX = "/emulator/"
_NOT_FOR_PAGES = "the control endpoint is not for web pages: the request has an Origin"
_NEEDS_TOKEN = "the control endpoint needs the control token in X-Emulator-Token"  # noqa: S105 -- no token, but where it goes
_NEEDS_THIS_MACHINE = (
    "the control endpoint is for clients on this machine; start the emulator with --control-token to open it to those "
    "who send the token"
)
_NEEDS_OUR_NAME = "the control endpoint goes by 127.0.0.1, localhost and [::1]; with --control-token by any name"


class Control:
    """The control endpoint's routes. `tokens` are those of data clients."""

    def __init__(self, faults: Faults, injector: Injector, tokens: Tokens, control_token: str) -> None:
        self._faults = faults
        self._injector = injector
        self._tokens = tokens
        self._control_token = control_token

    def app(self) -> Starlette:
        """Return the routes as an application."""
        routes = [
            Route("/emulator/faults", self._on_faults, methods=["GET", "PUT", "DELETE"]),
            Route("/emulator/injected", self._on_injected, methods=["GET", "DELETE"]),
            Route("/emulator/stall", self._stall, methods=["POST"]),
            Route("/emulator/revoke-tokens", self._revoke, methods=["POST"]),
        ]
        handlers: Any = {ConfigError: _wrong, HTTPException: _refused}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def _on_faults(self, request: Request) -> Response:
        self._authorize(request)
        if request.method == "PUT":
            rules = _decoded(await request.body())
            if not isinstance(rules, list):
                raise ConfigError('the body is a JSON list of rules, such as [{"kind": "error", "status": 503}]')
            self._faults.replace([make_rule(rule) for rule in rules])
        elif request.method == "DELETE":
            self._faults.replace(())
        return _json([asdict(rule) for rule in self._faults.rules])

    async def _on_injected(self, request: Request) -> Response:
        self._authorize(request)
        document = {
            "counts": dict(self._faults.counts),
            "events": [event._asdict() for event in self._faults.events],
        }
        if request.method == "DELETE":
            self._faults.forget()
        return _json(document)

    async def _stall(self, request: Request) -> Response:
        self._authorize(request)
        asked = _decoded(await request.body())
        rule = make_rule({"kind": "stall", **asked} if isinstance(asked, dict) else None)
        self._injector.stall(rule.seconds)
        self._faults.note("stall", "POST", request.url.path, f"{rule.seconds:g} s")
        return _json({"seconds": rule.seconds})

    async def _revoke(self, request: Request) -> Response:
        self._authorize(request)
        count = self._tokens.revoke_all()
        self._faults.note("revoke", "POST", request.url.path, f"{count} tokens")
        return _json({"revoked": count})

    def _authorize(self, request: Request) -> None:
        if "origin" in request.headers:  # a page in this machine's browser is not this machine's user
            raise HTTPException(403, _NOT_FOR_PAGES)
        if self._control_token:
            given = request.headers.get("x-emulator-token", "")
            if not secrets.compare_digest(given.encode(), self._control_token.encode()):
                raise HTTPException(403, _NEEDS_TOKEN)
        elif request.client is None or not is_loopback(request.client.host):
            raise HTTPException(403, _NEEDS_THIS_MACHINE)
        elif not is_loopback(_asked_name(request)):  # a page that reads says no Origin once its name points here
            raise HTTPException(403, _NEEDS_OUR_NAME)


def _asked_name(request: Request) -> str:
    """Return the name in the Host header, IPv6 without brackets.

    Not from the request's URL: where Starlette finds fault with the name, that has the server's own address.
    """
    host = request.headers.get("host", "").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"the body is no JSON: {error}") from error


async def _wrong(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


async def _refused(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return _json({"error": fault.detail}, fault.status_code)


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json; charset=utf-8")
