"""Access tokens: given to clients, good until they expire or are revoked; each carries its client's rights."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from dms_load_test.emulator.problems import Refused, token_refused, too_many_requests, unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.emulator.claims import Access

_PAST_TOKENS_KEPT = 10_000
_TOO_MANY_TOKENS_PAUSE_S = 300
"""What hosts of ODS/API tell a client that has too many live tokens."""


class Given(NamedTuple):
    """A token's rights, and when it was given and ends, in seconds of the clock."""

    access: Access
    since_s: float
    until_s: float


def opaque_token(_access: Access, _issuer: str) -> str:
    """Return a token that tells nothing, as ODS/API's."""
    return secrets.token_urlsafe(32)


class Tokens:
    """The live tokens of all clients.

    `now` returns seconds of a clock; `write` makes a client's token, with who issues it; `live_limit` is how many live
    tokens a client may have, `None` for any number.
    """

    def __init__(
        self,
        lifetime_s: int,
        now: Callable[[], float],
        write: Callable[[Access, str], str] = opaque_token,
        live_limit: int | None = None,
    ) -> None:
        self.lifetime_s = lifetime_s
        self._now = now
        self._write = write
        self._live_limit = live_limit
        self._given: dict[bytes, Given] = {}

    def give(self, access: Access, issuer: str = "") -> str:
        """Return a new token, issued by the service at this URL.

        Raises:
            Refused: with 429, if the client has as many live ones as it may.
        """
        now_s = self._now()
        if len(self._given) >= _PAST_TOKENS_KEPT:
            self._given = {token: given for token, given in self._given.items() if given.until_s > now_s}
        if self._live_limit is not None and self._count_live(access.client_id, now_s) >= self._live_limit:
            raise Refused(too_many_requests(_TOO_MANY_TOKENS_PAUSE_S))
        token = self._write(access, issuer)
        self._given[token.encode()] = Given(access, now_s, now_s + self.lifetime_s)
        return token

    def check(self, authorization: bytes) -> Access:
        """Return the rights of a data request's `Authorization` header.

        Raises:
            Refused: with 401 that says what is wrong with the header, but of a token only that it is invalid.
        """
        scheme, _, token = authorization.partition(b" ")
        given = self._given.get(token)
        if given is None or given.until_s <= self._now() or scheme.lower() != b"bearer":
            raise Refused(unauthenticated(_fault(scheme.lower(), token)))
        return given.access

    def find(self, token: str) -> Given | None:
        """Return what a live token carries."""
        given = self._given.get(token.encode())
        return given if given is not None and given.until_s > self._now() else None

    def age_s(self, given: Given) -> float:
        """Return how long ago a token was given."""
        return self._now() - given.since_s

    def revoke(self, token: str) -> None:
        """End a token, if it is one."""
        self._given.pop(token.encode(), None)

    def revoke_all(self) -> int:
        """End all tokens; return how many there were."""
        count = len(self._given)
        self._given = {}
        return count

    def _count_live(self, client_id: str, now_s: float) -> int:
        return sum(given.access.client_id == client_id and given.until_s > now_s for given in self._given.values())


def _fault(scheme: bytes, token: bytes) -> str:
    if not scheme:
        return "Authorization header is missing."
    if scheme != b"bearer":
        return "Unknown Authorization header scheme." if token else "Invalid Authorization header."
    return "Invalid token" if token.strip() else "Missing Authorization header bearer token value."


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """Return (key, secret) of a `Basic` header, `None` if it is no such header."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # no ASCII, no base64, or no UTF-8 in it
        decoded = ""
    key, colon, secret = decoded.partition(":")
    return (unquote(key), unquote(secret)) if scheme.lower() == "basic" and colon else None


def require_basic_credentials(authorization: str, grant_type: str) -> tuple[str, str]:
    """Return (key, secret) of a token request as DMS's own endpoint wants it.

    Raises:
        Refused: with 400, for any other header or grant type.
    """
    credentials = basic_credentials(authorization)
    if credentials is None:
        raise Refused(token_refused(400, "Malformed Authorization header"))
    if grant_type != "client_credentials":
        raise Refused(token_refused(400, "Unsupported grant type"))
    return credentials
