"""Access tokens as DMS's identity providers write them: JSON Web Tokens, whose claims a client can read.

They are signed with a secret of this process, so that nobody else can make or check one; what a token may do is kept
by `tokens`, not read from it. Source of the claims: DMS's Configuration Service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dms_load_test.emulator.claims import Access

_HEAD = {"alg": "HS256", "typ": "JWT"}


class JwtWriter:
    """Writes tokens that are good for `lifetime_s`; `now_s` is the time of day in whole seconds."""

    def __init__(self, lifetime_s: int, now_s: Callable[[], int]) -> None:
        self._lifetime_s = lifetime_s
        self._now_s = now_s
        self._secret = secrets.token_bytes(32)

    def write(self, access: Access, issuer: str) -> str:
        """Return a new token of the client."""
        now_s = self._now_s()
        claims = {
            "jti": secrets.token_hex(16),
            "sub": access.client_id,
            "iat": now_s,
            "exp": now_s + self._lifetime_s,
            "iss": issuer,
            "aud": "account",
            "client_id": access.client_id,
            "azp": access.client_id,
            "typ": "Bearer",
            "scope": access.claim_set.name,
            "namespacePrefixes": ",".join(access.namespace_prefixes),
            "educationOrganizationIds": _joined(access.education_organizations),
            "dataStoreIds": _joined(access.data_stores),
            "client_name": access.client_id,
        }
        signed = f"{_encoded(msgspec.json.encode(_HEAD))}.{_encoded(msgspec.json.encode(claims))}"
        return f"{signed}.{_encoded(hmac.digest(self._secret, signed.encode(), hashlib.sha256))}"


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
