"""Acknowledging writes only when they are safe: requests that come together share one commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class GroupCommit:
    """Commits once per turn of the event loop, for all requests that wrote (or read what was written) in that turn."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._settled: asyncio.Future[None] | None = None

    async def settled(self) -> None:
        """Wait until all that was written so far is committed.

        Raises:
            sqlite3.Error: if the commit failed; nothing of it was kept.
        """
        if self._settled is None:
            loop = asyncio.get_running_loop()
            self._settled = loop.create_future()
            loop.call_soon(self._settle, self._settled)
        await asyncio.shield(self._settled)  # a client that goes away must not end the others' wait

    def _settle(self, settled: asyncio.Future[None]) -> None:
        self._settled = None
        try:
            self._commit()
        except Exception as error:  # noqa: BLE001 -- every waiting request is told
            settled.set_exception(error)
        else:
            settled.set_result(None)
