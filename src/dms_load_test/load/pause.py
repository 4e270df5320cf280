"""How long users pause, as values: constant, uniform or exponential, drawn with the user's own dice. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `seconds`."""

    seconds: float

    def draw(self, _random: Random) -> float:
        """Return the next pause, seconds."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any time from `least_s` to `most_s`, equally likely."""

    least_s: float
    most_s: float

    def draw(self, random: Random) -> float:
        """Return the next pause, seconds."""
        return random.uniform(self.least_s, self.most_s)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Mostly short pauses and a few long ones, `mean_s` on average, as of people who do not know of each other.

    Longer ones than `most_s` are cut off, which lowers the mean a little: by 5 % where it is three times the mean.
    """

    mean_s: float
    most_s: float = float("inf")

    def draw(self, random: Random) -> float:
        """Return the next pause, seconds."""
        return min(self.most_s, random.expovariate(1 / self.mean_s)) if self.mean_s > 0 else 0.0


Pause = Constant | Uniform | Exponential


def seconds_of(pause: float | Pause, random: Random) -> float:
    """Return a pause's seconds: those given, or drawn."""
    return pause if isinstance(pause, float | int) else pause.draw(random)
