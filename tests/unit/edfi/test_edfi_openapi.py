from dataclasses import replace

import pytest

from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import Leaf, map_references, walk_collections, walk_leaves, walk_references
from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import TargetError

MODEL = load_standard().model
URLS = {"data_url": "http://h/data", "token_url": "http://h/oauth/token", "version": "1"}
TEXT = {"type": "string", "maxLength": 20}
KEY = TEXT | {"x-Ed-Fi-isIdentity": True}


def pointer(component, **marks):
    return {"$ref": f"#/components/schemas/{component}", **marks}


def entity(required=(), **properties):
    return {"type": "object", "required": list(required), "properties": {"id": {"type": "string"}} | properties}


def path(component, *filters):
    """Return the operations of one resource; a filter that ends in `!` is marked as identity."""
    content = {"application/json": {"schema": pointer(component)}}
    parameters = [{"$ref": "#/components/parameters/offset"}] + [
        {
            "name": name.rstrip("!"),
            "in": "query",
            "schema": TEXT,
            **({"x-Ed-Fi-isIdentity": True} if "!" in name else {}),
        }
        for name in ("id", *filters)
    ]
    return {"get": {"parameters": parameters}, "post": {"requestBody": {"content": content}}}


def document(paths, **components):
    return {"openapi": "3.0.1", "paths": paths, "components": {"schemas": components}}


ODS = document(
    {
        "/ed-fi/schools": path("edFi_school", "schoolId!", "nameOfInstitution"),
        "/ed-fi/schools/{id}": {"put": {}},
        "/ed-fi/classPeriods": path("edFi_classPeriod", "classPeriodName!", "schoolId!"),
        "/ed-fi/sections": path("edFi_section", "sectionIdentifier!", "schoolId!", "roomSchoolId"),
        "/tpdm/candidates": path("tpdm_candidate", "candidateIdentifier!"),
    },
    link={"type": "object", "properties": {"rel": TEXT}},
    edFi_school=entity(
        ["schoolId", "gradeLevels", "nameOfInstitution"],
        schoolId={"type": "integer", "format": "int64", "x-Ed-Fi-isIdentity": True},
        nameOfInstitution=TEXT,
        gradeLevels={"type": "array", "items": pointer("edFi_schoolGradeLevel")},
        _etag=TEXT,
        _lastModifiedDate={"type": "string", "format": "date-time"},
        _ext=pointer("schoolExtensions"),
    ),
    edFi_schoolGradeLevel={
        "type": "object",
        "required": ["gradeLevelDescriptor"],
        "properties": {"gradeLevelDescriptor": {"type": "string", "maxLength": 306, "x-Ed-Fi-isIdentity": True}},
    },
    schoolExtensions={"type": "object", "properties": {"tpdm": pointer("tpdm_schoolExtension")}},
    tpdm_schoolExtension={
        "type": "object",
        "properties": {"headCandidateReference": pointer("tpdm_candidateReference")},
    },
    edFi_schoolReference=entity(
        ["schoolId"], schoolId={"type": "integer", "format": "int64", "x-Ed-Fi-isIdentity": True}, link=pointer("link")
    ),
    edFi_classPeriod=entity(
        ["classPeriodName", "schoolReference"],
        classPeriodName=KEY,
        schoolReference=pointer("edFi_schoolReference"),
        startTime={"type": "string"},
    ),
    edFi_classPeriodReference=entity(
        ["classPeriodName", "schoolId"], classPeriodName=KEY, schoolId={"type": "integer"}
    ),
    edFi_section=entity(
        ["sectionIdentifier", "schoolReference", "organizationReference"],
        sectionIdentifier=KEY,
        schoolReference=pointer("edFi_schoolReference"),
        roomSchoolReference=pointer("edFi_schoolReference"),
        organizationReference=pointer("edFi_educationOrganizationReference"),
        classPeriods={"type": "array", "items": pointer("edFi_sectionClassPeriod")},
    ),
    edFi_sectionClassPeriod=entity(["classPeriodReference"], classPeriodReference=pointer("edFi_classPeriodReference")),
    edFi_educationOrganizationReference=entity(
        ["educationOrganizationId"], educationOrganizationId={"type": "integer"}
    ),
    tpdm_candidate=entity(["candidateIdentifier"], candidateIdentifier=KEY),
    tpdm_candidateReference=entity(["candidateIdentifier"], candidateIdentifier=KEY, link=pointer("link")),
)
ODS_DESCRIPTORS = document(
    {"/ed-fi/gradeLevelDescriptors": path("edFi_gradeLevelDescriptor", "gradeLevelDescriptorId!", "codeValue")},
    edFi_gradeLevelDescriptor=entity(
        ["codeValue", "namespace", "shortDescription"],
        gradeLevelDescriptorId={"type": "integer", "x-Ed-Fi-isIdentity": True},
        codeValue=TEXT,
        namespace=TEXT,
        shortDescription=TEXT,
    ),
)


@pytest.fixture(scope="module")
def ods():
    return read_openapi([ODS, ODS_DESCRIPTORS])


def with_whole_references(schema):
    """OpenAPI shares one schema among all references to a target: it cannot say that a member may be left out."""

    def whole(reference):
        return replace(reference, leaves=tuple(replace(leaf, required=True) for leaf in reference.leaves))

    return replace(schema, body=map_references(schema.body, whole))


def test_the_standard_comes_back_from_its_own_documents():
    read = read_openapi(write_openapi(MODEL, **URLS))
    assert read.abstract == MODEL.abstract
    assert read.descriptors == MODEL.descriptors
    assert read.resources.keys() == MODEL.resources.keys()
    for name, schema in MODEL.resources.items():
        again = read.resources[name]
        if name == "surveyQuestionResponses":  # two required references share the filters: either path will do
            assert again.query.keys() == schema.query.keys()
            again = replace(again, query=schema.query)
        assert with_whole_references(again) == with_whole_references(schema), name


def test_endpoints_of_all_documents_are_resources(ods):
    assert set(ods.resources) == {"schools", "classPeriods", "sections", "tpdm/candidates", "gradeLevelDescriptors"}
    assert ods.descriptors == {"GradeLevelDescriptor": "gradeLevelDescriptors"}


def test_in_ods_a_required_reference_whose_members_are_marked_filters_is_identity(ods):
    section = ods.resources["sections"]
    assert section.identity == ("$.schoolReference.schoolId", "$.sectionIdentifier")
    assert {reference.name for reference in section.body.references if reference.identity} == {"schoolReference"}


def test_a_descriptor_is_known_by_namespace_and_code_value_not_by_the_servers_number(ods):
    descriptor = ods.resources["gradeLevelDescriptors"]
    assert descriptor.is_descriptor
    assert descriptor.identity == ("$.namespace", "$.codeValue")
    assert [leaf.name for leaf in descriptor.body.leaves] == ["codeValue", "namespace", "shortDescription"]
    assert descriptor.query == {"codeValue": "$.codeValue"}


def test_members_that_the_server_writes_are_no_members(ods):
    members = {at.rpartition(".")[2] for schema in ods.resources.values() for at, _ in walk_leaves(schema.body)}
    assert not members & {"id", "_etag", "_lastModifiedDate", "rel", "link"}


def test_a_reference_maps_its_members_to_the_targets_natural_key(ods):
    references = dict(walk_references(ods.resources["sections"].body))
    period = references["$.classPeriods[*].classPeriodReference"]
    assert period.target == "classPeriods"
    assert period.keys == {"classPeriodName": "$.classPeriodName", "schoolId": "$.schoolReference.schoolId"}
    assert references["$.roomSchoolReference"].target == "schools"


def test_filters_keep_roles_apart(ods):
    section = ods.resources["sections"]
    assert section.query == {
        "sectionIdentifier": "$.sectionIdentifier",
        "schoolId": "$.schoolReference.schoolId",
        "roomSchoolId": "$.roomSchoolReference.schoolId",
    }
    assert section.equal == (("$.classPeriods[*].classPeriodReference.schoolId", "$.schoolReference.schoolId"),)


def test_an_extension_is_an_object_of_its_project_and_refers_to_its_resources(ods):
    school = ods.resources["schools"]
    assert [inline.name for inline in school.body.objects] == ["_ext"]
    references = dict(walk_references(school.body))
    assert references["$._ext.tpdm.headCandidateReference"].target == "tpdm/candidates"


def test_education_organizations_are_recognised_by_their_natural_key(ods):
    assert ods.abstract["EducationOrganization"].subclasses == ("schools",)
    assert ods.abstract["EducationOrganization"].identity == ("$.educationOrganizationId",)
    school = ods.resources["schools"]
    assert (school.superclass, school.superclass_identity) == ("EducationOrganization", "$.educationOrganizationId")
    organization = dict(walk_references(ods.resources["sections"].body))["$.organizationReference"]
    assert ods.targets(organization) == ("schools",)
    assert organization.keys == {"educationOrganizationId": "$.educationOrganizationId"}


def test_items_differ_in_marked_members_or_in_their_references(ods):
    keys = {
        at: collection.key
        for resource in ("schools", "sections")
        for at, collection in walk_collections(ods.resources[resource].body)
    }
    assert keys == {
        "$.gradeLevels": ("gradeLevelDescriptor",),
        "$.classPeriods": ("classPeriodReference.classPeriodName", "classPeriodReference.schoolId"),
    }


@pytest.mark.parametrize(
    ("collection", "required", "key"),
    [
        ("otherNames", ["firstName", "lastSurname", "otherNameTypeDescriptor"], ("otherNameTypeDescriptor",)),
        ("things", ["sizeDescriptor", "text"], ("sizeDescriptor",)),
        ("results", ["rating", "resultDatatypeTypeDescriptor"], ("rating",)),
        ("notes", [], ("note",)),
    ],
)
def test_without_marks_the_standard_or_the_required_descriptors_tell_items_apart(collection, required, key):
    components = {
        "Sample_Thing": entity(["code"], code=KEY, **{collection: {"type": "array", "items": pointer("Sample_Item")}}),
        "Sample_Item": entity(required, **dict.fromkeys(required or ["note"], TEXT)),
        "Sample_Thing_Reference": entity(["code"], code=KEY),
    }
    model = read_openapi([document({"/sample/things": path("Sample_Thing", "code!")}, **components)])
    assert [each.key for _, each in walk_collections(model.resources["sample/things"].body)] == [key]


def test_a_required_collection_needs_an_item_though_ods_does_not_say_so(ods):
    (grades,) = ods.resources["schools"].body.collections
    assert (grades.required, grades.min_items) == (True, 1)


def test_a_text_without_limit_and_format_is_a_time_of_day(ods):
    assert dict(walk_leaves(ods.resources["classPeriods"].body))["$.startTime"].format == "time"


def test_swagger_2_of_older_servers_is_read_like_openapi_3(ods):
    def older(node):
        if isinstance(node, dict):
            node = {name: older(value) for name, value in node.items()}
            body = node.pop("requestBody", None)
            if body:
                schema = body["content"]["application/json"]["schema"]
                node["parameters"] = [{"name": "body", "in": "body", "schema": older(schema)}]
            return node
        if isinstance(node, list):
            return [older(value) for value in node]
        return node.replace("#/components/schemas/", "#/definitions/") if isinstance(node, str) else node

    swagger = [
        older({"swagger": "2.0", "paths": each["paths"], "definitions": each["components"]["schemas"]})
        for each in (ODS, ODS_DESCRIPTORS)
    ]
    assert "#/components/schemas" not in str(swagger)
    assert read_openapi(swagger) == ods


def test_an_extension_keeps_its_project_in_the_dialect_of_dms(ods):
    documents = write_openapi(ods, **URLS)
    components = documents[0]["components"]["schemas"]
    assert components["EdFi_SchoolExtension"]["properties"] == {"tpdm": pointer("tpdm_EdFi_SchoolExtension")}
    again = read_openapi(documents)
    assert again.resources["schools"].body.objects == ods.resources["schools"].body.objects


def read_one(about, required=()):
    """Return the member `value` of a resource that has it, its key and a descriptor."""
    components = {
        "Sample_Thing": entity(["code", *required], code=KEY, value=about),
        "Sample_Thing_Reference": entity(),
    }
    paths = {"/sample/things": path("Sample_Thing", "code!")}
    model = read_openapi([document(paths, **components), ODS_DESCRIPTORS])
    return dict(walk_leaves(model.resources["sample/things"].body))["$.value"]


@pytest.mark.parametrize(
    ("about", "leaf"),
    [
        (TEXT | {"minLength": 2, "x-nullable": True}, Leaf("value", "string", min_length=2, max_length=20)),
        ({"type": "integer", "minimum": 1, "maximum": 8}, Leaf("value", "integer", minimum=1, maximum=8)),
        ({"type": "integer", "format": "int32"}, Leaf("value", "integer", format="int32")),
        ({"type": "number", "format": "double", "minimum": 0}, Leaf("value", "number", minimum=0)),
        ({"type": "boolean"}, Leaf("value", "boolean")),
        ({"type": "string", "format": "date"}, Leaf("value", "string", format="date")),
        (TEXT | {"enum": ["a", "b"]}, Leaf("value", "string", max_length=20, enum=("a", "b"))),
        (TEXT | {"pattern": r"^\d+$"}, Leaf("value", "string", max_length=20, pattern=r"^\d+$")),
        (TEXT | {"pattern": r"^(?!\s).*(?<!\s)$"}, Leaf("value", "string", max_length=20, blanks="noEdge")),
        ({"allOf": [TEXT, {"minLength": 3}]}, Leaf("value", "string", min_length=3, max_length=20)),
    ],
)
def test_a_members_schema_is_its_facts(about, leaf):
    assert read_one(about) == leaf
    assert read_one(about, required=["value"]) == replace(leaf, required=True)


def test_objects_and_allof_are_merged_and_references_in_allof_are_seen():
    components = {
        "Sample_Base": entity(["code"], code=KEY),
        "Sample_Thing": {"allOf": [pointer("Sample_Base"), {"required": ["name"], "properties": {"name": TEXT}}]},
        "Sample_Part": entity(
            ["thingReference"],
            thingReference={"allOf": [pointer("Sample_Thing_Reference")], "x-Ed-Fi-isIdentity": True},
            size={"type": "object", "required": ["width"], "properties": {"width": {"type": "integer"}}},
        ),
        "Sample_Thing_Reference": entity(["code"], code=KEY),
    }
    paths = {"/sample/things": path("Sample_Thing", "code!"), "/sample/parts": path("Sample_Part", "code!")}
    model = read_openapi([document(paths, **components)])
    thing = model.resources["sample/things"]
    assert [(leaf.name, leaf.required) for leaf in thing.body.leaves] == [("code", True), ("name", True)]
    part = model.resources["sample/parts"]
    assert part.identity == ("$.thingReference.code",)
    assert part.body.references[0].target == "sample/things"
    assert dict(walk_leaves(part.body))["$.size.width"].required


def test_a_resource_without_marks_is_known_by_all_its_required_members():
    things = document({"/sample/things": path("sample_thing")}, sample_thing=entity(["name"], name=TEXT, note=TEXT))
    assert read_openapi([things]).resources["sample/things"].identity == ("$.name",)


def descriptor_of(member, *descriptors, project="edFi"):
    component = f"{project}_thing"
    paths = {f"/{'ed-fi' if project == 'edFi' else project}/things": path(component, "code!")}
    components = {component: entity(["code"], code=KEY, **{member: {"type": "string", "maxLength": 306}})}
    for full in descriptors:
        prefix, _, name = full.rpartition("/")
        components[f"{prefix or 'edFi'}_{name[0].lower()}{name[1:]}"] = entity((), codeValue=TEXT, namespace=TEXT)
        paths[f"/{prefix or 'ed-fi'}/{name[0].lower()}{name[1:]}s"] = path(
            f"{prefix or 'edFi'}_{name[0].lower()}{name[1:]}"
        )
    model = read_openapi([document(paths, **components)])
    schema = next(schema for name, schema in model.resources.items() if name.endswith("things"))
    return dict(walk_leaves(schema.body))[f"$.{member}"].descriptor


def test_a_member_takes_the_longest_descriptor_whose_words_end_its_name():
    assert descriptor_of("instructionLanguageDescriptor", "LanguageDescriptor") == "LanguageDescriptor"
    assert (
        descriptor_of("entryGradeLevelDescriptor", "LevelDescriptor", "GradeLevelDescriptor") == "GradeLevelDescriptor"
    )
    assert descriptor_of("ideaPartDescriptor", "IDEAPartDescriptor", "PartDescriptor") == "IDEAPartDescriptor"


def test_words_are_not_cut_when_looking_for_a_descriptor():
    assert descriptor_of("wageDescriptor", "AgeDescriptor") == "WageDescriptor"


def test_the_core_takes_no_descriptor_of_an_extension_where_it_has_its_own():
    both = ("LevelDescriptor", "tpdm/GradeLevelDescriptor")
    assert descriptor_of("gradeLevelDescriptor", *both) == "LevelDescriptor"
    assert descriptor_of("gradeLevelDescriptor", *both, project="tpdm") == "GradeLevelDescriptor"
    assert descriptor_of("gradeLevelDescriptor", "tpdm/GradeLevelDescriptor") == "GradeLevelDescriptor"


def test_without_a_descriptors_document_the_embedded_names_are_taken():
    assert descriptor_of("instructionLanguageDescriptor") == "LanguageDescriptor"


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([], "describe no resource"),
        ([document({})], "describe no resource"),
        ([{"openapi": "3.0.1"}], "no paths"),
        ([[{"name": "Resources", "endpointUri": "http://h/resources-spec.json"}]], "not the list that discovery calls"),
        ([document({"/ed-fi/things": []})], "no objects"),
        ([{"swagger": "2.0", "paths": {"/ed-fi/things": "x"}}], "no objects"),
        ([{"swagger": "2.0", "paths": {}}], "describe no resource"),
        ([document({"/ed-fi/things": path("edFi_thing")})], "refers to #/components/schemas/edFi_thing"),
        (
            [document({"/ed-fi/things": path("edFi_thing")}, edFi_thing=entity((), inner=pointer("edFi_thing")))],
            "edFi_thing contains itself",
        ),
    ],
)
def test_documents_that_cannot_be_read_are_refused(documents, message):
    with pytest.raises(TargetError, match=message):
        read_openapi(documents)
