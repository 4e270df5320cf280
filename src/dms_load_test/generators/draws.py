"""Dice without memory: 64 random bits for every (seed, stream, number), the same in every process and Python version.

A stream is a subject that is drawn about (`students`, `households`). A draw's bits are shared out in windows: `x & 1`,
`(x >> 8) % 250`: windows of one draw that do not overlap are independent. Source: SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Dice = Callable[[int], int]

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
"""2**64 / golden ratio, odd: multiples of it lie well spread over 64 bits (Knuth, multiplicative hashing)."""


def dice(seed: int, stream: str) -> Dice:
    """Return a function from any whole number to 64 well mixed bits. O(1), no state."""
    base = int.from_bytes(blake2b(f"{seed} {stream}".encode(), digest_size=8).digest(), "big")

    def roll(number: int) -> int:
        bits = (base + number * GOLDEN) & MASK
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        return bits ^ (bits >> 31)

    return roll
