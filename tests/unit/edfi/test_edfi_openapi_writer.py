import re
from dataclasses import replace

import pytest
from openapi_spec_validator import validate

from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema
from dms_load_test.edfi.standard import load_standard

MODEL = load_standard().model
URLS = {"data_url": "http://127.0.0.1:8080/data/", "token_url": "http://127.0.0.1:8080/oauth/token", "version": "8.0.0"}
FEW = ("sections", "students", "graduationPlans", "schoolYearTypes", "programs", "gradeLevelDescriptors")


@pytest.fixture(scope="module")
def documents():
    return write_openapi(MODEL, **URLS)


@pytest.fixture(scope="module")
def resources(documents):
    return documents[0]


def pointers(node):
    """Yield every `$ref` below `node`."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from pointers(value)
    elif isinstance(node, list):
        for value in node:
            yield from pointers(value)


def test_the_documents_are_valid_openapi():
    few = replace(MODEL, resources={name: MODEL.resources[name] for name in FEW})
    for document in write_openapi(few, **URLS):
        validate(document)


def test_every_pointer_of_the_whole_standard_has_its_component(documents):
    for document in documents:
        parts = document["components"]
        for pointer in set(pointers(document)):
            _, _, section, name = pointer.split("/")
            assert name in parts[section], pointer


def test_operations_have_different_ids(documents):
    for document in documents:
        ids = [
            operation["operationId"] for operations in document["paths"].values() for operation in operations.values()
        ]
        assert len(ids) == len(set(ids))


def test_resources_and_descriptors_have_a_document_each(documents):
    counts = [
        len([path for path in document["paths"] if re.fullmatch(r"/[^/]+/[^/]+", path)]) for document in documents
    ]
    assert counts == [138, 211]
    assert [len(document["paths"]) for document in documents] == [138 * 5, 211 * 5]


def test_a_resource_has_the_paths_of_dms(resources):
    paths = {path: set(operations) for path, operations in resources["paths"].items() if "/sections" in path}
    assert paths == {
        "/ed-fi/sections": {"get", "post"},
        "/ed-fi/sections/{id}": {"get", "put", "delete"},
        "/ed-fi/sections/deletes": {"get"},
        "/ed-fi/sections/keyChanges": {"get"},
        "/ed-fi/sections/partitions": {"get"},
    }


def test_servers_and_security_are_those_given(resources):
    assert resources["servers"] == [{"url": "http://127.0.0.1:8080/data"}]
    flow = resources["components"]["securitySchemes"]["oauth2_client_credentials"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "http://127.0.0.1:8080/oauth/token"
    assert resources["info"]["version"] == "8.0.0"


def test_a_body_marks_its_natural_key_and_what_can_be_null(resources):
    section = resources["components"]["schemas"]["EdFi_Section"]
    members = section["properties"]
    assert section["required"] == ["sectionIdentifier", "courseOfferingReference"]
    assert members["sectionIdentifier"] == {
        "type": "string",
        "maxLength": 255,
        "pattern": r"^(?!\s)(.*\S)$",
        "x-Ed-Fi-isIdentity": True,
    }
    assert members["sequenceOfCourse"] == {
        "type": "integer",
        "format": "int32",
        "minimum": 1,
        "maximum": 8,
        "x-nullable": True,
    }
    assert members["courseOfferingReference"] == {
        "$ref": "#/components/schemas/EdFi_CourseOffering_Reference",
        "x-Ed-Fi-isIdentity": True,
    }
    assert members["classPeriods"]["items"] == {"$ref": "#/components/schemas/EdFi_Section_ClassPeriod"}
    assert "x-Ed-Fi-isIdentity" not in members["locationReference"]


def test_the_school_year_reference_keeps_the_odd_name_of_dms(resources):
    members = resources["components"]["schemas"]["EdFi_StudentSchoolAssociation"]["properties"]
    assert members["classOfSchoolYearTypeReference"]["$ref"].endswith("/EdFi_SchoolYearTypeReference")
    year = resources["components"]["schemas"]["EdFi_SchoolYearTypeReference"]["properties"]["schoolYear"]
    assert (year["minimum"], year["maximum"]) == (1900, 2100)


def test_required_collections_need_an_item(resources):
    school = resources["components"]["schemas"]["EdFi_School"]
    assert school["properties"]["gradeLevels"]["minItems"] == 1
    assert school["properties"]["addresses"]["minItems"] == 0
    assert "gradeLevels" in school["required"]


def test_a_filter_is_marked_where_its_member_is_a_key_anywhere(resources):
    parameters = resources["paths"]["/ed-fi/studentSchoolAssociations"]["get"]["parameters"]
    filters = {parameter["name"]: parameter for parameter in parameters if "name" in parameter}
    marked = {name for name, parameter in filters.items() if parameter.get("x-Ed-Fi-isIdentity")}
    assert {"entryDate", "schoolId", "studentUniqueId", "calendarCode", "nextYearSchoolId"} <= marked
    assert not marked & {"schoolYear", "id", "entryGradeLevelDescriptor"}
    assert filters["schoolId"]["schema"] == {"type": "integer", "format": "int64"}


def test_only_resources_whose_natural_key_may_change_are_marked_updatable(resources):
    marks = {
        name: resources["paths"][f"/ed-fi/{name}/{{id}}"]["put"].get("x-Ed-Fi-isUpdatable", False)
        for name in ("sections", "students")
    }
    assert marks == {"sections": True, "students": False}


def test_changed_keys_are_named_like_filters(resources):
    key = resources["components"]["schemas"]["EdFi_Section_TrackedChangeKey"]
    assert key["required"] == ["localCourseCode", "schoolId", "schoolYear", "sessionName", "sectionIdentifier"]


def test_an_extension_has_its_own_prefix_and_may_share_an_endpoint_name():
    own = Leaf("code", "string", True, max_length=10)
    school = ResourceSchema("schools", "School", Node((own,)), ("$.code",), query={"code": "$.code"})
    pointer = Reference("schoolReference", "schools", (own,), {"code": "$.code"}, required=True, identity=True)
    extension = ResourceSchema("homo-graph/schools", "School", Node(references=(pointer,)), ("$.schoolReference.code",))
    document, _ = write_openapi(ApiModel({"schools": school, "homo-graph/schools": extension}), **URLS)
    validate(document)
    assert {"EdFi_School", "HomoGraph_School", "EdFi_School_Reference"} <= document["components"]["schemas"].keys()
    assert document["paths"]["/homo-graph/schools"]["get"]["operationId"] == "getHomoGraphSchools"
