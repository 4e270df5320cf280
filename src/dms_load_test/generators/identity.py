"""Natural keys: the identities of all documents and the references to them, each computed from an ordinal.

The seed decides the number of the run, six digits that head all identifiers, so that runs with different seeds can
share a server: seeds that differ by less than 900,000 never collide (runs of more than 200 schools take several
numbers in a row, and could meet a neighbour's by chance). Education organizations are one identity space, `naming.py`;
all ids fit into 32 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.generators.naming import FIRST_RUN, Naming, organizations_of, run_number
from dms_load_test.generators.school_year import GRADING_PERIODS
from dms_load_test.generators.timetable import PERIODS

if TYPE_CHECKING:
    from dms_load_test.generators.district import DistrictSizes
    from dms_load_test.generators.school_year import SchoolYear
    from dms_load_test.generators.vocabulary import Vocabulary

    Reference = dict[str, Any]

_PERIOD_NAMES = ("First Nine Weeks", "Second Nine Weeks", "Third Nine Weeks", "Fourth Nine Weeks")
SUBJECT_CODES = ("ELA", "MAT", "SCI", "SOC", "ART", "PHE")
"""By slot of the timetable."""
USUAL = Naming()
NAMESPACE = "uri://ed-fi.org/Assessment"


class Identity:
    """Identifiers and reference objects. Ordinals are those of the resource that is referred to."""

    def __init__(
        self, sizes: DistrictSizes, seed: int, year: SchoolYear, words: Vocabulary, naming: Naming = USUAL
    ) -> None:
        self.run = f"{FIRST_RUN + run_number(seed)}"
        self.prefix = naming.prefix
        self.organizations = organizations_of(naming, sizes, seed)
        self._schools = sizes.schools
        self._courses = sizes.courses_per_school
        self._sections = sizes.sections_per_course
        self._planned_sections = sizes.schools * self._courses * self._sections
        self._periods = tuple(
            (words.uri("GradingPeriodDescriptor", name), f"{year.year} {name}") for name in _PERIOD_NAMES
        )
        self.year = year.year
        self.numbered_periods = False
        """Whether grading periods are told apart by their number instead of their name, as before standard 5.1."""
        self.session_names = (f"{year.name} Year Round", f"{year.name} Fall Semester", f"{year.name} Spring Semester")

    def agency_id(self, agency: int) -> int:
        """Return a localEducationAgencyId."""
        return self.organizations.agency_id(agency)

    def school_id(self, school: int) -> int:
        """Return a schoolId."""
        return self.organizations.school_id(school)

    def is_school(self, organization: int) -> bool:
        """Say whether an education organization of the district is a school."""
        return self.organizations.is_school(organization)

    def student_id(self, student: int) -> str:
        """Return a studentUniqueId."""
        return f"{self.prefix}{self.run}{student + 1:07}"

    def contact_id(self, contact: int) -> str:
        """Return a contactUniqueId."""
        return f"{self.prefix}C{self.run}{contact + 1:07}"

    def staff_id(self, staff: int) -> str:
        """Return a staffUniqueId."""
        return f"{self.prefix}E{self.run}{staff + 1:06}"

    def course_code(self, course: int, slot: int) -> str:
        """Return the code of a school's course, planned or not, of a subject."""
        return f"{SUBJECT_CODES[slot]}-{course + 101}"

    def calendar(self, school: int) -> Reference:
        """Refer to a school's calendar."""
        school_id = self.school_id(school)
        return {"calendarCode": f"{self.year}-{school_id}", "schoolId": school_id, "schoolYear": self.year}

    def grading_period(self, period: int) -> Reference:
        """Refer to a grading period: four a school."""
        school, number = divmod(period, GRADING_PERIODS)
        descriptor, name = self._periods[number]
        told_apart = {"periodSequence": number + 1} if self.numbered_periods else {"gradingPeriodName": name}
        return {
            "gradingPeriodDescriptor": descriptor,
            **told_apart,
            "schoolId": self.school_id(school),
            "schoolYear": self.year,
        }

    def grading_period_name(self, period: int) -> str:
        """Return the name of a grading period."""
        return self._periods[period % GRADING_PERIODS][1]

    def session(self, school: int, number: int) -> Reference:
        """Refer to a school's session: 0 the whole year, 1 fall, 2 spring."""
        return {
            "schoolId": self.school_id(school),
            "schoolYear": self.year,
            "sessionName": self.session_names[number],
        }

    def class_period(self, school: int, period: int) -> Reference:
        """Refer to one of a school's class periods, 0 to 7."""
        assert 0 <= period < PERIODS
        return {"classPeriodName": f"Period {period + 1}", "schoolId": self.school_id(school)}

    def location(self, school: int, room: int) -> Reference:
        """Refer to one of a school's rooms."""
        return {"classroomIdentificationCode": f"Room {room + 101}", "schoolId": self.school_id(school)}

    def split_section(self, section: int) -> tuple[int, int, int]:
        """Return school, course number and section number of a section.

        Sections beyond the planned ones are further sections of the planned courses.
        """
        beyond = section - self._planned_sections
        if beyond < 0:
            offering, number = divmod(section, self._sections)
        else:
            number, offering = divmod(beyond, self._schools * self._courses)
            number += self._sections
        school, course = divmod(offering, self._courses)
        return school, course, number

    def section_ordinal(self, school: int, course: int, number: int) -> int:
        """Return the ordinal of a planned section."""
        return (school * self._courses + course) * self._sections + number

    def section(self, school: int, code: str, number: int) -> Reference:
        """Refer to section `number` of the course with `code`."""
        school_id = self.school_id(school)
        return {
            "localCourseCode": code,
            "schoolId": school_id,
            "schoolYear": self.year,
            "sectionIdentifier": f"{school_id}-{code}-{number + 1:02}",
            "sessionName": self.session_names[0],
        }
