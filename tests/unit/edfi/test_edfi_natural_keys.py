import pytest

from dms_load_test.edfi.natural_keys import column, columns, equal_pairs, join_pairs, key_paths, spellings
from dms_load_test.edfi.schema import Collection, Leaf, Node, Reference
from dms_load_test.edfi.standard import load_standard

MODEL = load_standard().model
NAMES = {schema.resource: schema.name for schema in MODEL.resources.values()}


def reference(name, target, *leaves, required=True):
    members = tuple(Leaf(leaf, "string", True) for leaf in leaves)
    return Reference(name, target, members, {}, required=required)


@pytest.mark.parametrize(
    ("holder", "leaf", "spelling"),
    [
        ("programReference", "educationOrganizationId", "programEducationOrganizationId"),
        ("graduationSchoolYearTypeReference", "schoolYear", "graduationSchoolYear"),
        ("chartOfAccountReference", "accountIdentifier", "chartOfAccountIdentifier"),
        ("balanceSheetDimensionReference", "code", "balanceSheetCode"),
        ("nextYearSchoolReference", "schoolId", "nextYearSchoolId"),
        ("schoolReference", "schoolId", "schoolId"),
    ],
)
def test_a_column_is_spelled_with_what_the_reference_is_called(holder, leaf, spelling):
    assert spelling in set(spellings(holder, leaf))


def test_a_column_is_the_most_specific_name_that_the_filters_have():
    program = reference("programReference", "programs", "educationOrganizationId", "programName")
    filters = {"educationOrganizationId", "programEducationOrganizationId", "programName"}
    assert column(program, "educationOrganizationId", "Program", filters) == "programEducationOrganizationId"
    assert (
        column(program, "educationOrganizationId", "Program", {"educationOrganizationId"}) == "educationOrganizationId"
    )
    assert column(program, "programName", "Program", filters) == "programName"


def test_without_filters_the_role_tells_the_column():
    assert (
        column(reference("nextYearSchoolReference", "schools", "schoolId"), "schoolId", "School", ())
        == "nextYearSchoolId"
    )
    assert column(reference("schoolReference", "schools", "schoolId"), "schoolId", "School", ()) == "schoolId"


def test_two_members_of_one_reference_never_share_a_column():
    assessed = reference(
        "studentAssessmentReference", "studentAssessments", "assessmentIdentifier", "studentAssessmentIdentifier"
    )
    filters = {"assessmentIdentifier", "studentAssessmentIdentifier"}
    assert column(assessed, "assessmentIdentifier", "StudentAssessment", filters) == "assessmentIdentifier"


def test_members_with_one_column_are_one_value():
    body = Node(
        references=(
            reference("schoolReference", "schools", "schoolId"),
            reference("calendarReference", "calendars", "calendarCode", "schoolId"),
            reference("nextYearSchoolReference", "schools", "schoolId"),
        )
    )
    own = columns(body, NAMES, {"schoolId", "calendarCode", "nextYearSchoolId"})
    assert equal_pairs(body, own, (), NAMES) == (("$.calendarReference.schoolId", "$.schoolReference.schoolId"),)


def test_items_share_the_columns_of_the_natural_key_they_are_part_of():
    item = Node(references=(reference("classPeriodReference", "classPeriods", "classPeriodName", "schoolId"),))
    body = Node(
        references=(reference("schoolReference", "schools", "schoolId"),),
        collections=(Collection("classPeriods", item),),
    )
    own = columns(body, NAMES, {"schoolId"})
    key = ("$.schoolReference.schoolId",)
    assert equal_pairs(body, own, key, NAMES) == (
        ("$.classPeriods[*].classPeriodReference.schoolId", "$.schoolReference.schoolId"),
    )
    assert equal_pairs(body, own, (), NAMES) == ()


def test_an_education_organization_in_an_item_may_be_another():
    item = Node(references=(reference("programReference", "programs", "educationOrganizationId"),))
    body = Node(
        references=(reference("educationOrganizationReference", "EducationOrganization", "educationOrganizationId"),),
        collections=(Collection("programs", item),),
    )
    own = columns(body, NAMES, ())
    assert equal_pairs(body, own, tuple(own), NAMES) == ()


def test_known_pairs_come_first_and_what_follows_from_them_is_left_out():
    known = [("b", "c"), ("a", "b")]
    assert join_pairs(known, [("a", "c"), ("c", "d")]) == (("b", "c"), ("a", "b"), ("c", "d"))


def test_a_member_repeats_the_path_with_its_column_and_of_equal_ones_the_last():
    grade = reference("gradeReference", "grades", "schoolId", "gradingPeriodSchoolYear", "schoolYear")
    target = {
        "$.gradingPeriodReference.schoolId": "schoolId",
        "$.gradingPeriodReference.schoolYear": "gradingPeriodSchoolYear",
        "$.studentSectionAssociationReference.schoolId": "schoolId",
        "$.studentSectionAssociationReference.schoolYear": "schoolYear",
    }
    assert key_paths(grade, target) == {
        "schoolId": "$.studentSectionAssociationReference.schoolId",
        "gradingPeriodSchoolYear": "$.gradingPeriodReference.schoolYear",
        "schoolYear": "$.studentSectionAssociationReference.schoolYear",
    }


def connected(pairs):
    groups = []
    for pair in pairs:
        touching = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touching] + [set(pair).union(*touching)]
    return {frozenset(group) for group in groups}


def test_names_alone_tell_the_key_unification_of_the_standard_but_for_four_resources():
    unlike = set()
    for resource, schema in MODEL.resources.items():
        own = columns(schema.body, NAMES, schema.query)
        derived = equal_pairs(schema.body, own, schema.identity, NAMES)
        if connected(derived) != connected(schema.equal):
            unlike.add(resource)
            assert all(any(group <= whole for whole in connected(schema.equal)) for group in connected(derived))
    assert unlike == {"courseTranscripts", "grades", "reportCards", "studentAcademicRecords"}
