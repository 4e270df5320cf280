"""Acknowledging writes only when they are safe: requests that come together share one commit.

A disk that is full is told once, and so is its end: a load has hundreds of requests a second.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class UnkeptError(Exception):
    """What was written could not be committed, and is not kept; the message says why."""


class GroupCommit:
    """Commits once per turn of the event loop, for all requests that wrote (or read what was written) in that turn."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._is_keeping = True
        self._settled: asyncio.Future[None] | None = None

    async def settled(self) -> None:
        """Wait until all that was written so far is committed.

        Raises:
            UnkeptError: The commit failed.
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
        except sqlite3.Error as error:
            if self._is_keeping:
                _log.warning("writes cannot be kept: %s; make space: until then they are answered with 500", error)
            self._is_keeping = False
            settled.set_exception(UnkeptError(str(error)))
        except Exception as error:  # noqa: BLE001 -- every waiting request is told
            settled.set_exception(error)
        else:
            if not self._is_keeping:
                _log.warning("writes are kept again")
            self._is_keeping = True
            settled.set_result(None)
