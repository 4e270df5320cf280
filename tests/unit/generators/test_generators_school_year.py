from datetime import date

import pytest

from dms_load_test.generators.school_year import SchoolYear


@pytest.mark.parametrize("year", range(1980, 2081))
def test_a_year_has_180_weekdays_from_august_to_june_less_the_breaks(year):
    days = [date.fromisoformat(text) for text in SchoolYear(year).dates]

    assert len(set(days)) == len(days) == 180
    assert days == sorted(days)
    assert all(day.weekday() < 5 for day in days)
    assert date(year - 1, 8, 8) <= days[0] <= date(year - 1, 8, 14)
    assert date(year, 5, 1) <= days[-1] <= date(year, 6, 1)
    assert not {date(year - 1, 12, 25), date(year, 1, 1), date(year - 1, 7, 4)} & set(days)


@pytest.mark.parametrize("year", range(1980, 2081))
def test_semesters_meet_at_the_winter_break_and_grading_periods_fill_them(year):
    school_year = SchoolYear(year)
    periods = school_year.periods

    assert school_year.fall.end < f"{year - 1}-12-25" < school_year.spring.begin
    assert (periods[0].begin, periods[1].end) == (school_year.fall.begin, school_year.fall.end)
    assert (periods[2].begin, periods[3].end) == (school_year.spring.begin, school_year.spring.end)
    assert sum(period.lessons for period in periods) == school_year.whole.lessons == school_year.lessons
    assert school_year.events.count("Instructional day") == school_year.lessons >= 170


def test_the_year_2025_begins_and_ends_as_on_paper():
    year = SchoolYear(2025)

    assert (year.name, year.whole.begin, year.whole.end) == ("2024-2025", "2024-08-12", "2025-05-16")
    assert "2024-11-28" not in year.dates
    assert year.events[year.dates.index("2024-09-02")] == "Holiday"
    assert year.events[year.dates.index("2025-01-20")] == "Holiday"


def test_lesson_days_leave_out_holidays_and_go_on_day_by_day_after_the_year():
    year = SchoolYear(2025)
    days = [year.lesson_day(number) for number in range(year.lessons + 3)]

    assert "2024-09-02" not in days
    assert days[-4:] == ["2025-05-16", "2025-05-17", "2025-05-18", "2025-05-19"]
    assert len(set(days)) == len(days)
