"""Where students are: enrolments in schools and sections, programs, attendance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.district import STUDENTS_IN_PROGRAMS
from dms_load_test.generators.organization import program
from dms_load_test.generators.rule import Rule, annotate, leave_after
from dms_load_test.generators.schools import GRADES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.generators.rule import Document
    from dms_load_test.generators.world import World

_PROGRAMS_YOUNG, _PROGRAMS_OLDER = (0, 1, 2, 5, 6), (0, 1, 3, 4, 6, 7)
"""Which of `organization.PROGRAM_TYPES` students up to grade 5, and from grade 6, are in."""
_FIRST_OLDER_GRADE = 6
_ABSENCE_SPACING = (37, 41, 43)
"""Lesson days between two events of a student: primes, one of which suits any length of the year."""


def student_school_associations(world: World) -> Rule:
    """Each student's enrolment; further ones are re-entries of planned students, later in the year."""
    words, people, identity = world.words, world.people, world.identity
    grades = world.grade_uris()
    next_year = words.uri("EntryTypeDescriptor", "Next year school")
    new = words.uri("EntryTypeDescriptor", "Transfer")
    again = words.uri("EntryTypeDescriptor", "Re-entry")
    residency = words.uri("ResidencyStatusDescriptor", "Resident of admin unit and school area")
    reason = words.uri("EntryGradeLevelReasonDescriptor", "Promotion - Regular promotion")
    planned = world.sizes.students
    placement, lesson_day = world.layout.placement, world.year.lesson_day

    def document(ordinal: int) -> dict[str, Any]:
        entries, student = divmod(ordinal, planned)
        school, grade, _ = placement(student)
        entry = people.student(student).entry
        calendar = identity.calendar(school)
        return {
            "studentReference": {"studentUniqueId": identity.student_id(student)},
            "schoolReference": {"schoolId": calendar["schoolId"]},
            "entryDate": lesson_day(entry + entries),
            "entryGradeLevelDescriptor": grades[grade],
            "entryTypeDescriptor": again if entries else new if entry else next_year,
            "entryGradeLevelReasonDescriptor": reason,
            "residencyStatusDescriptor": residency,
            "schoolYearTypeReference": {"schoolYear": world.year.year},
            "calendarReference": calendar,
            "classOfSchoolYearTypeReference": {"schoolYear": world.year.year + GRADES - 1 - grade},
            "primarySchool": True,
            "repeatGradeIndicator": False,
            "schoolChoiceTransfer": False,
            "fullTimeEquivalency": 1.0,
        }

    return Rule(document, change=_part_time, growable=True)


def student_section_associations(world: World) -> Rule:
    """Each student's courses, one of each subject; further ones are returns to a planned section."""
    refer = student_section(world)
    end = world.year.whole.end
    planned, slots = world.counts["studentSectionAssociations"], world.timetable.slots

    def document(ordinal: int) -> dict[str, Any]:
        key = refer(ordinal)
        body: dict[str, Any] = {
            "beginDate": key.pop("beginDate"),
            "studentReference": {"studentUniqueId": key.pop("studentUniqueId")},
            "sectionReference": key,
            "homeroomIndicator": ordinal % slots == 0,
        }
        if ordinal < planned:
            body["endDate"] = end
        return body

    return Rule(document, change=leave_after("beginDate"), growable=True)


def student_section(world: World) -> Callable[[int], dict[str, Any]]:
    """Return a function from the ordinal of a studentSectionAssociation to the reference to it."""
    identity, timetable, people = world.identity, world.timetable, world.people
    slots, students = timetable.slots, world.sizes.students
    placement, lesson_day = world.layout.placement, world.year.lesson_day

    def refer(ordinal: int) -> dict[str, Any]:
        student, slot = divmod(ordinal, slots)
        returns, student = divmod(student, students)
        place = placement(student)
        course, section = timetable.section(place, slot)
        return {
            "beginDate": lesson_day(people.student(student).entry + returns),
            **identity.section(place.school, identity.course_code(course, slot), section),
            "studentUniqueId": identity.student_id(student),
        }

    return refer


def student_program_associations(world: World) -> Rule:
    """Two of five students with a program of their agency; further ones begin later."""
    identity, planned = world.identity, world.counts["studentProgramAssociations"]
    roll = world.dice("studentProgramAssociations")
    some, of = STUDENTS_IN_PROGRAMS

    def document(ordinal: int) -> dict[str, Any]:
        again, taken = divmod(ordinal, planned)
        student = taken * of // some
        school, grade, _ = world.layout.placement(student)
        fitting = _PROGRAMS_YOUNG if grade < _FIRST_OLDER_GRADE else _PROGRAMS_OLDER
        reference = program(world, world.agency_of(school), fitting[roll(taken) % len(fitting)])
        return {
            "studentReference": {"studentUniqueId": identity.student_id(student)},
            "educationOrganizationReference": {"educationOrganizationId": reference["educationOrganizationId"]},
            "programReference": reference,
            "beginDate": world.year.lesson_day(world.people.student(student).entry + again),
            "servedOutsideOfRegularSession": False,
        }

    return Rule(document, change=leave_after("beginDate"), growable=True)


def student_school_attendance_events(world: World) -> Rule:
    """Absences and late arrivals, each on a lesson day of its own; days beyond the year follow when all are used."""
    words, identity, year = world.words, world.identity, world.year
    kinds = [
        words.uri("AttendanceEventCategoryDescriptor", kind)
        for kind in ("Excused Absence", "Unexcused Absence", "Tardy", "Early departure")
    ]
    reasons = ("Illness", "No note received", "Late bus", "Medical appointment")
    durations = (1.0, 1.0, 0.25, 0.5)
    classroom = words.uri("EducationalEnvironmentDescriptor", "Classroom")
    students, roll = world.sizes.students, world.dice("studentSchoolAttendanceEvents")
    spring = year.spring.begin
    people_of, placement = world.people.student, world.layout.placement

    def document(ordinal: int) -> dict[str, Any]:
        event, student = divmod(ordinal, students)
        bits = roll(ordinal)
        kind = (0, 0, 0, 1, 2, 2, 3, 1)[bits & 7]
        entry = people_of(student).entry
        day = year.lesson_day(_absence_day(event, student, entry, year.lessons))
        session = identity.session(placement(student).school, 2 if day >= spring else 1)
        return {
            "studentReference": {"studentUniqueId": identity.student_id(student)},
            "schoolReference": {"schoolId": session["schoolId"]},
            "sessionReference": session,
            "eventDate": day,
            "attendanceEventCategoryDescriptor": kinds[kind],
            "attendanceEventReason": reasons[kind],
            "eventDuration": durations[kind],
            "educationalEnvironmentDescriptor": classroom,
        }

    return Rule(document, change=annotate("attendanceEventReason", "Corrected by the office, revision"), growable=True)


def _absence_day(event: int, student: int, entry: int, lessons: int) -> int:
    """Return a lesson day for a student's event, another one for each event, on or after the day of entry."""
    attended = lessons - entry
    if event >= attended:
        return entry + event
    spacing = next(prime for prime in _ABSENCE_SPACING if attended % prime)
    return entry + (student * 11 + event * spacing) % attended


def _part_time(document: Document, revision: int) -> None:
    """Reduce the full-time equivalency by another ten-thousandth; it starts again after 9,999."""
    document["fullTimeEquivalency"] = (9999 - (revision - 1) % 9999) / 10000
