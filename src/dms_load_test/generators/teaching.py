"""What is taught: rooms, courses, their offerings and sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.rule import Rule, extend, raise_by
from dms_load_test.generators.timetable import grade_span

if TYPE_CHECKING:
    from dms_load_test.generators.timetable import Course
    from dms_load_test.generators.world import World

_SUBJECTS = (
    "English Language Arts",
    "Mathematics",
    "Science",
    "Social Studies",
    "Fine and Performing Arts",
    "Physical, Health, and Safety Education",
)
"""By slot of the timetable."""
_TITLES = ("Language Arts", "Mathematics", "Science", "Social Studies", "Art and Music", "Physical Education")
_HIGH_SCHOOL_TITLES = (
    ("English I", "English II", "English III", "English IV", "Creative Writing", "Journalism", "Speech"),
    ("Algebra I", "Geometry", "Algebra II", "Precalculus", "Statistics", "Calculus AB", "Financial Mathematics"),
    (
        "Biology",
        "Chemistry",
        "Physics",
        "Environmental Science",
        "Anatomy and Physiology",
        "Astronomy",
        "Earth Science",
    ),
    ("World Geography", "World History", "U.S. History", "Government and Economics", "Psychology", "Sociology"),
    ("Art I", "Band", "Theatre Arts", "Choir", "Photography", "Orchestra", "Dance"),
    ("Foundations of Fitness", "Health", "Team Sports", "Lifetime Sports", "Strength and Conditioning", "Aerobics"),
)
_LEVELS = ("", " Enriched", " Accelerated", " Seminar")
_HIGH_SCHOOL = 9
_YEAR_MINUTES = 45 * 172
_SMALLEST_ROOM, _ROOM_SPREAD = 24, 9


def locations(world: World) -> Rule:
    """Rooms: each course has its own, with seats for its fullest section."""
    planned = world.counts["locations"]
    per_course = world.timetable.rooms_per_course
    per_school = world.sizes.courses_per_school * per_course
    roll = world.dice("locations")

    def document(ordinal: int) -> dict[str, Any]:
        beyond = ordinal - planned
        seats = _SMALLEST_ROOM + roll(ordinal) % _ROOM_SPREAD
        if beyond < 0:
            school, room = divmod(ordinal, per_school)
            seats = max(seats, world.timetable.load(school, room // per_course))
        else:
            room, school = divmod(beyond, world.sizes.schools)
            room += per_school
        key = world.identity.location(school, room)
        return {
            "classroomIdentificationCode": key["classroomIdentificationCode"],
            "schoolReference": {"schoolId": key["schoolId"]},
            "maximumNumberOfSeats": seats,
            "optimalNumberOfSeats": seats - 2,
        }

    return Rule(document, change=raise_by("maximumNumberOfSeats"), growable=True)


def courses(world: World) -> Rule:
    """Courses of each school, by subject and grades."""
    words = world.words
    subjects = [words.uri("AcademicSubjectDescriptor", subject) for subject in _SUBJECTS]
    system = words.uri("CourseIdentificationSystemDescriptor", "School course code")
    defined_by = words.uri("CourseDefinedByDescriptor", "School")
    general, honors = (words.uri("CourseLevelCharacteristicDescriptor", name) for name in ("General", "Honors"))
    credit = words.uri("CreditTypeDescriptor", "Carnegie unit")

    def document(ordinal: int) -> dict[str, Any]:
        school, course = _course(world, ordinal)
        code = world.identity.course_code(course.number, course.slot)
        high_school = course.grades[0] >= _HIGH_SCHOOL
        return {
            "courseCode": code,
            "educationOrganizationReference": {"educationOrganizationId": world.identity.school_id(school)},
            "courseTitle": course_title(course),
            "courseDescription": f"{_SUBJECTS[course.slot]} for {grade_span(course.grades)}",
            "numberOfParts": 1,
            "courseDefinedByDescriptor": defined_by,
            "highSchoolCourseRequirement": high_school and course.variant == 0,
            "minimumAvailableCredits": 1.0 if high_school else 0.0,
            "maximumAvailableCredits": 1.0 if high_school else 0.0,
            "maximumAvailableCreditTypeDescriptor": credit,
            "academicSubjects": [{"academicSubjectDescriptor": subjects[course.slot]}],
            "identificationCodes": [{"courseIdentificationSystemDescriptor": system, "identificationCode": code}],
            "levelCharacteristics": [
                {"courseLevelCharacteristicDescriptor": honors if course.variant % len(_LEVELS) else general}
            ],
            "offeredGradeLevels": world.grade_levels(course.grades),
        }

    return Rule(document, change=extend("courseDescription", "revision"), growable=True)


def course_offerings(world: World) -> Rule:
    """Each planned course, taught all year; further offerings are of the same courses."""
    planned = world.counts["courseOfferings"]

    def document(ordinal: int) -> dict[str, Any]:
        again, offered = divmod(ordinal, planned)
        school, course = _course(world, offered)
        code = world.identity.course_code(course.number, course.slot)
        school_id = world.identity.school_id(school)
        return {
            "localCourseCode": f"{code}-{again + 1}" if again else code,
            "localCourseTitle": course_title(course),
            "schoolReference": {"schoolId": school_id},
            "sessionReference": world.identity.session(school, 0),
            "courseReference": {"courseCode": code, "educationOrganizationId": school_id},
            "instructionalTimePlanned": _YEAR_MINUTES,
            "offeredGradeLevels": world.grade_levels(course.grades),
        }

    return Rule(document, change=raise_by("instructionalTimePlanned", 45), growable=True)


def sections(world: World) -> Rule:
    """Sections, each in a class period and a room that no other one has; further ones have no room yet."""
    words, identity, timetable = world.words, world.identity, world.timetable
    environment = words.uri("EducationalEnvironmentDescriptor", "Classroom")
    language = words.uri("LanguageDescriptor", "eng")
    medium = words.uri("MediumOfInstructionDescriptor", "Face-to-face instruction")
    population = words.uri("PopulationServedDescriptor", "Regular Students")
    credit = words.uri("CreditTypeDescriptor", "Carnegie unit")

    def document(ordinal: int) -> dict[str, Any]:
        school, number, section = identity.split_section(ordinal)
        course = world.course(school, number)
        key = identity.section(school, identity.course_code(number, course.slot), section)
        identifier = key.pop("sectionIdentifier")
        period = timetable.period(course.slot, section)
        body: dict[str, Any] = {
            "sectionIdentifier": identifier,
            "courseOfferingReference": key,
            "sectionName": f"{course_title(course)}, Period {period + 1}",
            "sequenceOfCourse": 1,
            "educationalEnvironmentDescriptor": environment,
            "instructionLanguageDescriptor": language,
            "mediumOfInstructionDescriptor": medium,
            "populationServedDescriptor": population,
            "availableCredits": 1.0 if course.grades[0] >= _HIGH_SCHOOL else 0.0,
            "availableCreditTypeDescriptor": credit,
            "classPeriods": [{"classPeriodReference": identity.class_period(school, period)}],
            "offeredGradeLevels": world.grade_levels(course.grades),
        }
        if section < world.sizes.sections_per_course:
            body["locationReference"] = identity.location(school, timetable.room(number, section))
            body["locationSchoolReference"] = {"schoolId": key["schoolId"]}
        return body

    return Rule(document, change=extend("sectionName", "revision"), growable=True)


def course_title(course: Course) -> str:
    """Return a course's title, at most 60 characters: `Mathematics, Grade 4`, `Algebra I`."""
    if course.grades[0] >= _HIGH_SCHOOL:
        titles = _HIGH_SCHOOL_TITLES[course.slot]
        again, place = divmod(course.grades[0] - _HIGH_SCHOOL + course.variant, len(titles))
        return titles[place] + (f", Part {again + 1}" if again else "")
    again, level = divmod(course.variant, len(_LEVELS))
    return f"{_TITLES[course.slot]}{_LEVELS[level]}, {grade_span(course.grades)}" + (f" ({again + 1})" if again else "")


def _course(world: World, ordinal: int) -> tuple[int, Course]:
    """Return school and course; courses beyond the planned ones are further variants of these, with new numbers."""
    per_school = world.sizes.courses_per_school
    beyond = ordinal - world.counts["courses"]
    if beyond < 0:
        school, number = divmod(ordinal, per_school)
        return school, world.course(school, number)
    again, planned = divmod(beyond, world.counts["courses"])
    school, number = divmod(planned, per_school)
    course = world.course(school, number)
    return school, course._replace(number=number + (again + 1) * per_school, variant=course.variant + again + 1)
