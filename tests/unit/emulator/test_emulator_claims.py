"""What the claim sets of the emulator allow."""

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.claims import (
    ALL_ACTIONS,
    CLAIM_SETS,
    FULL,
    Access,
    authorize,
    authorize_namespace,
    claim_set_of,
)
from dms_load_test.emulator.problems import Refused

RESOURCES = load_standard().model.resources
PARTIAL = CLAIM_SETS["E2E-NoFurtherAuthRequiredClaimSet"]
READER = CLAIM_SETS["EdFiAPIPublisherReader"]
SEX = {"namespace": "uri://ed-fi.org/SexDescriptor"}


def refusal(act, *arguments):
    with pytest.raises(Refused) as refused:
        act(*arguments)
    return refused.value.problem


def test_the_sandbox_allows_everything():
    for schema in RESOURCES.values():
        for action in ALL_ACTIONS:
            authorize(Access("x", FULL), schema, action)


def test_the_partial_claim_set_covers_67_resources_that_exist_and_not_what_dms_leaves_out():
    assert len(PARTIAL.grants) == 67
    assert PARTIAL.grants.keys() <= RESOURCES.keys()
    for left_out in (
        "courseLevelCharacteristicDescriptors",
        "staffEducationOrganizationAssignmentAssociations",
        "staffSchoolAssociations",
        "staffSectionAssociations",
    ):
        problem = refusal(authorize, Access("x", PARTIAL), RESOURCES[left_out], "Create")
        assert (problem.status, problem.type, problem.errors) == (403, "security:authorization:", ())


def test_the_reader_reads_and_the_missing_action_is_named():
    authorize(Access("x", READER), RESOURCES["students"], "Read")
    problem = refusal(authorize, Access("x", READER), RESOURCES["students"], "Create")
    assert problem.type == "security:authorization:access-denied:action"
    assert problem.errors[0].endswith(
        "permission of the 'Create' action on one of the following resource claims: Student"
    )


def test_an_unknown_claim_set_allows_nothing():
    assert refusal(authorize, Access("x", claim_set_of("Nobody")), RESOURCES["students"], "Read").status == 403


def test_a_descriptor_is_written_only_in_the_clients_namespaces():
    schema = RESOURCES["sexDescriptors"]
    authorize_namespace(Access("x", FULL, ("uri://ed-fi.org",)), schema, "Create", SEX)
    authorize_namespace(Access("x", FULL, ("uri://other.org",)), schema, "Read", SEX)
    authorize_namespace(Access("x", PARTIAL, ()), schema, "Create", SEX)
    problem = refusal(authorize_namespace, Access("x", FULL, ("uri://a", "uri://b")), schema, "Create", SEX)
    assert problem.detail.endswith("associated namespace prefixes ('uri://a', 'uri://b').")
    problem = refusal(authorize_namespace, Access("x", FULL), schema, "Update", SEX)
    assert problem.type == "security:authorization:namespace:invalid-client:no-namespaces"


def test_other_resources_may_have_any_namespace_unless_the_claim_set_names_them():
    survey = {"namespace": "uri://elsewhere"}
    authorize_namespace(Access("x", FULL, ("uri://ed-fi.org",)), RESOURCES["surveys"], "Create", survey)
    by_namespace = Access("x", CLAIM_SETS["E2E-NameSpaceBasedClaimSet"], ("uri://ed-fi.org",))
    assert refusal(authorize_namespace, by_namespace, RESOURCES["surveys"], "Create", survey).status == 403
