"""The school year of each school: calendars, grading periods, sessions, class periods and bell schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.district import SESSIONS
from dms_load_test.generators.rule import Rule, raise_by
from dms_load_test.generators.school_year import DAYS, GRADING_PERIODS
from dms_load_test.generators.timetable import PERIODS

if TYPE_CHECKING:
    from dms_load_test.generators.world import World

_FIRST_BELL = 8 * 60
_PERIOD_MINUTES = 45
_PASSING_MINUTES = 5


def calendars(world: World) -> Rule:
    """One calendar a school, for all its grades."""
    kind = world.words.uri("CalendarTypeDescriptor", "School")

    def document(ordinal: int) -> dict[str, Any]:
        key = world.identity.calendar(ordinal)
        return {
            "calendarCode": key["calendarCode"],
            "schoolReference": {"schoolId": key["schoolId"]},
            "schoolYearTypeReference": {"schoolYear": key["schoolYear"]},
            "calendarTypeDescriptor": kind,
            "gradeLevels": world.grade_levels(world.layout.kind(ordinal).grades),
        }

    return Rule(document)


def calendar_dates(world: World) -> Rule:
    """The listed days of each calendar, in order."""
    events = [world.words.uri("CalendarEventDescriptor", event) for event in world.year.events]
    dates = world.year.dates

    def document(ordinal: int) -> dict[str, Any]:
        school, day = divmod(ordinal, DAYS)
        return {
            "calendarReference": world.identity.calendar(school),
            "date": dates[day],
            "calendarEvents": [{"calendarEventDescriptor": events[day]}],
        }

    return Rule(document)


def grading_periods(world: World) -> Rule:
    """Four grading periods a school."""

    def document(ordinal: int) -> dict[str, Any]:
        number = ordinal % GRADING_PERIODS
        key = world.identity.grading_period(ordinal)
        span = world.year.periods[number]
        return {
            "gradingPeriodDescriptor": key["gradingPeriodDescriptor"],
            "gradingPeriodName": world.identity.grading_period_name(ordinal),
            "schoolReference": {"schoolId": key["schoolId"]},
            "schoolYearTypeReference": {"schoolYear": key["schoolYear"]},
            "periodSequence": number + 1,
            "beginDate": span.begin,
            "endDate": span.end,
            "totalInstructionalDays": span.lessons,
        }

    return Rule(document, change=raise_by("totalInstructionalDays"))


def sessions(world: World) -> Rule:
    """Each school's whole year, for courses, and its two semesters, for attendance."""
    year = world.year
    half = GRADING_PERIODS // 2
    terms = [
        (year.whole, range(GRADING_PERIODS), world.words.uri("TermDescriptor", "Year Round")),
        (year.fall, range(half), world.words.uri("TermDescriptor", "Fall Semester")),
        (year.spring, range(half, GRADING_PERIODS), world.words.uri("TermDescriptor", "Spring Semester")),
    ]

    def document(ordinal: int) -> dict[str, Any]:
        school, number = divmod(ordinal, SESSIONS)
        span, periods, term = terms[number]
        key = world.identity.session(school, number)
        return {
            "sessionName": key["sessionName"],
            "schoolReference": {"schoolId": key["schoolId"]},
            "schoolYearTypeReference": {"schoolYear": key["schoolYear"]},
            "termDescriptor": term,
            "beginDate": span.begin,
            "endDate": span.end,
            "totalInstructionalDays": span.lessons,
            "gradingPeriods": [
                {"gradingPeriodReference": world.identity.grading_period(school * GRADING_PERIODS + period)}
                for period in periods
            ],
        }

    return Rule(document, change=raise_by("totalInstructionalDays"))


def class_periods(world: World) -> Rule:
    """The class periods of each school's day; attendance is taken in the second one."""

    def document(ordinal: int) -> dict[str, Any]:
        school, period = divmod(ordinal, PERIODS)
        key = world.identity.class_period(school, period)
        return {
            "classPeriodName": key["classPeriodName"],
            "schoolReference": {"schoolId": key["schoolId"]},
            "officialAttendancePeriod": period == 1,
            "meetingTimes": [{"startTime": _time(period, 0), "endTime": _time(period, _PERIOD_MINUTES)}],
        }

    return Rule(document)


def bell_schedules(world: World) -> Rule:
    """One bell schedule a school, with all its class periods."""

    def document(ordinal: int) -> dict[str, Any]:
        return {
            "bellScheduleName": "Regular Schedule",
            "schoolReference": {"schoolId": world.identity.school_id(ordinal)},
            "startTime": _time(0, 0),
            "endTime": _time(PERIODS - 1, _PERIOD_MINUTES),
            "totalInstructionalTime": PERIODS * _PERIOD_MINUTES,
            "gradeLevels": world.grade_levels(world.layout.kind(ordinal).grades),
            "classPeriods": [
                {"classPeriodReference": world.identity.class_period(ordinal, period)} for period in range(PERIODS)
            ],
        }

    return Rule(document, change=raise_by("totalInstructionalTime"))


def _time(period: int, minutes: int) -> str:
    """Return the time of day so many minutes after a class period's first bell."""
    hour, minute = divmod(_FIRST_BELL + period * (_PERIOD_MINUTES + _PASSING_MINUTES) + minutes, 60)
    return f"{hour:02}:{minute:02}:00"
