"""The workers' snapshots of a second to one of the run. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dms_load_test.metrics.aggregate import merge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.metrics.aggregate import Snapshot


class Seconds:
    """Collects what workers send until the coordinator takes it, with its own snapshot, as one.

    A worker's snapshot that comes late counts in the second in which it comes. Users are those that each worker told
    of last.
    """

    def __init__(self) -> None:
        self._waiting: list[Snapshot] = []
        self._users: dict[str, tuple[int, int]] = {}
        self._health: dict[str, Mapping[str, float]] = {}

    def add(self, worker: str, snapshot: Snapshot, health: Mapping[str, float]) -> None:
        """Take in a worker's next snapshot and its own figures."""
        self._waiting.append(snapshot)
        self._users[worker] = (snapshot.users, snapshot.users_max)
        self._health[worker] = health

    def forget(self, worker: str) -> None:
        """A worker is lost: what it told counts, its users are gone."""
        self._users.pop(worker, None)
        self._health.pop(worker, None)

    def rest(self) -> None:
        """Between phases no user is active."""
        self._users = {worker: (0, most) for worker, (_, most) in self._users.items()}

    def join(self, own: Snapshot) -> Snapshot:
        """Return the run's snapshot: phase and times are those of the coordinator's `own`."""
        parts, self._waiting = self._waiting, []
        joined = merge([own, *parts]) if parts else own
        return replace(
            joined,
            phase=own.phase,
            beside=own.beside,
            started_ns=own.started_ns,
            ended_ns=own.ended_ns,
            users=sum(active for active, _ in self._users.values()),
            users_max=sum(most for _, most in self._users.values()),
        )

    def health(self) -> dict[str, float]:
        """Return the generator's figures: the worst of all workers, by name, and how many workers there are."""
        worst: dict[str, float] = {}
        for figures in self._health.values():
            for name, value in figures.items():
                worst[name] = max(worst.get(name, value), value)
        if self._users:
            worst["workers"] = float(len(self._users))
        return worst
