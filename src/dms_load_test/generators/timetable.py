"""A school's courses, sections, periods and rooms, by arithmetic.

- Courses fall into bands of neighbouring grades and, within a band, into up to six slots: one subject each. A student
  takes one course from each slot of the band, so never two of one subject.
- Section j of a course in slot s meets in period (s + j) mod 8. A student is in section j of all courses, so meets no
  two at once. A course has rooms of its own, one for every eight sections, so no room is taken twice.
- Students go to courses and sections in turn, so a section's size is known without counting: see `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.generators.schools import GRADES

if TYPE_CHECKING:
    from dms_load_test.generators.schools import Placement, SchoolKind, SchoolLayout

PERIODS = 8
"""Class periods of a school day."""
MOST_COURSES = 6
"""Courses that a student takes at the most."""


class Course(NamedTuple):
    """Course `number` of a kind of school. `variant` counts the courses of one band and slot from 0."""

    number: int
    slot: int
    variant: int
    grades: tuple[int, ...]


class Timetable:
    """Timetables of all kinds of schools, for `courses` courses a school of `sections` sections each."""

    def __init__(self, layout: SchoolLayout, courses: int, sections: int) -> None:
        self._layout = layout
        self._courses = courses
        self._sections = sections
        self.slots = min(MOST_COURSES, courses)
        """Courses that each student takes."""
        self.rooms_per_course = -(-sections // PERIODS)
        self.catalog = {kind: self._catalog(kind) for kind in layout.kinds}
        """The courses of each kind of school, by number."""

    def section(self, placement: Placement, slot: int) -> tuple[int, int]:
        """Return the course number and the section of it that a student attends in `slot`."""
        kind = self._layout.kind(placement.school)
        bands = self._bands(kind)
        band = (placement.grade - kind.first) * bands // len(kind.grades)
        turn, section = divmod(placement.seat, self._sections)
        variant = (turn + slot) % self._variants(bands, band, slot)
        return (variant * self.slots + slot) * bands + band, section

    def period(self, slot: int, section: int) -> int:
        """Return the class period (0 to 7) in which a section of a course in `slot` meets."""
        return (slot + section) % PERIODS

    def room(self, course: int, section: int) -> int:
        """Return the room, from 0 within the school, of a section."""
        return course * self.rooms_per_course + section // PERIODS

    def load(self, school: int, course: int) -> int:
        """Return how many students the fullest section of a course may have, an upper bound."""
        kind = self._layout.kind(school)
        about = self.catalog[kind][course]
        bands = self._bands(kind)
        variants = self._variants(bands, course % bands, about.slot)
        share = self._sections * variants
        return sum(-(-self._layout.enrolled(school, grade) // share) for grade in about.grades)

    def _catalog(self, kind: SchoolKind) -> tuple[Course, ...]:
        bands = self._bands(kind)
        count = len(kind.grades)
        grades = [
            tuple(grade for grade in kind.grades if (grade - kind.first) * bands // count == band)
            for band in range(bands)
        ]
        courses = []
        for number in range(self._courses):
            position, band = divmod(number, bands)
            variant, slot = divmod(position, self.slots)
            courses.append(Course(number, slot, variant, grades[band]))
        return tuple(courses)

    def _bands(self, kind: SchoolKind) -> int:
        """As many bands as there are grades, or as have a course for every slot."""
        return max(1, min(len(kind.grades), self._courses // MOST_COURSES))

    def _variants(self, bands: int, band: int, slot: int) -> int:
        """Return how many courses a band has in a slot: at least one."""
        of_band = (self._courses - band + bands - 1) // bands
        return (of_band - slot + self.slots - 1) // self.slots


def grade_span(grades: tuple[int, ...]) -> str:
    """Return grades as people write them: `Kindergarten`, `Grade 4`, `Grades 9-10`, `Grades K-2`."""
    first, last = grades[0], grades[-1]
    assert 0 <= first <= last < GRADES
    if first == last:
        return f"Grade {first}" if first else "Kindergarten"
    return f"Grades {first or 'K'}-{last}"
