"""All documents of a run: which there are, and each one from its ordinal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.generators import assessment, enrollment, organization, sessions, staffing, students, teaching
from dms_load_test.generators.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.generators.district import DistrictSizes
    from dms_load_test.generators.rule import Document, Rule

DISTRICT: Mapping[str, Callable[[World], Rule]] = {
    "schoolYearTypes": organization.school_year_types,
    "localEducationAgencies": organization.local_education_agencies,
    "schools": organization.schools,
    "programs": organization.programs,
    "calendars": sessions.calendars,
    "calendarDates": sessions.calendar_dates,
    "gradingPeriods": sessions.grading_periods,
    "sessions": sessions.sessions,
    "classPeriods": sessions.class_periods,
    "bellSchedules": sessions.bell_schedules,
    "locations": teaching.locations,
    "courses": teaching.courses,
    "courseOfferings": teaching.course_offerings,
    "sections": teaching.sections,
    "students": students.students,
    "contacts": students.contacts,
    "studentContactAssociations": students.student_contact_associations,
    "studentEducationOrganizationAssociations": students.student_education_organization_associations,
    "studentSchoolAssociations": enrollment.student_school_associations,
    "studentSectionAssociations": enrollment.student_section_associations,
    "studentProgramAssociations": enrollment.student_program_associations,
    "studentSchoolAttendanceEvents": enrollment.student_school_attendance_events,
    "staffs": staffing.staffs,
    "staffEducationOrganizationEmploymentAssociations": staffing.employments,
    "staffEducationOrganizationAssignmentAssociations": staffing.assignments,
    "staffSchoolAssociations": staffing.staff_school_associations,
    "staffSectionAssociations": staffing.staff_section_associations,
    "assessments": assessment.assessments,
    "studentAssessments": assessment.student_assessments,
    "grades": assessment.grades,
}
"""The rule of each resource of the district. A new one needs a line here and one in `district.plan_counts`."""


class Documents:
    """Documents as functions of resource and ordinal: pure, the same in every process, O(1) in time and memory.

    `counts`: planned documents per resource, ordinals 0 to count - 1. `growable`: resources for which higher ordinals
    are valid too. `updatable`: resources that `changed` knows a member to change of.
    """

    def __init__(self, rules: Mapping[str, Rule], counts: Mapping[str, int], model: ApiModel) -> None:
        self.counts: Mapping[str, int] = {resource: counts[resource] for resource in rules}
        self.growable = frozenset(resource for resource, rule in rules.items() if rule.growable)
        self.updatable = frozenset(resource for resource, rule in rules.items() if rule.change)
        self._rules = rules
        self._keys = {resource: _key_members(model, resource) for resource in rules}
        self._encode = msgspec.json.Encoder().encode

    def document(self, resource: str, ordinal: int) -> dict[str, Any]:
        """Return a document. Raises: KeyError for an unknown resource, ValueError for an ordinal that is not valid."""
        rule = self._rules[resource]
        if ordinal < 0 or (ordinal >= self.counts[resource] and not rule.growable):
            raise ValueError(f"{resource}: there is no document {ordinal}; {self.counts[resource]} are planned")
        return rule.document(ordinal)

    def payload(self, resource: str, ordinal: int) -> bytes:
        """Return a document as compact JSON. Raises: as `document`."""
        return self._encode(self.document(resource, ordinal))

    def natural_key(self, resource: str, ordinal: int) -> dict[str, str | int]:
        """Return the query parameters that select exactly this document. Raises: as `document`."""
        document = self.document(resource, ordinal)
        return {parameter: _value(document, path) for parameter, path in self._keys[resource]}

    def changed(self, resource: str, ordinal: int, revision: int) -> dict[str, Any]:
        """Return a document with a member changed that is not part of its natural key, otherwise for each revision.

        Raises: as `document`, and ValueError for a resource that is not `updatable` or a revision below 1.
        """
        change = self._rules[resource].change
        if change is None or revision < 1:
            raise ValueError(f"{resource}: no revision {revision}; resources with members that may change: updatable")
        document: Document = self.document(resource, ordinal)
        change(document, revision)
        return document


def build_documents(
    model: ApiModel, sizes: DistrictSizes, seed: int, descriptor_values: Mapping[str, Sequence[str]]
) -> Documents:
    """Prepare the documents of those resources of the district that `model` has.

    `descriptor_values`: descriptor URIs by descriptor (`SexDescriptor`), in the target's spelling.

    Raises: TargetError if the target has no value of a descriptor that these documents need.
    """
    world = World.build(sizes, seed, descriptor_values)
    rules = {resource: make(world) for resource, make in DISTRICT.items() if resource in model.resources}
    return Documents(rules, world.counts, model)


def _key_members(model: ApiModel, resource: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the query parameter and the path of each member of the natural key; of unified members only one."""
    schema = model.resources[resource]
    parameters = {path: parameter for parameter, path in schema.query.items()}
    members: dict[str, tuple[str, ...]] = {}
    for path in schema.identity:
        parameter = parameters.get(path, path.rpartition(".")[2])
        members.setdefault(parameter, tuple(path.split(".")[1:]))
    return tuple(members.items())


def _value(document: Document, path: tuple[str, ...]) -> Any:
    value: Any = document
    for member in path:
        value = value[member]
    return value
