"""One token for a whole cluster: the coordinator's `SharedAuthManager` renews it, and every worker is told.

Rules: workers get the token's header line and how long it lives, never the client's secret. However many workers find
that a token is refused, one renewal follows.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dms_load_test.cluster.messages import NewToken, NoToken
from dms_load_test.engine.auth import TokenError
from dms_load_test.engine.target import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.cluster.messages import Instruction
    from dms_load_test.engine.auth import SharedAuthManager
    from dms_load_test.engine.clock import Clock


class TokenDesk:
    """Hands the token out. `send` takes a worker, or None for all, and what to tell it."""

    def __init__(self, auth: SharedAuthManager, clock: Clock, send: Callable[[str | None, Instruction], None]) -> None:
        self._auth = auth
        self._clock = clock
        self._send = send
        self._serial = 0
        self._line = b""
        self._renewal: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Tell all workers the current token.

        Raises:
            TargetError: It ran out while workers were started, and the token endpoint gives none.
        """
        self._tell_all(self._auth.line(self._clock.now_ns()) or await sign_in(self._auth))

    def wanted(self, worker: str, rejected: int) -> None:
        """Answer a worker that has no token, or whose token number `rejected` was refused."""
        if rejected == self._serial and not self._auth.reject(self._line):
            self._tell(worker)  # renewed a moment ago and refused again: another one would be, too
            return
        line = self._auth.line(self._clock.now_ns())
        if not line:
            self._renew()
        elif line != self._line:
            self._tell_all(line)
        else:
            self._tell(worker)

    def look(self) -> None:
        """Begin to renew the token where it is time, and pass on a renewed one; to be called each second."""
        line = self._auth.line(self._clock.now_ns())
        if line and line != self._line:
            self._tell_all(line)

    async def close(self) -> None:
        """End a renewal under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _renew(self) -> None:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            self._tell_all(await self._auth.wait())
        except TokenError as error:
            self._send(None, NoToken(str(error), error.status))

    def _tell_all(self, line: bytes) -> None:
        self._serial += 1
        self._line = line
        self._tell(None)

    def _tell(self, worker: str | None) -> None:
        self._send(worker, NewToken(self._serial, self._line, self._auth.life_s()))
