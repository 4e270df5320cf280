"""What every source of server-side figures gives, and how counters become rates."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reading:
    """Figures of one source at one moment; names carry units: `commits_per_s`, `cpu_ratio`."""

    source: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement cost a database over some time; constants in `text` are replaced by `$1`."""

    text: str
    calls: int
    total_ms: float
    rows: int


class Source(Protocol):
    """Something to ask every few seconds, in a thread where it may block for some seconds."""

    name: str
    """What a note calls it: `PostgreSQL at db:5432`."""

    def read(self, now_s: float) -> list[Reading]:
        """Return the figures now; rates are over the time since the last call. Raises: OSError: it cannot be asked."""

    def statements(self) -> list[Statement]:
        """Return what cost most since the first reading; empty where that is not known. Raises: OSError."""

    def close(self) -> None:
        """Let go of connections."""


class Rates:
    """Turns counters into rates by the time between two readings."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._at_s = 0.0

    def of(self, counters: Mapping[str, float], now_s: float) -> dict[str, float]:
        """Return each counter's growth a second since the last call; nothing at first, or for one that was reset."""
        seconds, before = now_s - self._at_s, self._last
        self._last, self._at_s = dict(counters), now_s
        if not before or seconds <= 0:
            return {}
        grown = {name: value - before[name] for name, value in counters.items() if name in before}
        return {name: growth / seconds for name, growth in grown.items() if growth >= 0}


def ratio(part: float, rest: float) -> float | None:
    """Return `part` of both together; None where there is nothing."""
    return part / (part + rest) if part + rest > 0 else None


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values that are numbers: JSON, and thus the record, has no NaN and no infinity."""
    return {name: value for name, value in values.items() if isfinite(value)}
