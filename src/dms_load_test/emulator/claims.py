"""What a client may do: claim sets, and the namespace rule for descriptors. Pure.

The names are DMS's, and so is what `E2E-NoFurtherAuthRequiredClaimSet` covers: the 67 resource claims that DMS's claims
for Data Standard 5.2 give it (`Claims/Standards/ds52/Claims.json`). Everything else is 403 for its clients, among it
what the k6 scripts ran into: `staffSchoolAssociations`, `staffSectionAssociations`,
`staffEducationOrganizationAssignmentAssociations`, `courseLevelCharacteristicDescriptors`.

Where this is more generous than DMS: `EdFiSandbox` may create `schoolYearTypes` (a DMS has them from its bootstrap, the
emulator has not), and resources other than descriptors may be of any namespace. Relationships are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dms_load_test.emulator import problems
from dms_load_test.emulator.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.edfi.schema import ResourceSchema

ALL_ACTIONS = ("Create", "Read", "Update", "Delete", "ReadChanges")
_ALL = frozenset(ALL_ACTIONS)
_NO_CHANGES = _ALL - {"ReadChanges"}
_READING = frozenset({"Read", "ReadChanges"})
_WRITING = frozenset({"Create", "Update", "Delete"})


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Actions by resource. `elsewhere`: those on every resource that `grants` does not name.

    `by_namespace`: actions that also need one of the client's namespace prefixes, on descriptors and on what `grants`
    names, if it has a namespace.
    """

    name: str
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    by_namespace: frozenset[str] = frozenset()

    def actions(self, resource: str) -> frozenset[str]:
        """Return what is allowed on a resource."""
        return self.grants.get(resource, self.elsewhere)


@dataclass(frozen=True, slots=True)
class Access:
    """A client's rights, as its token carries them; education organizations and data stores are only told."""

    client_id: str
    claim_set: ClaimSet
    namespace_prefixes: tuple[str, ...] = ()
    education_organizations: tuple[int, ...] = ()
    data_stores: tuple[int, ...] = (1,)


def authorize(access: Access, schema: ResourceSchema, action: str) -> None:
    """Check that the claim set grants the action.

    Raises:
        Refused: with 403.
    """
    actions = access.claim_set.actions(schema.resource)
    if action not in actions:
        if not actions:
            raise Refused(problems.no_claim())
        raise Refused(problems.action_denied(access.claim_set.name, action, schema.name))


def needs_namespace(access: Access, schema: ResourceSchema, action: str) -> bool:
    """Tell whether documents have to be of one of the client's namespaces.

    Raises:
        Refused: with 403, if so and the client has none.
    """
    claim_set = access.claim_set
    if action not in claim_set.by_namespace or not (schema.is_descriptor or schema.resource in claim_set.grants):
        return False
    if not any(leaf.name == "namespace" for leaf in schema.body.leaves):
        return False
    if not access.namespace_prefixes:
        raise Refused(problems.no_namespaces())
    return True


def authorize_namespace(access: Access, schema: ResourceSchema, action: str, document: Mapping[str, Any]) -> None:
    """Check that a document's namespace starts with one of the client's prefixes.

    Raises:
        Refused: with 403.
    """
    if needs_namespace(access, schema, action) and not document["namespace"].startswith(access.namespace_prefixes):
        raise Refused(problems.namespace_mismatch(access.namespace_prefixes))


_WITHOUT_FURTHER_AUTHORIZATION = """
absenceEventCategoryDescriptors academicSubjectDescriptors addressTypeDescriptors
administrationEnvironmentDescriptors assessmentCategoryDescriptors assessmentIdentificationSystemDescriptors
assessmentItemCategoryDescriptors assessmentItemResultDescriptors assessmentReportingMethodDescriptors
calendarEventDescriptors calendarTypeDescriptors contentClassDescriptors courseIdentificationSystemDescriptors
credentialTypeDescriptors disabilityDescriptors educationOrganizationCategoryDescriptors gradeLevelDescriptors
gradeTypeDescriptors gradingPeriodDescriptors graduationPlanTypeDescriptors immunizationTypeDescriptors
languageDescriptors learningStandardScopeDescriptors localEducationAgencyCategoryDescriptors
performanceLevelDescriptors programTypeDescriptors responseIndicatorDescriptors resultDatatypeTypeDescriptors
retestIndicatorDescriptors stateAbbreviationDescriptors termDescriptors
academicWeeks assessmentItems assessments bellSchedules calendarDates calendars classPeriods contacts
courseOfferings courses credentials educationContents grades gradingPeriods graduationPlans
localEducationAgencies postSecondaryEvents postSecondaryInstitutions programs reportCards schoolYearTypes
schools sections sessions staffs studentAssessments studentContactAssociations studentCTEProgramAssociations
studentEducationOrganizationAssociations studentHealths studentProgramAssociations studentSchoolAssociations
studentSectionAssociations students surveys
"""
_BY_NAMESPACE = ("absenceEventCategoryDescriptors", "schoolYearTypes", "surveys")

FULL = ClaimSet("EdFiSandbox", elsewhere=_ALL, by_namespace=_WRITING)
CLAIM_SETS = {
    claim_set.name: claim_set
    for claim_set in (
        FULL,
        ClaimSet("EdFiAPIPublisherReader", elsewhere=_READING),
        ClaimSet(
            "E2E-NoFurtherAuthRequiredClaimSet",
            dict.fromkeys(_WITHOUT_FURTHER_AUTHORIZATION.split(), _ALL) | {"learningStandards": _NO_CHANGES},
        ),
        ClaimSet("E2E-NameSpaceBasedClaimSet", dict.fromkeys(_BY_NAMESPACE, _ALL), by_namespace=_NO_CHANGES),
    )
}
"""Claim sets by name; a client with any other name has no claims at all."""
UNLIMITED = Access("emulator itself", ClaimSet("everything", elsewhere=_ALL))
"""For what the emulator itself writes."""


def claim_set_of(name: str) -> ClaimSet:
    """Return the claim set with this name; one that grants nothing where it is unknown."""
    return CLAIM_SETS.get(name) or ClaimSet(name)
