"""Phases that run side by side, and the moment when all of them have ended what may overlap."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gathering:
    """A barrier for `parties` phases: a phase arrives when it waits for quiet, or ends."""

    def __init__(self, parties: int) -> None:
        self._away = parties
        self._quiet = asyncio.Event()

    @contextmanager
    def party(self) -> Iterator[Party]:
        """Take part; whatever happens, the others do not wait for a phase that has ended."""
        party = Party(self)
        try:
            yield party
        finally:
            party.arrive()

    def arrive(self) -> None:
        """Count one phase as arrived."""
        self._away -= 1
        if self._away <= 0:
            self._quiet.set()

    async def wait(self) -> None:
        """Return when all have arrived."""
        await self._quiet.wait()


class Party:
    """One phase of a gathering."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._arrived = False

    def arrive(self) -> None:
        """Say that from now on this phase disturbs no other."""
        if not self._arrived:
            self._arrived = True
            self._gathering.arrive()

    async def quiet(self) -> None:
        """Arrive, and wait for all others."""
        self.arrive()
        await self._gathering.wait()
