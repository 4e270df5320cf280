"""How long to wait before asking again: `Retry-After`, exponential back-off with full jitter, and the shared gate."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from dms_load_test.engine.clock import NS_PER_S

if TYPE_CHECKING:
    from random import Random

    from dms_load_test.engine.clock import Clock
    from dms_load_test.load.plan import RetryPolicy

BASE_S = 0.25
CAP_S = 20.0
PASSING_ERRORS = frozenset({"connect", "reset", "timeout"})
"""Worth another attempt where a phase allows it: any verb may be repeated, as POST is an upsert by natural key."""
_GATE_SPREAD_RATIO = 0.1
_GATE_SPREAD_MAX_S = 1.0


def backoff_s(attempt: int, asked_s: float, random: Random) -> float:
    """Return the pause after failed attempt number `attempt` (from 1), never shorter than the server asked for.

    Full jitter (a uniform draw below the exponential cap) keeps users that failed together from coming back together.
    """
    return asked_s + random.random() * min(CAP_S, BASE_S * 2.0 ** min(attempt - 1, 16))


def retry_after_s(value: bytes, now: datetime | None = None) -> float:
    """Read a Retry-After header, seconds or an HTTP date; 0 where there is none or it makes no sense."""
    text = value.decode("latin-1").strip()
    if text.isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):  # no date, or a time zone or a date beyond what there is
        return 0.0


class Tries:
    """The attempts of one operation that did not succeed at once: `attempt` counts from 1, `pause_s` precedes the next.

    A repetition with a new token is beside the policy's attempts, and happens once.
    """

    __slots__ = ("_begun_ns", "_policy", "_random", "_renewed", "attempt", "pause_s")

    def __init__(self, policy: RetryPolicy, begun_ns: int, random: Random) -> None:
        self._policy = policy
        self._begun_ns = begun_ns
        self._random = random
        self._renewed = 0
        self.attempt = 1
        self.pause_s = 0.0

    def renew(self) -> bool:
        """Return whether a repetition with a new token is still left, and use it up."""
        self.pause_s = 0.0
        first = not self._renewed
        self._renewed = 1
        return first

    def goes_on(self, status: int, error: str, asked_s: float, now_ns: int) -> bool:
        """Decide about another attempt after `status` or `error`; the server asked for a pause of `asked_s`."""
        policy = self._policy
        passing = error in PASSING_ERRORS if error else status in policy.statuses
        if not passing or self.attempt - self._renewed >= policy.attempts:
            return False
        self.pause_s = backoff_s(self.attempt, asked_s, self._random)
        return (now_ns - self._begun_ns) / NS_PER_S + self.pause_s <= policy.max_elapsed_s


class Gate:
    """Holds all users of a process back together after a 429: the limit is on the client, not on a user.

    `closed` is looked at before every request, so it is a plain attribute; the clock is only read while it is true.
    """

    __slots__ = ("_clock", "_opens_ns", "_random", "closed")

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._opens_ns = 0
        self.closed = False

    def close_for(self, pause_s: float) -> None:
        """Keep the gate closed for `pause_s` from now, or longer where it is already."""
        self._opens_ns = max(self._opens_ns, self._clock.now_ns() + int(pause_s * NS_PER_S))
        self.closed = True

    async def wait(self) -> None:
        """Wait until the gate is open; users leave it spread over a tenth of the pause, a second at the most."""
        while (left_s := (self._opens_ns - self._clock.now_ns()) / NS_PER_S) > 0:
            spread_s = min(_GATE_SPREAD_MAX_S, left_s * _GATE_SPREAD_RATIO)
            await self._clock.sleep(left_s + self._random.random() * spread_s)
        self.closed = False
