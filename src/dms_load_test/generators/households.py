"""Families by arithmetic: who is whose sibling, and which contacts they share.

Ten students in a row belong to six households; the pattern repeats without end. Half of the students have a sibling in
the district, three of ten live with one contact only.
"""

from __future__ import annotations

from itertools import accumulate

_CHILDREN = (1, 2, 1, 3, 1, 2)
_CONTACTS = (2, 2, 1, 2, 1, 2)
_HOUSEHOLDS = len(_CHILDREN)
_STUDENT_CYCLE = sum(_CHILDREN)
_CONTACT_CYCLE = sum(_CONTACTS)
_STUDENT_HOUSEHOLD = tuple(house for house, size in enumerate(_CHILDREN) for _ in range(size))
_CONTACT_HOUSEHOLD = tuple(house for house, size in enumerate(_CONTACTS) for _ in range(size))
_FIRST_CONTACT = (0, *accumulate(_CONTACTS))
_LINKS = tuple(
    (student, _FIRST_CONTACT[house] + place)
    for student, house in enumerate(_STUDENT_HOUSEHOLD)
    for place in range(_CONTACTS[house])
)
"""(student, contact) of one cycle."""
_LINKS_BEFORE = (0, *accumulate(_CONTACTS[house] for house in _STUDENT_HOUSEHOLD))


def household_of_student(student: int) -> int:
    """Return the household that a student lives in."""
    cycle, place = divmod(student, _STUDENT_CYCLE)
    return cycle * _HOUSEHOLDS + _STUDENT_HOUSEHOLD[place]


def household_of_contact(contact: int) -> tuple[int, int]:
    """Return a contact's household and place in it: 0 is who the school calls first."""
    cycle, place = divmod(contact, _CONTACT_CYCLE)
    house = _CONTACT_HOUSEHOLD[place]
    return cycle * _HOUSEHOLDS + house, place - _FIRST_CONTACT[house]


def link(number: int) -> tuple[int, int]:
    """Return the student and the contact that a studentContactAssociation joins."""
    cycle, place = divmod(number, len(_LINKS))
    student, contact = _LINKS[place]
    return cycle * _STUDENT_CYCLE + student, cycle * _CONTACT_CYCLE + contact


def contacts_of(students: int) -> int:
    """Return how many contacts the first `students` students have together, at least one student."""
    cycle, house = divmod(household_of_student(students - 1) + 1, _HOUSEHOLDS)
    return cycle * _CONTACT_CYCLE + _FIRST_CONTACT[house]


def links_of(students: int) -> int:
    """Return how many pairs of student and contact the first `students` students make."""
    cycle, rest = divmod(students, _STUDENT_CYCLE)
    return cycle * len(_LINKS) + _LINKS_BEFORE[rest]
