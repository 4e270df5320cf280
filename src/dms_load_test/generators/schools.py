"""Which kind a school is and which students attend it, by arithmetic.

Of five schools three are elementary, one is a middle and one a high school; a district of two has one for kindergarten
to grade 8 and a high school, a district of one school has all grades. Thirteen students in a row are one of each grade
and go to the schools of one neighbourhood, so siblings of like age share a school.
"""

from __future__ import annotations

from typing import NamedTuple

GRADE_NAMES = (
    "Kindergarten",
    "First grade",
    "Second grade",
    "Third grade",
    "Fourth grade",
    "Fifth grade",
    "Sixth grade",
    "Seventh grade",
    "Eighth grade",
    "Ninth grade",
    "Tenth grade",
    "Eleventh grade",
    "Twelfth grade",
)
"""The code values of their descriptors. Grades are numbered from 0, kindergarten, to 12."""
GRADES = len(GRADE_NAMES)
_GRADE_ORDER = (5, 9, 0, 4, 8, 12, 3, 7, 11, 2, 6, 10, 1)
"""Four or nine years lie between a student and the next, often a sibling; even few students fill all school kinds."""
_RANK = tuple(_GRADE_ORDER.index(grade) for grade in range(GRADES))


class SchoolKind(NamedTuple):
    """A kind of school: its name's ending, its standard category and its grades, both ends included."""

    title: str
    category: str
    first: int
    last: int

    @property
    def grades(self) -> range:
        """The grades taught."""
        return range(self.first, self.last + 1)


ELEMENTARY = SchoolKind("Elementary School", "Elementary School", 0, 5)
MIDDLE = SchoolKind("Middle School", "Middle School", 6, 8)
HIGH = SchoolKind("High School", "High School", 9, 12)
K_TO_8 = SchoolKind("Academy", "Other Combination", 0, 8)
ALL_GRADES = SchoolKind("School", "All Levels", 0, 12)
_CYCLES = {1: (ALL_GRADES,), 2: (K_TO_8, HIGH)}
_CYCLE = (ELEMENTARY, MIDDLE, HIGH, ELEMENTARY, ELEMENTARY)


class Placement(NamedTuple):
    """Where a student is taught. `seat` counts the students of that school and grade from 0."""

    school: int
    grade: int
    seat: int


class _Branch(NamedTuple):
    """The schools that teach one grade: their places in the cycle, and how many there are."""

    places: tuple[int, ...]
    schools: int


class SchoolLayout:
    """The schools of a district with `students` planned students. Memory does not grow with either number."""

    def __init__(self, schools: int, students: int) -> None:
        self.cycle = _CYCLES.get(schools, _CYCLE)
        self.kinds = tuple(dict.fromkeys(self.cycle))
        self._students = students
        whole, rest = divmod(schools, len(self.cycle))
        self._branches = tuple(
            _Branch(places, whole * len(places) + sum(place < rest for place in places))
            for places in (
                tuple(place for place, kind in enumerate(self.cycle) if grade in kind.grades) for grade in range(GRADES)
            )
        )

    def kind(self, school: int) -> SchoolKind:
        """Return the kind of a school."""
        return self.cycle[school % len(self.cycle)]

    def grade(self, student: int) -> int:
        """Return the grade that a student is in."""
        return _GRADE_ORDER[student % GRADES]

    def placement(self, student: int) -> Placement:
        """Return school, grade and seat of a student."""
        block, place = divmod(student, GRADES)
        grade = _GRADE_ORDER[place]
        places, schools = self._branches[grade]
        seat, number = divmod(block, schools)
        cycle, position = divmod(number, len(places))
        return Placement(cycle * len(self.cycle) + places[position], grade, seat)

    def enrolled(self, school: int, grade: int) -> int:
        """Return how many planned students of `grade` attend `school`."""
        places, schools = self._branches[grade]
        cycle, place = divmod(school, len(self.cycle))
        number = cycle * len(places) + places.index(place)
        of_grade = (self._students - _RANK[grade] + GRADES - 1) // GRADES
        return max(0, (of_grade - number + schools - 1) // schools)
