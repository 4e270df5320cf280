"""Who the people are: students, their households, and staff; what several resources say about one person agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dms_load_test.generators.draws import dice
from dms_load_test.generators.households import household_of_student
from dms_load_test.generators.words import (
    BOYS,
    GIRLS,
    HISPANIC_SURNAMES,
    MEN,
    STREET_KINDS,
    STREETS,
    SURNAMES,
    WOMEN,
)

if TYPE_CHECKING:
    from dms_load_test.generators.vocabulary import Vocabulary
    from dms_load_test.generators.words import Region

FEMALE, MALE = 0, 1
_ENTRY_DAYS = (8, 21)
"""Lesson days, within the first grading period, on which those enter who move here during the year."""


class Household(NamedTuple):
    """What the members of a family share. `race` is an index into `People.races`."""

    surname: str
    hispanic: bool
    immigrant: bool
    race: int
    bits: int


class Student(NamedTuple):
    """What several resources need to know of a student. `ability` is 0 to 99; `entry` a number of lesson days."""

    sex: int
    entry: int
    ability: int
    bits: int


class People:
    """Draws about people. Windows of `bits` not used here, 40 bits and up of either kind, are free to the rules."""

    def __init__(self, seed: int, words: Vocabulary, region: Region) -> None:
        self._students = dice(seed, "students")
        self._households = dice(seed, "households")
        self._region = region
        self._state = words.uri("StateAbbreviationDescriptor", region.state)
        self.sexes = (words.uri("SexDescriptor", "Female"), words.uri("SexDescriptor", "Male"))
        self.races = tuple(
            words.uri("RaceDescriptor", race)
            for race in ("White", "Black or African American", "Asian", "American Indian or Alaska Native")
        )

    def student(self, student: int) -> Student:
        """Return the facts about a student."""
        bits = self._students(student)
        late = (bits >> 1) % 25
        ability = ((bits >> 8) % 50) + ((bits >> 16) % 51)
        return Student(bits & 1, _ENTRY_DAYS[late] if late < len(_ENTRY_DAYS) else 0, min(ability, 99), bits)

    def household(self, household: int) -> Household:
        """Return the facts about a household."""
        bits = self._households(household)
        hispanic = bits % 4 == 0
        names = HISPANIC_SURNAMES if hispanic else SURNAMES
        kind = (bits >> 2) % 16
        race = 0 if hispanic or kind < 10 else 1 if kind < 14 else 2 if kind < 15 else (bits >> 7) % 4  # noqa: PLR2004 - shares of sixteen
        return Household(names[(bits >> 10) % len(names)], hispanic, (bits >> 22) % 12 == 0, race, bits)

    def household_of(self, student: int) -> Household:
        """Return the facts about a student's household."""
        return self.household(household_of_student(student))

    def address(self, bits: int, kind: str) -> dict[str, Any]:
        """Return an address in the district, of the address type `kind`, drawn from 34 of `bits`."""
        town = bits % len(self._region.towns)
        street = f"{STREETS[(bits >> 4) % len(STREETS)]} {STREET_KINDS[(bits >> 12) % len(STREET_KINDS)]}"
        return {
            "addressTypeDescriptor": kind,
            "stateAbbreviationDescriptor": self._state,
            "city": self._region.towns[town],
            "postalCode": f"{self._region.postal}{10 + town * 13}",
            "streetNumberName": f"{100 + (bits >> 16) % 9900} {street}",
            "nameOfCounty": self._region.county,
        }

    def telephone(self, bits: int) -> str:
        """Return a telephone number that belongs to nobody, drawn from 14 of `bits`."""
        return f"({self._region.area_code}) 555-{bits % 10000:04}"


def child_name(sex: int, bits: int) -> str:
    """Return a child's given name, drawn from 10 of `bits`."""
    names = BOYS if sex == MALE else GIRLS
    return names[(bits & 1023) % len(names)]


def adult_name(sex: int, bits: int) -> str:
    """Return an adult's given name, drawn from 10 of `bits`."""
    names = MEN if sex == MALE else WOMEN
    return names[(bits & 1023) % len(names)]
