"""Natural keys: equal documents have equal keys, references find their targets, subclasses share a key."""

import pytest

from dms_load_test.edfi.schema import Leaf, Reference, walk_references
from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.identity import document_keys, reference_rule
from dms_load_test.errors import TargetError

MODEL = load_standard().model


def keys(resource):
    return document_keys(MODEL, MODEL.resources[resource])


def test_a_key_depends_on_the_identity_alone():
    own = keys("students").own
    assert own({"studentUniqueId": "1", "firstName": "Ann"}) == own({"studentUniqueId": "1"})
    assert own({"studentUniqueId": "1"}) != own({"studentUniqueId": "2"})
    assert len(own({"studentUniqueId": "1"})) == 16


def test_equal_values_in_other_resources_are_other_keys():
    assert keys("schools").own({"schoolId": 1}) != keys("localEducationAgencies").own({"localEducationAgencyId": 1})


def test_the_case_of_a_descriptor_does_not_matter_but_that_of_a_name_does():
    own = keys("programs").own
    program = {
        "programName": "Gifted",
        "programTypeDescriptor": "uri://ed-fi.org/ProgramTypeDescriptor#Gifted",
        "educationOrganizationReference": {"educationOrganizationId": 1},
    }
    assert own({**program, "programTypeDescriptor": program["programTypeDescriptor"].upper()}) == own(program)
    assert own({**program, "programName": "GIFTED"}) != own(program)


def test_subclasses_share_the_key_of_their_superclass():
    school, agency = keys("schools").shared, keys("localEducationAgencies").shared
    assert school({"schoolId": 7}) == agency({"localEducationAgencyId": 7})
    reference = next(ref for _, ref in walk_references(MODEL.resources["programs"].body) if ref.identity)
    rule = reference_rule(MODEL, reference)
    assert rule.shared
    assert rule.key({"educationOrganizationId": 7}) == school({"schoolId": 7})
    assert keys("students").shared is None


def test_identity_members_that_must_be_equal_count_once():
    offering = {
        "localCourseCode": "A",
        "schoolReference": {"schoolId": 1},
        "sessionReference": {"schoolId": 1, "schoolYear": 2025, "sessionName": "Fall"},
    }
    reference = next(
        ref for _, ref in walk_references(MODEL.resources["sections"].body) if ref.target == "courseOfferings"
    )
    pointing = {"localCourseCode": "A", "schoolId": 1, "schoolYear": 2025, "sessionName": "Fall"}
    assert reference_rule(MODEL, reference).key(pointing) == keys("courseOfferings").own(offering)


def test_every_reference_of_the_standard_names_a_whole_identity():
    for schema in MODEL.resources.values():
        for path, reference in walk_references(schema.body):
            values = {leaf.name: "1" for leaf in reference.leaves}
            assert len(reference_rule(MODEL, reference).key(values)) == 16, (schema.resource, path)


def test_a_reference_that_cannot_find_its_target_is_an_error_of_the_model():
    reference = Reference("aReference", "programs", (Leaf("programName", "string"),), {"programName": "$.programName"})
    with pytest.raises(TargetError, match="aReference to programs has no member for"):
        reference_rule(MODEL, reference)


def test_values_are_listed_for_messages():
    document = {"classPeriodName": "First", "schoolReference": {"schoolId": 255901001}}
    assert keys("classPeriods").values(document) == (("classPeriodName", "First"), ("schoolId", 255901001))
