"""The same rules as another server: ODS/API's paths, ids and pages; other standards from their OpenAPI documents."""

import json
import re
from pathlib import Path

import pytest

from dms_load_test.edfi.dependencies import DependencyGraph, parse_dependencies
from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema
from dms_load_test.emulator import EmulatorOptions, start_emulator
from dms_load_test.errors import TargetError

PUBLISHED = Path(__file__).parents[4] / "shared" / "data"
STUDENT = {"studentUniqueId": "1", "birthDate": "2014-08-14", "firstName": "Ann", "lastSurname": "Lee"}
SCHOOL = {
    "SchoolID": 5,
    "nameofinstitution": "Five",
    "EducationOrganizationCategories": [
        {"educationorganizationcategorydescriptor": "uri://ed-fi.org/EducationOrganizationCategoryDescriptor#School"}
    ],
    "gradeLevels": [{"gradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Tenth grade"}],
}


@pytest.fixture(scope="module")
def ods():
    with start_emulator(EmulatorOptions(port=0, flavor="ods")) as running:
        yield running


@pytest.fixture
def client(ods, make_client):
    return make_client(ods).authorize()


def test_discovery_names_the_paths_of_ods(client):
    urls = client.send("GET", "/").json["urls"]
    base = client.emulator.base_url
    assert urls["dataManagementApi"] == f"{base}/data/v3/"
    assert urls["dependencies"] == f"{base}/metadata/data/v3/dependencies"
    assert urls["openApiMetadata"] == f"{base}/metadata"
    assert client.send("GET", urls["xsdMetadata"].removeprefix(base)).json[0]["name"] == "ed-fi"
    assert client.send("GET", "/data/ed-fi/students").status == 404


def test_its_documents_are_in_odss_dialect_and_describe_the_same_api(client):
    listed = client.send("GET", "/metadata").json
    assert [item["name"] for item in listed] == ["Resources", "Descriptors"]
    documents = [client.send("GET", item["endpointUri"].removeprefix(client.emulator.base_url)).json for item in listed]
    assert "edFi_section" in documents[0]["components"]["schemas"]
    assert "edFi_schoolReference" in documents[0]["components"]["schemas"]
    assert not any(name.startswith("EdFi_") for name in documents[0]["components"]["schemas"])
    assert "uuid" not in json.dumps(documents)
    model = read_openapi(documents)
    entries = client.send("GET", "/metadata/data/v3/dependencies").json
    assert entries[0]["resource"] == "/ed-fi/schoolYearTypes"
    assert len(model.resources) == 349
    assert len(DependencyGraph.build(model, parse_dependencies(entries)).levels(model.resources)) > 5


def test_ids_have_no_hyphens_and_a_put_needs_none(client):
    created = client.send("POST", "/data/v3/ed-fi/students", STUDENT)
    assert created.status == 201
    path = created.headers["location"].removeprefix(client.emulator.base_url)
    assert re.fullmatch(r"/data/v3/ed-fi/students/[0-9a-f]{32}", path)
    document = client.send("GET", path).json
    assert document["id"] == path.rpartition("/")[2]
    assert client.send("PUT", path, {**STUDENT, "firstName": "Bea"}).status == 204
    assert client.send("GET", path).json["firstName"] == "Bea"


def test_names_of_members_are_known_in_any_case(client):
    created = client.send("POST", "/data/v3/ed-fi/schools", SCHOOL)
    assert created.status == 201, created.body
    document = client.send("GET", created.headers["location"].removeprefix(client.emulator.base_url)).json
    assert document["schoolId"] == 5
    assert "educationOrganizationCategoryDescriptor" in document["educationOrganizationCategories"][0]


def test_a_page_has_25_rows_unless_told(client):
    path = "/data/v3/ed-fi/languageDescriptors"
    assert len(client.send("GET", path).json) == 25
    assert len(client.send("GET", f"{path}?limit=100").json) == 100
    assert client.send("GET", f"{path}?limit=501").status == 400


def test_a_client_has_no_more_than_15_live_tokens(make_client):
    with start_emulator(EmulatorOptions(port=0, flavor="ods")) as emulator:
        client = make_client(emulator)
        form = b"grant_type=client_credentials&client_id=emulator&client_secret=emulator-secret"
        statuses = [client.send("POST", "/oauth/token", form).status for _ in range(16)]
        assert statuses == [200] * 15 + [429]
        assert client.token().headers["retry-after"] == "300"


def test_a_data_file_keeps_to_its_flavor(tmp_path):
    data = tmp_path / "documents.db"
    with start_emulator(EmulatorOptions(port=0, data=data)):
        pass
    with (
        pytest.raises(TargetError, match="it was made with --flavor dms"),
        start_emulator(EmulatorOptions(port=0, data=data, flavor="ods")),
    ):
        pass


def zoo():
    """An API that is no Ed-Fi data standard: keepers, and animals that refer to them."""
    keeper = ResourceSchema(
        resource="zoo/keepers",
        name="Keeper",
        body=Node(leaves=(Leaf("keeperId", "integer", required=True), Leaf("name", "string", max_length=10))),
        identity=("$.keeperId",),
        query={"keeperId": "$.keeperId", "name": "$.name"},
    )
    reference = Reference(
        "keeperReference",
        "zoo/keepers",
        (Leaf("keeperId", "integer", required=True),),
        {"keeperId": "$.keeperId"},
        required=True,
        identity=True,
    )
    animal = ResourceSchema(
        resource="zoo/animals",
        name="Animal",
        body=Node(leaves=(Leaf("animalName", "string", required=True, max_length=20),), references=(reference,)),
        identity=("$.animalName", "$.keeperReference.keeperId"),
        query={"animalName": "$.animalName", "keeperId": "$.keeperReference.keeperId"},
    )
    return ApiModel({schema.resource: schema for schema in (keeper, animal)})


def written(folder, documents):
    files = []
    for number, document in enumerate(documents):
        file = folder / f"{number}.json"
        file.write_text(json.dumps(document))
        files.append(file)
    return tuple(files)


@pytest.mark.parametrize("flavor", ["dms", "ods"])
def test_any_api_is_served_from_its_documents(tmp_path, make_client, flavor):
    documents = write_openapi(zoo(), data_url="http://x/data", token_url="http://x/token", version="3")
    options = EmulatorOptions(port=0, flavor=flavor, openapi=written(tmp_path, documents))
    with start_emulator(options) as emulator:
        client = make_client(emulator).authorize()
        data = "/data/v3" if flavor == "ods" else "/data"
        animal = {"animalName": "Leo", "keeperReference": {"keeperId": 1}}
        assert client.send("POST", f"{data}/zoo/animals", animal).status == 409
        assert client.send("POST", f"{data}/zoo/keepers", {"keeperId": 1, "name": "x" * 11}).status == 400
        assert client.send("POST", f"{data}/zoo/keepers", {"keeperId": 1, "name": "Noah"}).status == 201
        created = client.send("POST", f"{data}/zoo/animals", animal)
        assert created.status == 201
        assert client.send("POST", f"{data}/zoo/animals", animal).status == 200
        (found,) = client.send("GET", f"{data}/zoo/animals?keeperId=1").json
        assert found["keeperReference"]["link"]["rel"] == "Keeper"
        assert client.send("GET", f"{data}/ed-fi/students").status == 404
        assert client.send("GET", "/").json["dataModels"][0]["version"] == "3"


@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the published documents")
def test_the_published_standard_5_0_is_served_from_its_ods_documents(make_client):
    files = tuple(PUBLISHED / f"openapi-ds-5.0-{part}.json" for part in ("resources", "descriptors"))
    with start_emulator(EmulatorOptions(port=0, flavor="ods", openapi=files)) as emulator:
        client = make_client(emulator).authorize()
        assert client.send("POST", "/data/v3/ed-fi/students", STUDENT).status == 201
        assert client.send("POST", "/data/v3/ed-fi/schools", SCHOOL).status == 201
        body = {
            "studentReference": {"studentUniqueId": "1"},
            "schoolReference": {"schoolId": 5},
            "entryDate": "2024-08-14",
            "entryGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Tenth grade",
        }
        created = client.send("POST", "/data/v3/ed-fi/studentSchoolAssociations", body)
        assert created.status == 201, created.body
        assert len(client.send("GET", "/data/v3/ed-fi/studentSchoolAssociations?schoolId=5").json) == 1


@pytest.mark.parametrize(
    ("openapi", "dependencies", "told"),
    [
        ("{", None, "has to be JSON"),
        ("{}", None, "no OpenAPI document"),
        (None, None, "No such file"),
        ("good", '[{"resource": "/zoo/ghosts", "order": 1}]', "describes zoo/ghosts"),
        ("good", "{}", "no JSON list"),
    ],
)
def test_documents_that_cannot_be_used_are_told(tmp_path, openapi, dependencies, told):
    files = written(tmp_path, write_openapi(zoo(), data_url="http://x/data", token_url="http://x/token", version="3"))
    if openapi is None:
        files = (tmp_path / "none.json",)
    elif openapi != "good":
        files[0].write_text(openapi)
    order = tmp_path / "order.json" if dependencies else None
    if order:
        order.write_text(dependencies)
    options = EmulatorOptions(port=0, openapi=files, dependencies=order)
    with pytest.raises(TargetError, match=told), start_emulator(options):
        pass
