"""One token for all virtual users of a process: the API's hosts allow a client few tokens and many requests.

Rules of this file:
- A single request for a token is in flight, however many users wait for it.
- A token is renewed 60 s before it expires (earlier for short lives); users go on with the old one meanwhile.
- A rejected token is given up only if it is still the current one: of a hundred 401s one renews.
- Token and secret are in no `repr`, log, exception or sample.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import msgspec

from dms_load_test.engine.answer import Answer, Labels, sample_of
from dms_load_test.engine.backoff import backoff_s, retry_after_s
from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.problems import reason_of
from dms_load_test.engine.transport import request_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dms_load_test.engine.connection import Connection
    from dms_load_test.engine.transport import Client
    from dms_load_test.sample import Sample

RENEW_EARLY_S = 60.0
RENEW_EARLY_RATIO = 0.2
DEFAULT_LIFE_S = 1800.0
LONGEST_LIFE_S = 1e9
ATTEMPTS = 6
LONGEST_PAUSE_S = 120.0
LONGEST_REJECTION_PAUSE_S = 60.0
FAILURE_PAUSE_S = 5.0
"""After a failure the endpoint is left alone this long, and users wait: they must not spin."""
_MOST_SHOWN = 100
_OK = 200
_PASSING = frozenset({0, 429, 500, 502, 503, 504})
_LASTING = frozenset({"tls", "protocol"})


class TokenError(Exception):
    """No token could be had; the message says why and holds no secret. `status` is the last answer's, or 0."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class TokenSource(Protocol):
    """Where requests have their token from: `SharedAuthManager`, or on a worker of a cluster what it is told."""

    phase: str

    def line(self, now_ns: int) -> bytes:
        """Return the Authorization header line with its end, empty where a token has to be waited for first."""

    async def wait(self) -> bytes:
        """Return the line as soon as there is a token. Raises: TokenError: There is none to be had."""

    def reject(self, line: bytes) -> bool:
        """Take note that the target refused `line`; return whether it makes sense to repeat the request."""

    def blot(self, text: str) -> str:
        """Return `text` without anything secret."""

    async def close(self) -> None:
        """End what is under way."""


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: msgspec.Raw = msgspec.Raw(b"null")


class SharedAuthManager:
    """Gets, keeps and renews the token. `emit` takes the token requests' samples, labelled with `phase`."""

    def __init__(
        self,
        client: Client,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        emit: Callable[[Sample], None],
        phase: str = "",
    ) -> None:
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
        headers = {
            "Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        origin, self._request = request_bytes("POST", token_url, headers, b"grant_type=client_credentials")
        self._channel = client.channel(origin)
        self._client = client
        self._clock = client.clock
        self._emit = emit
        self.phase = phase
        self.token_url = token_url
        self._secret = client_secret
        self._line = b""
        self._hidden: tuple[bytes, ...] = ()
        self._renew_ns = self._expires_ns = 0
        self._renewal: asyncio.Task[None] | None = None
        self._obtained_ns = 0
        self._rejections = 0
        self._again_ns = 0

    def __repr__(self) -> str:
        return f"SharedAuthManager({self.token_url!r})"

    def line(self, now_ns: int) -> bytes:
        """Return the Authorization header line with its end, empty where a token has to be waited for first."""
        if now_ns < self._renew_ns:
            return self._line
        if now_ns < self._expires_ns:
            self._renew()
            return self._line
        return b""

    async def wait(self) -> bytes:
        """Return the Authorization header line as soon as there is a token.

        Raises:
            TokenError: There is none to be had.
        """
        # A user that is stopped while it waits must not take the request away from the others.
        await asyncio.shield(self._renew())
        return self._line

    def reject(self, line: bytes) -> bool:
        """Take note that the target refused `line`; return whether it makes sense to repeat the request.

        Tokens that are refused one after the other are renewed ever more rarely, a minute apart at the most.
        """
        if line != self._line:
            return True
        now_ns = self._clock.now_ns()
        age_s = (now_ns - self._obtained_ns) / NS_PER_S
        if age_s > LONGEST_REJECTION_PAUSE_S:
            self._rejections = 0
        elif self._rejections and age_s < min(LONGEST_REJECTION_PAUSE_S, 2.0 ** (self._rejections - 1)):
            return False
        self._rejections += 1
        self._line = b""
        self._renew_ns = self._expires_ns = 0
        return True

    def blot(self, text: str) -> str:
        """Return `text` without the secret, the current token and the one before, which may still be answered."""
        return without_tokens(text.replace(self._secret, "***") if self._secret else text, self._hidden)

    def life_s(self) -> float:
        """Return for how long the current token is good, seconds."""
        return max(0.0, (self._expires_ns - self._clock.now_ns()) / NS_PER_S)

    async def close(self) -> None:
        """End a renewal under way and close the connection."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
            self._renewal = None
        self._channel.close()

    def _renew(self) -> asyncio.Task[None]:
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._fetch())
            self._renewal.add_done_callback(self._renewed)
        return self._renewal

    def _renewed(self, task: asyncio.Task[None]) -> None:
        self._renewal = None
        if not task.cancelled() and task.exception() is not None:
            self._again_ns = self._clock.now_ns() + int(FAILURE_PAUSE_S * NS_PER_S)

    async def _fetch(self) -> None:
        """Ask for a token until one is given, a refusal is final, or attempts are used up."""
        if (pause_s := (self._again_ns - self._clock.now_ns()) / NS_PER_S) > 0 and self._again_ns:
            await self._clock.sleep(pause_s)
        for attempt in range(1, ATTEMPTS + 1):
            connection, answer = await self._ask()
            token, why = self._token_in(connection, answer)
            ok = token is not None
            asked_s = retry_after_s(answer.header(b"retry-after"))
            passing = not ok and answer.status in _PASSING and answer.error not in _LASTING
            final = not passing or attempt == ATTEMPTS or asked_s > LONGEST_PAUSE_S
            labels = Labels(self.phase, "token", "")
            self._emit(sample_of(connection, labels, ok=ok, final=final, attempt=attempt))
            if token:
                self._keep(token)
                return
            if final:
                raise TokenError(why, answer.status)
            await self._clock.sleep(backoff_s(attempt, asked_s, self._client.dice))

    async def _ask(self) -> tuple[Connection, Answer]:
        """Return the exchange with the endpoint, and its answer."""
        connection = await self._channel.send(self._request, safe=True)
        answer = Answer(connection, self._client.options.max_answer_bytes, ok=not connection.error)
        answer.ok = answer.status == _OK
        return connection, answer

    def _token_in(self, connection: Connection, answer: Answer) -> tuple[_TokenAnswer | None, str]:
        """Return the token that an answer holds, else None and why there is none."""
        if connection.error:
            return None, f"{connection.error}: {connection.reason}"
        try:
            if not answer.ok:
                return None, reason_of(answer.status, answer.body, self.blot)
            token = msgspec.json.decode(answer.body, type=_TokenAnswer, strict=False)
        except (ValueError, RecursionError):
            return None, "the token endpoint's answer holds no access_token"
        try:
            _life_s(token.expires_in)
        except ValueError:
            given = self.blot(bytes(token.expires_in).decode("utf-8", "replace"))[:_MOST_SHOWN]
            return None, f"the token endpoint's expires_in is no number of seconds: {given}"
        if not token.access_token.isascii() or not token.access_token.isprintable():
            return None, "the token endpoint's access_token is no HTTP token"
        return token, ""

    def _keep(self, token: _TokenAnswer) -> None:
        life_s = _life_s(token.expires_in)
        self._obtained_ns = now_ns = self._clock.now_ns()
        self._expires_ns = now_ns + int(life_s * NS_PER_S)
        self._renew_ns = self._expires_ns - int(min(RENEW_EARLY_S, life_s * RENEW_EARLY_RATIO) * NS_PER_S)
        self._line = f"Authorization: Bearer {token.access_token}\r\n".encode("ascii")
        self._hidden = (self._line, *self._hidden[:1])


def _life_s(expires_in: msgspec.Raw) -> float:
    """Return how long a token is good, as its JSON says: a number, also as a text. Raises: ValueError: It is none."""
    text = bytes(expires_in).decode("utf-8", "replace").strip('"')
    if text == "null":
        return DEFAULT_LIFE_S
    return min(LONGEST_LIFE_S, max(1.0, float(text)))  # some say "inf", or what is no number


def without_tokens(text: str, lines: Iterable[bytes]) -> str:
    """Return `text` without the tokens of Authorization header lines."""
    for line in lines:
        text = text.replace(line[len(b"Authorization: Bearer ") :].strip().decode("ascii") or "***", "***")
    return text
