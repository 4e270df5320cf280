"""Where the documents of the district hang: the arithmetic of its rules, for those who refer to several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.generators.district import PROGRAMS, SCHOOLS_PER_AGENCY, SESSIONS, STUDENTS_IN_PROGRAMS
from dms_load_test.generators.households import link
from dms_load_test.generators.lineage import Axis
from dms_load_test.generators.school_year import DAYS, GRADING_PERIODS
from dms_load_test.generators.timetable import PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.generators.world import World

THIS_YEAR = 1
"""Ordinal of the school year that the district is about."""


def district_axes(world: World) -> Mapping[str, Mapping[str, Axis]]:
    """Return resource -> ancestor -> axis, for planned documents."""
    school = {resource: {"schools": block(size)} for resource, size in _per_school(world).items()}
    return {
        resource: axes | ({"schoolYearTypes": _this_year(world.counts[resource])} if resource in _YEARLY else {})
        for resource, axes in _joined(school, _taught(world) | _learning(world)).items()
    }


def homes(world: World) -> Mapping[tuple[str, str], Callable[[int], int]]:
    """Return (resource, other) -> which document of `other` goes with one of `resource`, though no key says so."""

    def school_of(student: int) -> int:
        return world.layout.placement(student).school

    schools = world.sizes.schools
    return {
        ("students", "schools"): school_of,
        ("students", "localEducationAgencies"): lambda student: world.agency_of(school_of(student)),
        ("students", "programs"): lambda student: world.agency_of(school_of(student)) * PROGRAMS,
        ("students", "gradingPeriods"): lambda student: school_of(student) * GRADING_PERIODS,
        ("students", "sessions"): lambda student: school_of(student) * SESSIONS,
        ("students", "sections"): lambda student: section_of(world, student * world.timetable.slots),
        ("staffs", "schools"): lambda staff: staff % schools,
        ("staffs", "localEducationAgencies"): lambda staff: world.agency_of(staff % schools),
        ("schools", "localEducationAgencies"): world.agency_of,
    }


def section_of(world: World, enrolment: int) -> int:
    """Return the section of a planned studentSectionAssociation."""
    student, slot = divmod(enrolment, world.timetable.slots)
    place = world.layout.placement(student)
    return world.identity.section_ordinal(place.school, *world.timetable.section(place, slot))


def block(size: int) -> Axis:
    """Documents of one ancestor in a row: 0 to size - 1 are those of ancestor 0."""
    return Axis(
        of=lambda ordinal: ordinal // size,
        nth=lambda ancestor, j: ancestor * size + j if j < size else None,
        fan=size,
    )


def stride(ancestors: int, count: int) -> Axis:
    """Documents of the ancestors in turn: 0 is one of ancestor 0, 1 of ancestor 1."""
    return Axis(
        of=lambda ordinal: ordinal % ancestors,
        nth=lambda ancestor, j: ancestor + j * ancestors if ancestor + j * ancestors < count else None,
        fan=max(1, count // ancestors),
    )


_YEARLY = frozenset(
    {
        "calendars",
        "calendarDates",
        "gradingPeriods",
        "sessions",
        "courseOfferings",
        "sections",
        "studentSectionAssociations",
        "grades",
        "staffSectionAssociations",
        "studentSchoolAttendanceEvents",
    }
)


def _this_year(count: int) -> Axis:
    return Axis(of=lambda _: THIS_YEAR, nth=lambda year, j: j if year == THIS_YEAR and j < count else None, fan=count)


def _per_school(world: World) -> dict[str, int]:
    courses, sections = world.sizes.courses_per_school, world.sizes.sections_per_course
    return {
        "calendars": 1,
        "calendarDates": DAYS,
        "gradingPeriods": GRADING_PERIODS,
        "sessions": SESSIONS,
        "classPeriods": PERIODS,
        "bellSchedules": 1,
        "locations": courses * world.timetable.rooms_per_course,
        "courses": courses,
        "courseOfferings": courses,
        "sections": courses * sections,
        "staffSectionAssociations": courses * sections,
    }


def _taught(world: World) -> dict[str, dict[str, Axis]]:
    staff, sections = world.sizes.staff, world.sizes.sections_per_course
    each = block(1)
    return {
        "schools": {"localEducationAgencies": block(SCHOOLS_PER_AGENCY)},
        "programs": {"localEducationAgencies": block(PROGRAMS)},
        "calendarDates": {"calendars": block(DAYS)},
        "courseOfferings": {"courses": each, "sessions": _whole_year(world.sizes.courses_per_school)},
        "sections": {
            "courseOfferings": block(sections),
            "courses": block(sections),
            "sessions": _whole_year(world.sizes.courses_per_school * sections),
        },
        "staffSectionAssociations": {"sections": each},
        "staffSchoolAssociations": {"staffs": each, "schools": Axis(lambda number: number % world.sizes.schools)},
        "staffEducationOrganizationEmploymentAssociations": {"staffs": stride(staff, staff)},
        "staffEducationOrganizationAssignmentAssociations": {"staffs": stride(staff, staff)},
    }


def _learning(world: World) -> dict[str, dict[str, Axis]]:
    students, slots = world.sizes.students, world.timetable.slots
    each = block(1)

    def school_of(student: int) -> int:
        return world.layout.placement(student).school

    return {
        "studentSchoolAssociations": {"students": each, "schools": Axis(school_of)},
        "studentEducationOrganizationAssociations": {"students": each},
        "studentSectionAssociations": {
            "students": block(slots),
            "sections": Axis(lambda enrolment: section_of(world, enrolment)),
            "schools": Axis(lambda enrolment: school_of(enrolment // slots)),
        },
        "studentProgramAssociations": {"students": _taken()},
        "studentSchoolAttendanceEvents": {
            "students": stride(students, world.counts["studentSchoolAttendanceEvents"]),
            "schools": Axis(lambda event: school_of(event % students)),
        },
        "studentAssessments": {"students": stride(students, world.counts["studentAssessments"])},
        "studentContactAssociations": {
            "students": Axis(lambda number: link(number)[0]),
            "contacts": Axis(lambda number: link(number)[1]),
        },
        "grades": {
            "studentSectionAssociations": block(GRADING_PERIODS),
            "students": block(slots * GRADING_PERIODS),
            "schools": Axis(lambda grade: school_of(grade // GRADING_PERIODS // slots)),
            "gradingPeriods": Axis(
                lambda grade: school_of(grade // GRADING_PERIODS // slots) * GRADING_PERIODS + grade % GRADING_PERIODS
            ),
        },
    }


def _whole_year(size: int) -> Axis:
    """Courses are taught in the first session of their school."""

    def nth(session: int, j: int) -> int | None:
        school, number = divmod(session, SESSIONS)
        return school * size + j if number == 0 and j < size else None

    return Axis(of=lambda ordinal: ordinal // size * SESSIONS, nth=nth)


def _taken() -> Axis:
    """Two of five students are in a program."""
    taken, of = STUDENTS_IN_PROGRAMS

    def student_of(number: int) -> int:
        return number * of // taken

    def nth(student: int, j: int) -> int | None:
        number = -(-student * taken // of)
        return number if j == 0 and student_of(number) == student else None

    return Axis(of=student_of, nth=nth)


def _joined(one: dict[str, dict[str, Axis]], other: dict[str, dict[str, Axis]]) -> dict[str, dict[str, Axis]]:
    return {resource: one.get(resource, {}) | other.get(resource, {}) for resource in one.keys() | other.keys()}
