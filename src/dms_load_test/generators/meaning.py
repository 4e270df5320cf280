"""Values for a member from its name, type and bounds: a pool for each, made once, that documents draw from.

Dates keep their order by their names: what begins lies in the first months of the school year, what ends in its last
ones, all else between, and births long before. Numbers called least and most keep theirs likewise.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.patterns import UnknownPatternError, matching
from dms_load_test.generators.phrases import BIRTH, CODES, EARLY, LATE, LEAST, MOST, NUMBERS, TEXTS, YEAR

if TYPE_CHECKING:
    from dms_load_test.edfi.schema import Leaf
    from dms_load_test.generators.naming import Organizations
    from dms_load_test.generators.world import World

    Pool = tuple[Any, ...]

MOST_VALUES = 200
_DESCRIPTORS_DRAWN = 12
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_EMPTY: tuple[Any, ...] = ()
_INT32 = 2**31 - 1
_PLACES = 2


class Meaning:
    """Makes pools. Equal leaves of equal name have equal pools, whatever resource they are in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._makers = {
            "integer": self._integers,
            "number": self._numbers,
            "boolean": lambda _: (True, False),
            "string": self._texts,
        }

    @property
    def organizations(self) -> Organizations:
        """The run's education organizations."""
        return self._world.identity.organizations

    def pool(self, leaf: Leaf) -> Pool:
        """Return different valid values, at least one; none where this leaf cannot be filled."""
        if leaf.descriptor:
            return self._descriptors(leaf.descriptor)
        if leaf.enum:
            return tuple(int(value) if leaf.kind == "integer" else value for value in leaf.enum)
        return self._makers[leaf.kind](leaf)

    def _descriptors(self, descriptor: str) -> Pool:
        words = self._world.words
        usual = CODES.get(descriptor, ())
        if descriptor == "StateAbbreviationDescriptor":
            usual = (self._world.region.state,)
        return words.found(descriptor, usual) or words.values(descriptor)[:_DESCRIPTORS_DRAWN]

    def days_before_school(self, share: int, shares: int) -> Pool:
        """Return one of `shares` equal parts of the days before the school year; the parts do not meet."""
        first = date(self._world.year.year - 1, 5, 1)
        return tuple((first + timedelta(days=day)).isoformat() for day in range(share, 92, shares))

    def _texts(self, leaf: Leaf) -> Pool:
        special = {"date": self._dates, "date-time": self._moments, "time": self._times}.get(leaf.format)
        if special is not None:
            return special(leaf.name)
        if leaf.pattern:
            return _pattern_texts(leaf)
        formatted = _FORMATS.get(leaf.format)
        return _fitting(leaf, formatted) if formatted else self._phrases(leaf)

    def _phrases(self, leaf: Leaf) -> Pool:
        region = self._world.region
        places = {
            "city": region.towns,
            "birthCity": region.towns,
            "nameOfCounty": (region.county,),
            "telephoneNumber": tuple(f"({region.area_code}) 555-{1000 + 37 * n}" for n in range(100)),
            "postalCode": tuple(f"{region.postal}{10 + 13 * n}" for n in range(5)),
            "namespace": ("uri://ed-fi.org",),
        }
        if leaf.name in places:
            return _fitting(leaf, places[leaf.name])
        for pattern, values in TEXTS:
            if pattern.search(leaf.name):
                found = tuple(value for value in values if _fits(leaf, value))
                return found[:MOST_VALUES] or _fitting(leaf, values)
        return _fitting(leaf, tuple(f"{words(leaf.name)} {number}" for number in range(1, 41)))

    def _dates(self, name: str) -> Pool:
        first, last = self._window(name)
        return tuple((first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1))

    def _window(self, name: str) -> tuple[date, date]:
        year = self._world.year.year
        spoken = frozenset(parts(name))
        if spoken & BIRTH:
            return date(year - 17, 9, 1), date(year - 16, 8, 31)
        if spoken & LATE:
            return date(year, 4, 1), date(year, 6, 30)
        if spoken & EARLY:
            return date(year - 1, 8, 15), date(year - 1, 11, 30)
        return date(year - 1, 12, 1), date(year, 3, 31)

    def _moments(self, name: str) -> Pool:
        return tuple(f"{day}T{9 + n % 6:02}:{n * 7 % 60:02}:00Z" for n, day in enumerate(self._dates(name)))

    @staticmethod
    def _times(name: str) -> Pool:
        spoken = frozenset(parts(name))
        first = 13 if spoken & LATE else 8 if spoken & EARLY else 11
        return tuple(f"{first + n // 12:02}:{n % 12 * 5:02}:00" for n in range(24))

    def _integers(self, leaf: Leaf) -> Pool:
        if YEAR.search(leaf.name):
            year = self._world.year.year
            return (year,) if _within(leaf, year) else self._spread(leaf)
        return self._spread(leaf)

    def _spread(self, leaf: Leaf) -> Pool:
        low, high = _bounds(leaf)
        low, high = ceil(low), floor(high)
        if low > high:
            return _EMPTY
        step = max(1, (high - low) // MOST_VALUES)
        return tuple(range(low, high + 1, step))[:MOST_VALUES]

    @staticmethod
    def _numbers(leaf: Leaf) -> Pool:
        low, high = _bounds(leaf)
        places = min(_PLACES, leaf.digits[1]) if leaf.digits else _PLACES
        steps = 40
        found = {round(low + (high - low) * n / steps, places): None for n in range(steps + 1)}
        return tuple(value for value in found if low <= value <= high) or (low,)


def words(name: str) -> str:
    """`cohortDescription` -> `Cohort description`."""
    return " ".join(parts(name)).capitalize()


def parts(name: str) -> list[str]:
    """`cohortDescription` -> `["cohort", "description"]`."""
    return [part.lower() for part in _WORD.findall(name)] or [name]


_FORMATS: dict[str, tuple[str, ...]] = {
    "uri": tuple(f"https://www.example.com/{n}" for n in range(1, 40)),
    "email": tuple(f"office{n}@example.com" for n in range(1, 40)),
    "uuid": tuple(f"00000000-0000-4000-8000-{n:012}" for n in range(1, 40)),
    "ipv4": tuple(f"192.0.2.{n}" for n in range(1, 40)),
    "hostname": tuple(f"host{n}.example.com" for n in range(1, 40)),
}


def _pattern_texts(leaf: Leaf) -> Pool:
    try:
        return matching(leaf.pattern, leaf.min_length or 1, leaf.max_length or 255, MOST_VALUES)
    except UnknownPatternError:
        return _EMPTY


def _fits(leaf: Leaf, text: str) -> bool:
    return (leaf.min_length or 1) <= len(text) <= (leaf.max_length or len(text))


def _fitting(leaf: Leaf, texts: tuple[str, ...]) -> Pool:
    """Return the texts, cut or filled up to the leaf's lengths; different ones only."""
    least, most = leaf.min_length or 1, leaf.max_length
    if most is not None and most < 1:
        return _EMPTY
    cut = (text[:most].strip() or "A" for text in texts)
    return tuple(dict.fromkeys(text.ljust(least, "x") for text in cut))[:MOST_VALUES]


def _within(leaf: Leaf, value: float) -> bool:
    low, high = _given_bounds(leaf)
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(leaf: Leaf) -> tuple[float, float]:
    """Return the bounds to draw from: those of the schema, narrowed by what the name means, then by least and most."""
    low, high = _given_bounds(leaf)
    for pattern, (usual_low, usual_high) in NUMBERS:
        if pattern.search(leaf.name):
            narrowed_low = usual_low if low is None else max(low, usual_low)
            narrowed_high = usual_high if high is None else min(high, usual_high)
            if narrowed_low <= narrowed_high:
                low, high = narrowed_low, narrowed_high
            break
    low = (1 if high is None or high >= 1 else high - 100) if low is None else low
    high = low + 99 if high is None else high
    third = (high - low) / 3
    if LEAST.search(leaf.name):
        return low, low + third
    if MOST.search(leaf.name):
        return high - third, high
    return low, high


def _given_bounds(leaf: Leaf) -> tuple[float | None, float | None]:
    lows = [bound for bound in (leaf.minimum, leaf.suggested[0]) if bound is not None]
    highs = [bound for bound in (leaf.maximum, leaf.suggested[1]) if bound is not None]
    if leaf.digits:
        highs.append(10 ** (leaf.digits[0] - leaf.digits[1]) - 1)
    if leaf.format == "int32" and highs:
        highs.append(_INT32)
    return (max(lows) if lows else None), (min(highs) if highs else None)
