"""The token on a worker of a cluster: the coordinator gets and renews it, workers are told.

Rules of this file:
- Whoever needs a token asks the coordinator once, however many users wait; the answer is for all of them.
- A rejected token is given up only if it is the current one. If the coordinator sends it again, as one that was renewed
  a moment ago is refused as well, it is used for a while without asking again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dms_load_test.engine.auth import TokenError, without_tokens
from dms_load_test.engine.clock import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.engine.clock import Clock

INSISTED_S = 1.0
"""So long a token that the coordinator insisted on is not asked about again."""


class RelayedToken:
    """Keeps the token that it is given. `ask` takes the serial of a rejected token, or 0 where there is none."""

    def __init__(self, clock: Clock, ask: Callable[[int], None]) -> None:
        self.phase = ""
        self._clock = clock
        self._ask = ask
        self._serial = 0
        self._line = b""
        self._hidden: tuple[bytes, ...] = ()
        self._expires_ns = 0
        self._insisted_ns = 0
        self._waiting: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"RelayedToken({self._serial})"

    def put(self, serial: int, line: bytes, life_s: float) -> None:
        """Use the token `line` with that serial number for `life_s`."""
        now_ns = self._clock.now_ns()
        if serial == self._serial and not self._line:
            self._insisted_ns = now_ns + int(INSISTED_S * NS_PER_S)
        if line not in self._hidden:
            self._hidden = (line, *self._hidden[:1])
        self._serial, self._line = serial, line
        self._expires_ns = now_ns + int(life_s * NS_PER_S)
        self._answer(None)

    def fail(self, reason: str, status: int) -> None:
        """Tell those who wait that there is none."""
        self._answer(TokenError(reason, status))

    def line(self, now_ns: int) -> bytes:
        """Return the Authorization header line with its end, empty where a token has to be waited for first."""
        return self._line if now_ns < self._expires_ns else b""

    async def wait(self) -> bytes:
        """Return the Authorization header line as soon as there is a token. Raises: TokenError: There is none."""
        waiting = self._waiting
        if waiting is None:
            waiting = self._waiting = asyncio.get_running_loop().create_future()
            self._ask(0 if self._line else self._serial)
        await asyncio.shield(waiting)  # a user that is stopped while it waits must not end the others' wait
        return self._line

    def reject(self, line: bytes) -> bool:
        """Take note that the target refused `line`; return whether it makes sense to repeat the request."""
        if line != self._line:
            return True
        if self._clock.now_ns() < self._insisted_ns:
            return False
        self._line = b""
        self._expires_ns = 0
        return True

    def blot(self, text: str) -> str:
        """Return `text` without the current token and the one before, which may still be answered."""
        return without_tokens(text, self._hidden)

    async def close(self) -> None:
        """End the wait of those who still wait."""
        self.fail("the run has ended", 0)

    def _answer(self, error: TokenError | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        if error is None:
            waiting.set_result(None)
            return
        waiting.set_exception(error)
        waiting.exception()  # those who waited may have been stopped since
