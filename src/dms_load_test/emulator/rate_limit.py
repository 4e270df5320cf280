"""The limiter of DMS: so many requests in a fixed window, counted for each Host header."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

_RATE = re.compile(r"(\d+)(?:/(\d+(?:\.\d*)?|\.\d+|)s)?")
_DEFAULT_WINDOW_S = 10.0
_HOSTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `permits` requests in each window of `window_s` seconds."""

    permits: int
    window_s: float


def parse_rate_limit(text: str) -> RateLimit:
    """Read `20000/10s` and `2000/s`; without a window it is ten seconds.

    Raises:
        ConfigError: if it is neither.
    """
    found = _RATE.fullmatch(text)
    seconds = found[2] if found else "0"
    window_s = _DEFAULT_WINDOW_S if seconds is None else float(seconds or 1)
    if found is None or window_s <= 0:
        raise ConfigError(f"--rate-limit {text}: write requests per seconds, such as 20000/10s")
    return RateLimit(int(found[1]), window_s)


@dataclass
class RateLimiter:
    """Counts requests. `now` returns seconds of a monotonic clock."""

    limit: RateLimit
    now: Callable[[], float]
    _windows: dict[bytes, tuple[float, int]] = field(default_factory=dict)

    def retry_after_s(self, host: bytes) -> int | None:
        """Count a request; return `None` if it may pass, else after how many whole seconds the window ends."""
        now_s = self.now()
        start_s, count = self._windows.get(host, (now_s, 0))
        if now_s - start_s >= self.limit.window_s:
            start_s, count = now_s, 0
            if len(self._windows) > _HOSTS_KEPT:
                self._windows.clear()
        if count >= self.limit.permits:
            return max(1, math.ceil(start_s + self.limit.window_s - now_s))
        self._windows[host] = (start_s, count + 1)
        return None
