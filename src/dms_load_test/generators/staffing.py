"""Staff: who they are, where they work and what they teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dms_load_test.generators.people import FEMALE, MALE, adult_name
from dms_load_test.generators.rule import Rule, extend, leave_after, new_extension, raise_by
from dms_load_test.generators.words import HISPANIC_SURNAMES, SURNAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.generators.world import World

_TEACHER = "Teacher"
_ROLES = (
    _TEACHER,
    "Office",
    _TEACHER,
    _TEACHER,
    _TEACHER,
    "Counselor",
    _TEACHER,
    _TEACHER,
    "Instructional Aide",
    _TEACHER,
)
"""A school's staff in order of their number there, again from the start after ten."""
_OFFICE = ("Principal", "Assistant Principal", "Librarian/Media Specialist", "Support Services Staff")
"""Who works in the office, in order; the last one stands for all that follow."""
_TEACHER_PLACES = tuple(place for place, role in enumerate(_ROLES) if role == _TEACHER)
_TEACHERS_BEFORE = tuple(_ROLES[:place].count(_TEACHER) for place in range(len(_ROLES)))
_WAGES = {
    _TEACHER: 52_000,
    "Principal": 98_000,
    "Assistant Principal": 81_000,
    "Counselor": 61_000,
    "Librarian/Media Specialist": 55_000,
    "Support Services Staff": 34_000,
    "Instructional Aide": 29_000,
}
_LEADERS = ("Principal", "Assistant Principal", "Counselor")
_TAUGHT = (_TEACHER, *_LEADERS)
_GRADUATE_AGE = 23
_YOUNGEST, _YOUNGEST_LEADER = 24, 36
_AGES = 28
_LONGEST_SERVICE = 15


class _Member(NamedTuple):
    """A member of staff. `service`: whole years with the agency before this school year."""

    role: str
    sex: int
    age: int
    service: int
    bits: int


def staffs(world: World) -> Rule:
    """Staff of the district's schools in turn: numbers 0, `schools`, 2 `schools` ... belong to the first school."""
    words, people, identity = world.words, world.people, world.identity
    phone = words.uri("TelephoneNumberTypeDescriptor", "Work")
    mail = words.uri("ElectronicMailTypeDescriptor", "Work")
    system = words.uri("StaffIdentificationSystemDescriptor", "District")
    degrees = [words.uri("LevelOfEducationDescriptor", name) for name in ("Bachelor's", "Master's")]
    member = _members(world)

    def document(ordinal: int) -> dict[str, Any]:
        role, sex, age, service, bits = member(ordinal)
        hispanic = (bits >> 2) % 5 == 0
        names = HISPANIC_SURNAMES if hispanic else SURNAMES
        first = adult_name(sex, bits >> 6)
        experience = (age - _GRADUATE_AGE - service) * 3 // 4
        return {
            "staffUniqueId": identity.staff_id(ordinal),
            "personalTitlePrefix": "Mr." if sex == MALE else "Ms.",
            "firstName": first,
            "lastSurname": names[(bits >> 22) % len(names)],
            "birthDate": f"{world.year.year - 1 - age}-{1 + (bits >> 32) % 12:02}-{1 + (bits >> 36) % 28:02}",
            "sexDescriptor": people.sexes[sex],
            "hispanicLatinoEthnicity": hispanic,
            "races": [{"raceDescriptor": people.races[0 if hispanic else (bits >> 41) % 3]}],
            "highestCompletedLevelOfEducationDescriptor": degrees[max((bits >> 44) % 8 // 4, role in _LEADERS)],
            "highlyQualifiedTeacher": role == _TEACHER,
            "yearsOfPriorProfessionalExperience": float(experience),
            "yearsOfPriorTeachingExperience": float(experience if role in _TAUGHT else 0),
            "loginId": f"{first}.{ordinal + 1}".lower(),
            "electronicMails": [
                {
                    "electronicMailTypeDescriptor": mail,
                    "electronicMailAddress": f"{first}.{ordinal + 1}@staff.example.com".lower(),
                }
            ],
            "telephones": [{"telephoneNumberTypeDescriptor": phone, "telephoneNumber": people.telephone(bits >> 48)}],
            "identificationCodes": [
                {"staffIdentificationSystemDescriptor": system, "identificationCode": f"{100_000 + ordinal}"}
            ],
        }

    return Rule(document, change=new_extension("telephones"), growable=True)


def employments(world: World) -> Rule:
    """Each member of staff employed by the agency; further ones are renewals, after the first."""
    roll = world.dice("employments")
    refer = _employment(world)

    def document(ordinal: int) -> dict[str, Any]:
        staff = ordinal % world.sizes.staff
        key = refer(ordinal)
        wage = _WAGES[_role(world, staff)] + roll(ordinal) % 20 * 900
        return {
            "staffReference": {"staffUniqueId": key["staffUniqueId"]},
            "educationOrganizationReference": {"educationOrganizationId": key["educationOrganizationId"]},
            "employmentStatusDescriptor": key["employmentStatusDescriptor"],
            "hireDate": key["hireDate"],
            "fullTimeEquivalency": 1.0,
            "annualWage": wage,
        }

    return Rule(document, change=raise_by("annualWage", 250), growable=True)


def assignments(world: World) -> Rule:
    """Each member of staff assigned to a school, by the employment; further ones begin later."""
    identity, words = world.identity, world.words
    refer = _employment(world)
    elementary = words.uri("StaffClassificationDescriptor", "Elementary Teacher", _TEACHER)
    secondary = words.uri("StaffClassificationDescriptor", "Secondary Teacher", _TEACHER)
    others = {role: words.uri("StaffClassificationDescriptor", role) for role in _WAGES}

    def document(ordinal: int) -> dict[str, Any]:
        again, staff = divmod(ordinal, world.sizes.staff)
        school, role = staff % world.sizes.schools, _role(world, staff)
        young = world.layout.kind(school).first < 6  # noqa: PLR2004 - middle schools begin with grade 6
        return {
            "staffReference": {"staffUniqueId": identity.staff_id(staff)},
            "educationOrganizationReference": {"educationOrganizationId": identity.school_id(school)},
            "employmentStaffEducationOrganizationEmploymentAssociationReference": refer(staff),
            "staffClassificationDescriptor": (elementary if young else secondary) if role == _TEACHER else others[role],
            "beginDate": world.year.lesson_day(again),
            "positionTitle": role,
            "orderOfAssignment": 1,
            "fullTimeEquivalency": 1.0,
        }

    return Rule(document, change=extend("positionTitle", "step"), growable=True)


def staff_school_associations(world: World) -> Rule:
    """Each member of staff with the school."""
    assignment = world.words.uri("ProgramAssignmentDescriptor", "Regular Education")

    def document(ordinal: int) -> dict[str, Any]:
        school = ordinal % world.sizes.schools
        calendar = world.identity.calendar(school)
        return {
            "staffReference": {"staffUniqueId": world.identity.staff_id(ordinal)},
            "schoolReference": {"schoolId": calendar["schoolId"]},
            "programAssignmentDescriptor": assignment,
            "schoolYearTypeReference": {"schoolYear": world.year.year},
            "calendarReference": calendar,
            "gradeLevels": world.grade_levels(world.layout.kind(school).grades),
        }

    return Rule(document)


def staff_section_associations(world: World) -> Rule:
    """Each section with the teacher of its course; further ones are returns to it."""
    identity, planned = world.identity, world.counts["staffSectionAssociations"]
    position = world.words.uri("ClassroomPositionDescriptor", "Teacher of Record")

    def document(ordinal: int) -> dict[str, Any]:
        again, section = divmod(ordinal, planned)
        school, number, place = identity.split_section(section)
        course = world.course(school, number)
        return {
            "staffReference": {"staffUniqueId": identity.staff_id(teacher(world, school, number))},
            "sectionReference": identity.section(school, identity.course_code(number, course.slot), place),
            "classroomPositionDescriptor": position,
            "beginDate": world.year.lesson_day(again),
            "percentageContribution": 1.0,
            "teacherStudentDataLinkExclusion": False,
        }

    return Rule(document, change=leave_after("beginDate"), growable=True)


def teacher(world: World, school: int, course: int) -> int:
    """Return the member of staff who teaches a course; `school` has staff, the first of whom is a teacher."""
    schools = world.sizes.schools
    members = (world.sizes.staff - school + schools - 1) // schools
    cycles, rest = divmod(members, len(_ROLES))
    teachers = cycles * len(_TEACHER_PLACES) + _TEACHERS_BEFORE[rest]
    cycle, place = divmod(course % teachers, len(_TEACHER_PLACES))
    return school + (cycle * len(_ROLES) + _TEACHER_PLACES[place]) * schools


def _role(world: World, staff: int) -> str:
    cycle, place = divmod(staff // world.sizes.schools, len(_ROLES))
    role = _ROLES[place]
    return _OFFICE[min(cycle, len(_OFFICE) - 1)] if role == "Office" else role


def _members(world: World) -> Callable[[int], _Member]:
    """Return a function from a staff's ordinal to who it is."""
    roll = world.dice("staffs")

    def member(staff: int) -> _Member:
        bits = roll(staff)
        role = _role(world, staff)
        youngest = _YOUNGEST_LEADER if role in _LEADERS else _YOUNGEST
        age = youngest + (bits >> 16) % _AGES
        service = (bits >> 53) % min(_LONGEST_SERVICE, age - _GRADUATE_AGE)
        return _Member(role, MALE if bits % 4 == 0 else FEMALE, age, service, bits)

    return member


def _employment(world: World) -> Callable[[int], dict[str, Any]]:
    """Return a function from the ordinal of an employment to the reference to it."""
    status = world.words.uri("EmploymentStatusDescriptor", "Contractual")
    member = _members(world)

    def refer(ordinal: int) -> dict[str, Any]:
        again, staff = divmod(ordinal, world.sizes.staff)
        hired = world.year.year - 1 - member(staff).service
        return {
            "educationOrganizationId": world.identity.agency_id(world.agency_of(staff % world.sizes.schools)),
            "employmentStatusDescriptor": status,
            "hireDate": world.year.lesson_day(again - 1) if again else f"{hired}-08-01",
            "staffUniqueId": world.identity.staff_id(staff),
        }

    return refer
