"""The inventory of a worker of a cluster: its journal goes to the coordinator, its documents come from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test.results.inventory import Journal, RunInventory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.results.pool import Pool


class ShippedInventory(RunInventory):
    """`RunInventory` without a file: what it notes is taken away with `drain`, what it chooses from is put in."""

    def __init__(self) -> None:
        super().__init__(Path(":memory:"))
        self._noted: list[tuple[int, int, int, int, int, bytes | str | None]] = []

    def put(self, documents: Iterable[tuple[str, int, int, bytes | str]], *, first: bool) -> None:
        """Add documents to choose from, as `RunInventory.choices` gives them; `first` ones replace all others."""
        if first or self._pools is None:
            self._pools = {}
        for resource, ordinal, spelling, stored in documents:
            self._pool(resource).put(ordinal, spelling, stored)

    def drain(self) -> Journal:
        """Return what was noted since the last time."""
        self._hand_over()
        rows, self._noted = tuple(self._noted), []
        return Journal(tuple(self._names) if rows else (), rows)

    def _hand_over(self) -> None:
        self._noted += self._rows
        self._rows.clear()

    def _read_in(self) -> dict[str, Pool]:
        return {}
