"""Access tokens: issued for the client's credentials, good until they expire."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dms_load_test.emulator.problems import Refused, token_refused, unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

_PAST_TOKENS_KEPT = 10_000


class Tokens:
    """The live tokens of one client. `now` returns seconds of a monotonic clock."""

    def __init__(self, key: str, secret: str, lifetime_s: int, now: Callable[[], float]) -> None:
        self._key, self._secret = key, secret
        self.lifetime_s = lifetime_s
        self._now = now
        self._expiry_s: dict[bytes, float] = {}

    def issue(self, authorization: str, grant_type: str) -> str:
        """Return a new token for `Basic` credentials.

        Raises:
            Refused: for a malformed header, another grant type or wrong credentials.
        """
        key, secret = _credentials(authorization)
        if grant_type != "client_credentials":
            raise Refused(token_refused(400, "Unsupported grant type"))
        if not (_same(key, self._key) and _same(secret, self._secret)):
            raise Refused(token_refused(401, "Invalid client or Invalid client credentials"))
        if len(self._expiry_s) >= _PAST_TOKENS_KEPT:
            self._forget_expired()
        token = secrets.token_urlsafe(32)
        self._expiry_s[token.encode()] = self._now() + self.lifetime_s
        return token

    def check(self, authorization: bytes) -> None:
        """Accept the `Authorization` header of a data request.

        Raises:
            Refused: with 401 that says what is wrong with the header, but of a token only that it is invalid.
        """
        scheme, _, token = authorization.partition(b" ")
        expiry_s = self._expiry_s.get(token)
        if expiry_s is None or expiry_s <= self._now() or scheme.lower() != b"bearer":
            raise Refused(unauthenticated(_fault(scheme.lower(), token)))

    def is_live(self, token: str) -> bool:
        """Tell whether a token is good."""
        expiry_s = self._expiry_s.get(token.encode())
        return expiry_s is not None and expiry_s > self._now()

    def _forget_expired(self) -> None:
        now_s = self._now()
        self._expiry_s = {token: expiry_s for token, expiry_s in self._expiry_s.items() if expiry_s > now_s}


def _fault(scheme: bytes, token: bytes) -> str:
    if not scheme:
        return "Authorization header is missing."
    if scheme != b"bearer":
        return "Unknown Authorization header scheme." if token else "Invalid Authorization header."
    return "Invalid token" if token.strip() else "Missing Authorization header bearer token value."


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    key, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise Refused(token_refused(400, "Malformed Authorization header"))
    return unquote(key), unquote(secret)
