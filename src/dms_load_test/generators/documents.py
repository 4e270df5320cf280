"""All documents of a run: which there are, and each one from its ordinal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import assessment, enrollment, organization, sessions, staffing, students, teaching
from dms_load_test.generators.options import DataOptions
from dms_load_test.generators.overrides import overridden
from dms_load_test.generators.planning import Plan, Planner
from dms_load_test.generators.rule import value_of
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

REVISIONS = 1_000_000
"""So many days after its begin something may end, and nothing else grows out of its range."""
_GENERAL = ("General", "Special", "Other")
"""Code values of descriptors that neither the target nor the standard has any of."""


class Documents:
    """Documents as functions of resource and ordinal: pure, the same in every process, O(1) in time and memory.

    `counts`: planned documents per resource, ordinals 0 to count - 1. `growable`: resources for which higher ordinals
    are valid too. `updatable`: resources that `changed` knows a member to change of. `roots`: resource -> first ordinal
    that may refer to documents of the same resource, always to one below it. `left_out`: resource that was chosen, and
    why no document of it can be made.
    """

    def __init__(self, plan: Plan, model: ApiModel) -> None:
        self._rules: Mapping[str, Rule] = plan.rules
        self.counts: Mapping[str, int] = plan.counts
        self.roots: Mapping[str, int] = plan.roots
        self.left_out: Mapping[str, str] = plan.left_out
        self.growable = frozenset(resource for resource, rule in plan.rules.items() if rule.growable)
        self.updatable = frozenset(resource for resource, rule in plan.rules.items() if rule.change)
        self._keys = {resource: _key_members(model, resource) for resource in plan.rules}
        self._encode = msgspec.json.Encoder().encode

    def document(self, resource: str, ordinal: int) -> dict[str, Any]:
        """Return a document. Raises: KeyError for an unknown resource, ValueError for an ordinal that is not valid."""
        document = self._lend(resource, ordinal)
        if not self._rules[resource].shares:
            return document
        mine: dict[str, Any] = msgspec.json.decode(self._encode(document))
        return mine

    def payload(self, resource: str, ordinal: int) -> bytes:
        """Return a document as compact JSON. Raises: as `document`."""
        return self._encode(self._lend(resource, ordinal))

    def natural_key(self, resource: str, ordinal: int) -> dict[str, str | int]:
        """Return the query parameters that select exactly this document. Raises: as `document`."""
        document = self._lend(resource, ordinal)
        return {parameter: value_of(document, path) for parameter, path in self._keys[resource]}

    def changed(self, resource: str, ordinal: int, revision: int) -> dict[str, Any]:
        """Return a document with a member changed that is not part of its natural key, otherwise for each revision.

        After `REVISIONS` they begin again, so that a long run stays within the ranges of dates and numbers. Sooner do
        the full-time equivalency of enrollments, after 9,999, and whole numbers that an API gives a narrower range.

        Raises: as `document`, and ValueError for a resource that is not `updatable` or a revision below 1.
        """
        change = self._rules[resource].change
        if change is None or revision < 1:
            raise ValueError(f"{resource}: no revision {revision}; resources with members that may change: updatable")
        document: Document = self.document(resource, ordinal)
        change(document, 1 + (revision - 1) % REVISIONS)
        return document

    def _lend(self, resource: str, ordinal: int) -> dict[str, Any]:
        """Return a document that may share parts with others."""
        rule = self._rules[resource]
        if ordinal < 0 or (ordinal >= self.counts[resource] and not rule.growable):
            raise ValueError(f"{resource}: there is no document {ordinal}; {self.counts[resource]} are planned")
        return rule.document(ordinal)


def build_documents(
    model: ApiModel,
    sizes: DistrictSizes,
    seed: int,
    descriptor_values: Mapping[str, Sequence[str]],
    options: DataOptions | None = None,
) -> Documents:
    """Prepare the documents of the chosen resources; those of the district that `model` has where none are chosen.

    `descriptor_values`: descriptor URIs by descriptor (`SexDescriptor`), in the target's spelling. What the target has
    no values of is planned too, with those of the embedded standard.

    Raises:
        TargetError: A descriptor that the district needs has no values anywhere; required references form a cycle.
        ConfigError: More documents are asked for than there are natural keys.
    """
    options = options or DataOptions()
    world = World.build(
        _resized(sizes, options),
        seed,
        descriptor_values,
        _usual_codes(model, descriptor_values, options),
        options.naming,
    )
    if "$.periodSequence" in getattr(model.resources.get("gradingPeriods"), "identity", ()):
        world.identity.numbered_periods = True
    plan = Planner(model, world, options, DISTRICT).run()
    for resource, overrides in options.overrides.items():
        if resource in plan.rules:
            plan.rules[resource] = overridden(plan.rules[resource], overrides, world.dice(f"overrides {resource}"))
    return Documents(plan, model)


def _resized(sizes: DistrictSizes, options: DataOptions) -> DistrictSizes:
    """Let a count of what the district is sized by be that size."""
    given = {name: options.count_of(name) for name in ("schools", "students", "staffs")}
    wanted = {
        name.removesuffix("s") if name == "staffs" else name: max(1, count)
        for name, count in given.items()
        if count is not None
    }
    return replace(sizes, **wanted)


def _usual_codes(
    model: ApiModel, values: Mapping[str, Sequence[str]], options: DataOptions
) -> Mapping[str, Sequence[str]]:
    """Return the code values by descriptor: the standard's, else our own; as many as asked for of those to create."""
    standard = load_standard().descriptor_values
    found: dict[str, Sequence[str]] = dict(standard)
    for name, resource in model.descriptors.items():
        codes = standard.get(name) or _GENERAL
        count = None if values.get(name) else options.count_of(resource)
        found[name] = codes if count is None else codes[: max(1, count)]
    return found


def _key_members(model: ApiModel, resource: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the query parameter and the path of each member of the natural key; of unified members only one."""
    schema = model.resources[resource]
    parameters = {path: parameter for parameter, path in schema.query.items()}
    members: dict[str, tuple[str, ...]] = {}
    for path in schema.identity:
        parameter = parameters.get(path, path.rpartition(".")[2])
        members.setdefault(parameter, tuple(path.split(".")[1:]))
    return tuple(members.items())
