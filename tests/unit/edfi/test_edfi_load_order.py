import pytest

from dms_load_test.edfi.load_order import write_dependencies
from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema
from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import TargetError

ENTRIES = write_dependencies(load_standard().model)
CREATE = {entry["resource"]: entry["order"] for entry in ENTRIES if "Create" in entry["operations"]}
UPDATE = {entry["resource"]: entry["order"] for entry in ENTRIES if "Update" in entry["operations"]}


@pytest.mark.parametrize(
    ("order", "endpoints"),
    [
        (1, "absenceEventCategoryDescriptors gradeLevelDescriptors"),
        (2, "stateEducationAgencies credentials people"),
        (3, "students staffs contacts educationServiceCenters"),
        (4, "localEducationAgencies"),
        (5, "schools"),
        (6, "calendars classPeriods gradingPeriods locations"),
        (7, "sessions learningStandards staffEducationOrganizationEmploymentAssociations"),
        (8, "courses programs staffEducationOrganizationAssignmentAssociations"),
        (9, "courseOfferings cohorts"),
        (10, "sections"),
        (11, "assessments staffSectionAssociations"),
        (12, "graduationPlans"),
        (13, "studentSchoolAssociations"),
        (14, "studentEducationOrganizationAssociations studentSectionAssociations studentSchoolAttendanceEvents"),
        (15, "grades disciplineActions"),
        (16, "reportCards"),
        (17, "studentAcademicRecords"),
        (18, "courseTranscripts"),
    ],
)
def test_orders_of_the_standard_are_those_of_dms(order, endpoints):
    assert {CREATE[f"/ed-fi/{endpoint}"] for endpoint in endpoints.split()} == {order}


def test_school_years_are_not_listed_and_everything_else_is_once_but_persons():
    assert "/ed-fi/schoolYearTypes" not in CREATE
    assert len(ENTRIES) == 348 + 3
    assert len(CREATE) == 348


def test_persons_can_be_updated_only_after_the_associations_that_authorize_it():
    assert UPDATE["/ed-fi/students"] == CREATE["/ed-fi/studentSchoolAssociations"] + 1 == 14
    assert UPDATE["/ed-fi/contacts"] == 14
    assert UPDATE["/ed-fi/staffs"] == CREATE["/ed-fi/staffEducationOrganizationAssignmentAssociations"] + 1 == 9
    assert [entry["operations"] for entry in ENTRIES if entry["resource"] == "/ed-fi/students"] == [
        ["Create"],
        ["Update"],
    ]


def test_groups_ascend_and_are_sorted_by_endpoint_after_the_updates_of_persons():
    assert [entry["order"] for entry in ENTRIES] == sorted(entry["order"] for entry in ENTRIES)
    group = [entry for entry in ENTRIES if entry["order"] == 14]
    rest = [entry["resource"] for entry in group if entry["operations"] != ["Update"]]
    assert {entry["resource"] for entry in group[:2]} == {"/ed-fi/students", "/ed-fi/contacts"}
    assert rest == sorted(rest)


def model_of(needs):
    def reference(target):
        return Reference(f"{target}Reference", target, (Leaf("id", "string", True),), {"id": "$.id"}, required=True)

    return ApiModel(
        {
            name: ResourceSchema(name, name, Node(references=tuple(map(reference, targets))), ("$.id",))
            for name, targets in needs.items()
        }
    )


def test_persons_associations_and_the_rest_make_three_groups():
    entries = write_dependencies(
        model_of(
            {
                "contacts": [],
                "staffs": [],
                "students": [],
                "studentContactAssociations": ["students", "contacts"],
                "studentSchoolAssociations": ["students"],
                "staffEducationOrganizationAssignmentAssociations": ["staffs"],
                "staffEducationOrganizationEmploymentAssociations": ["staffs"],
                "disciplineActions": ["students", "staffs"],
                "localContractedStaffs": ["staffs"],
                "surveyResponses": ["contacts"],
            }
        )
    )
    groups = {}
    for entry in entries:
        groups.setdefault(entry["order"], []).append((entry["resource"].rpartition("/")[2], *entry["operations"]))
    both = ("Create", "Update")
    assert groups[1] == [("contacts", "Create"), ("staffs", "Create"), ("students", "Create")]
    assert groups[2] == [
        ("staffEducationOrganizationAssignmentAssociations", *both),
        ("staffEducationOrganizationEmploymentAssociations", *both),
        ("studentContactAssociations", *both),
        ("studentSchoolAssociations", *both),
    ]
    assert sorted(groups[3]) == [
        ("contacts", "Update"),
        ("disciplineActions", *both),
        ("localContractedStaffs", *both),
        ("staffs", "Update"),
        ("students", "Update"),
        ("surveyResponses", *both),
    ]


def test_a_model_without_enrolment_lists_students_once():
    entries = write_dependencies(model_of({"students": [], "tpdm/candidates": ["students"]}))
    assert entries == [
        {"resource": "/ed-fi/students", "order": 1, "operations": ["Create", "Update"]},
        {"resource": "/tpdm/candidates", "order": 2, "operations": ["Create", "Update"]},
    ]


def test_a_required_cycle_is_named():
    with pytest.raises(TargetError, match="a -> b -> a"):
        write_dependencies(model_of({"a": ["b"], "b": ["a"]}))
