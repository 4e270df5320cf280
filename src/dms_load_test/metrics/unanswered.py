"""Whether a target is gone: requests end, and none of them with an answer. Pure: the time is the snapshots'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from dms_load_test.metrics.aggregate import Snapshot

_FEWEST = 5
"""So many requests must have gone without an answer before a target is called lost."""


class Unanswered:
    """Notices that no request has been answered for `after_s` seconds; with 0 it never does."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since_ns = 0
        self._count = 0

    def add(self, snapshot: Snapshot) -> float:
        """Take in the next second; return for how long the target has been silent once that is too long, else 0."""
        counts = {False: 0, True: 0}
        for key, series in snapshot.tally.series.items():
            counts[key.status != 0] += series.count
        if counts[True] or not self._after_s:
            self._count = 0
            return 0.0
        if not self._count:  # nothing went without an answer yet: neither a long answer nor a pause is silence
            self._since_ns = snapshot.started_ns
        self._count += counts[False]
        silent_s = (snapshot.ended_ns - self._since_ns) / NS_PER_S
        return silent_s if silent_s >= self._after_s and self._count >= _FEWEST else 0.0
