"""The simulated school district: its sizes, and how many documents of each resource they make."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.generators.households import contacts_of, links_of
from dms_load_test.generators.school_year import DAYS, GRADING_PERIODS
from dms_load_test.generators.schools import GRADES
from dms_load_test.generators.timetable import MOST_COURSES, PERIODS

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHOOLS_PER_AGENCY = 200
SCHOOL_YEARS = 15
"""Last year, this one, and each one in which a student of today graduates from grade 12."""
SESSIONS = 3
"""The whole year, which courses are taught in, and its two semesters, which attendance is taken in."""
PROGRAMS = 8
ASSESSED_SUBJECTS = 2
ATTENDANCE_EVENTS_PER_STUDENT = 4
STUDENTS_IN_PROGRAMS = (2, 5)
"""Two of five students are in one of the programs."""
_YEARS = range(1980, 2081)
_MOST_DOCUMENTS = 10**12
"""Of a resource: more than any load sends, and sums of such numbers still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class DistrictSizes:
    """The sizes a user sets, each at least 1. `school_year` is the year in which it ends: 2025 is 2024-2025.

    Raises: ConfigError where a size is less than 1 or the school year is not within 1980 to 2080.
    """

    schools: int
    students: int
    staff: int
    courses_per_school: int
    sections_per_course: int
    school_year: int = 2025

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ConfigError(f"district: {field.name} is {getattr(self, field.name)}; it must be at least 1")
        if self.school_year not in _YEARS:
            raise ConfigError(f"district: school_year is {self.school_year}; it must be within 1980 to 2080")
        for resource, count in plan_counts(self).items():
            if count > _MOST_DOCUMENTS:
                raise ConfigError(f"district: these sizes make {count:,} {resource}; {_MOST_DOCUMENTS:,} is the limit")


def agencies_of(schools: int) -> int:
    """Return how many local education agencies run so many schools."""
    return -(-schools // SCHOOLS_PER_AGENCY)


def plan_counts(sizes: DistrictSizes) -> Mapping[str, int]:
    """Return the planned documents of each resource of the district: the one table of counts."""
    schools, students, staff = sizes.schools, sizes.students, sizes.staff
    agencies = agencies_of(schools)
    courses = schools * sizes.courses_per_school
    sections_per_school = sizes.courses_per_school * sizes.sections_per_course
    enrolments = students * min(MOST_COURSES, sizes.courses_per_school)
    taken, of = STUDENTS_IN_PROGRAMS
    return {
        "schoolYearTypes": SCHOOL_YEARS,
        "localEducationAgencies": agencies,
        "schools": schools,
        "calendars": schools,
        "calendarDates": schools * DAYS,
        "gradingPeriods": schools * GRADING_PERIODS,
        "sessions": schools * SESSIONS,
        "classPeriods": schools * PERIODS,
        "locations": courses * -(-sizes.sections_per_course // PERIODS),  # a course meets in a room of its own
        "bellSchedules": schools,
        "courses": courses,
        "courseOfferings": courses,  # each is taught all year
        "sections": schools * sections_per_school,
        "programs": agencies * PROGRAMS,
        "students": students,
        "contacts": contacts_of(students),  # siblings share them
        "studentContactAssociations": links_of(students),
        "studentSchoolAssociations": students,
        "studentEducationOrganizationAssociations": students,
        "studentSectionAssociations": enrolments,  # one course of each subject
        "studentProgramAssociations": -(-students * taken // of),
        "studentSchoolAttendanceEvents": students * ATTENDANCE_EVENTS_PER_STUDENT,
        "staffs": staff,
        "staffEducationOrganizationEmploymentAssociations": staff,
        "staffEducationOrganizationAssignmentAssociations": staff,
        "staffSchoolAssociations": staff,
        "staffSectionAssociations": min(schools, staff) * sections_per_school,  # where a school has staff at all
        "assessments": GRADES * ASSESSED_SUBJECTS,
        "studentAssessments": students * ASSESSED_SUBJECTS,
        "grades": enrolments * GRADING_PERIODS,
    }
