"""One school year's days, the same for all schools: 36 weeks of five days between August and May, less the breaks.

180 listed days, some of them holidays or for teachers only; four grading periods of nine weeks, two per semester. The
first Monday lies between 8 and 14 August, so that the first semester ends with the week before Christmas in any year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

DAYS = 180
"""Listed days of a calendar."""
GRADING_PERIODS = 4
_WEEK = timedelta(days=7)
_THURSDAY = 3
_SCHOOL_DAYS_A_WEEK = 5


@dataclass(frozen=True, slots=True)
class Span:
    """Part of the year: first and last listed day (ISO dates) and how many of its days have lessons."""

    begin: str
    end: str
    lessons: int


class SchoolYear:
    """The school year that ends in `year`: 2025 is 2024-2025.

    `dates`: the 180 listed days in order, as ISO dates; `events`: what each one is (`Instructional day`, `Holiday`,
    `Teacher only day`); `periods`: the four grading periods; `fall`, `spring` and `whole`: the sessions.
    """

    def __init__(self, year: int) -> None:
        self.year = year
        self.name = f"{year - 1}-{year}"
        days = _listed_days(year)
        special = _special_days(year)
        self.dates = tuple(day.isoformat() for day in days)
        self.events = tuple(special.get(day, "Instructional day") for day in days)
        self._lessons = tuple(
            text for text, event in zip(self.dates, self.events, strict=True) if event == "Instructional day"
        )
        self._last = days[-1].toordinal()
        quarter = DAYS // GRADING_PERIODS
        self.periods = tuple(self._span(first, first + quarter) for first in range(0, DAYS, quarter))
        self.fall = self._span(0, DAYS // 2)
        self.spring = self._span(DAYS // 2, DAYS)
        self.whole = self._span(0, DAYS)

    @property
    def lessons(self) -> int:
        """Days with lessons."""
        return len(self._lessons)

    def lesson_day(self, number: int) -> str:
        """Return the ISO date of lesson day `number` (from 0); numbers beyond the year are the days that follow it."""
        if number < len(self._lessons):
            return self._lessons[number]
        return date.fromordinal(self._last + 1 + number - len(self._lessons)).isoformat()

    def _span(self, first: int, end: int) -> Span:
        return Span(self.dates[first], self.dates[end - 1], self.events[first:end].count("Instructional day"))


def _listed_days(year: int) -> list[date]:
    christmas = _monday_of(date(year - 1, 12, 25))
    breaks = {
        _monday_of(_nth(year - 1, 11, _THURSDAY, 4)),
        christmas,
        christmas + _WEEK,
        _monday_of(date(year, 3, 15)),
    }
    days: list[date] = []
    monday = _monday_of(date(year - 1, 8, 14))
    while len(days) < DAYS:
        if monday not in breaks:
            days += [monday + timedelta(days=weekday) for weekday in range(_SCHOOL_DAYS_A_WEEK)]
        monday += _WEEK
    return days


def _special_days(year: int) -> dict[date, str]:
    first_after_winter = _monday_of(date(year - 1, 12, 25)) + 2 * _WEEK
    return {
        _nth(year - 1, 9, 0, 1): "Holiday",  # Labor Day
        _nth(year - 1, 10, 0, 2): "Teacher only day",  # Columbus Day, or Indigenous Peoples' Day
        date(year - 1, 11, 11): "Holiday",  # Veterans Day
        first_after_winter: "Teacher only day",
        _nth(year, 1, 0, 3): "Holiday",  # Martin Luther King Jr. Day
        _nth(year, 2, 0, 3): "Holiday",  # Presidents' Day
        _nth(year, 4, 4, 2): "Teacher only day",
    }


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th (from 1) `weekday` (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
