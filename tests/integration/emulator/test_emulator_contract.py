"""The emulator over a real socket: DMS's own examples (statuses, headers, texts from its public features)."""

import re

import pytest

URI = "uri://ed-fi.org/"
ETAG = r'"\d+-[0-9a-f]{8}\.j\.(_|[0-9a-f]{8})\.[ln]\.[ibg]"'


def school(number, **more):
    return {
        "schoolId": number,
        "nameOfInstitution": f"School {number}",
        "educationOrganizationCategories": [
            {"educationOrganizationCategoryDescriptor": f"{URI}EducationOrganizationCategoryDescriptor#School"}
        ],
        "gradeLevels": [{"gradeLevelDescriptor": f"{URI}GradeLevelDescriptor#Tenth grade"}],
        **more,
    }


def student(number, **more):
    return {
        "studentUniqueId": str(number),
        "birthDate": "2014-08-14",
        "firstName": "Russella",
        "lastSurname": "Mayers",
        **more,
    }


def content(identifier, **more):
    return {
        "contentIdentifier": identifier,
        "namespace": "Testing",
        "shortDescription": "Testing",
        "contentClassDescriptor": f"{URI}ContentClassDescriptor#Testing",
        "learningResourceMetadataURI": "Testing",
        **more,
    }


def id_in(reply):
    return reply.headers["location"].rpartition("/")[2]


def visible(document):
    return {name: value for name, value in document.items() if name not in ("id", "_etag", "_lastModifiedDate")}


@pytest.fixture
def testing(client):
    """The descriptor value that DMS's examples use."""
    body = {"namespace": f"{URI}ContentClassDescriptor", "codeValue": "Testing", "shortDescription": "Testing"}
    assert client.post("contentClassDescriptors", body).status in (200, 201)
    return client


def test_an_empty_document_lists_every_missing_member(client):
    reply = client.post("academicWeeks", {})
    assert reply.status == 400
    assert reply.json["validationErrors"] == {
        f"$.{name}": [f"{name} is required."]
        for name in ("weekIdentifier", "schoolReference", "beginDate", "endDate", "totalInstructionalDays")
    }
    assert list(reply.json) == ["detail", "type", "title", "status", "correlationId", "validationErrors", "errors"]


def test_an_unresolved_reference_echoes_the_correlation_id(client):
    week = {
        "weekIdentifier": "WeekIdentifier1",
        "schoolReference": {"schoolId": 9999},
        "beginDate": "2023-09-11",
        "endDate": "2023-09-11",
        "totalInstructionalDays": 300,
    }
    reply = client.post("academicWeeks", week, correlationid="test-correlationId")
    assert reply.status == 409
    assert reply.json["correlationId"] == "test-correlationId"
    assert reply.json["type"] == "urn:ed-fi:api:data-conflict:unresolved-reference"
    assert reply.json["validationErrors"] == {"$.schoolReference": ["The referenced School item does not exist."]}


def test_members_that_the_schema_does_not_know_and_nulls_vanish(testing):
    reply = testing.post("educationContents", content("overposted", objectOverpost={"x": 1}, cost=None))
    assert reply.status == 201
    document = testing.follow(reply).json
    assert visible(document) == content("overposted")
    assert document["id"] == id_in(reply)
    assert next(iter(document)) == "id"


def test_values_are_coerced_and_empty_arrays_pruned(client):
    address = {
        "addressTypeDescriptor": f"{URI}AddressTypeDescriptor#Physical",
        "stateAbbreviationDescriptor": f"{URI}StateAbbreviationDescriptor#TX",
        "city": "Austin",
        "postalCode": "78701",
        "streetNumberName": "1 Main St",
        "doNotPublishIndicator": "true",
    }
    reply = client.post("schools/", school("99", addresses=[address], schoolCategories=[]))
    assert reply.status == 201
    document = client.follow(reply).json
    assert document["schoolId"] == 99
    assert document["addresses"][0]["doNotPublishIndicator"] is True
    assert "schoolCategories" not in document


def test_a_client_may_not_choose_the_id(client):
    reply = client.post("students", student("own-id", id="3a93cdce-157d-4cfe-b6f8-d5caa88c986b"))
    assert reply.status == 400
    assert reply.json["detail"] == "The request data was constructed incorrectly."
    assert reply.json["errors"][0].startswith("Resource identifiers cannot be assigned by the client.")


def test_the_same_natural_key_updates_in_place(client):
    first = client.post("students", student("upsert"))
    same = client.post("students", student("upsert"))
    changed = client.post("students", student("upsert", firstName="Ann"))
    assert [reply.status for reply in (first, same, changed)] == [201, 200, 200]
    assert re.fullmatch(ETAG, first.headers["etag"])
    assert first.headers["location"] == same.headers["location"] == changed.headers["location"]
    assert first.headers["etag"] == same.headers["etag"] != changed.headers["etag"]
    assert client.follow(first).json["firstName"] == "Ann"


def test_an_update_answers_204_and_the_body_repeats_the_id(testing):
    created = testing.post("educationContents", content("put"))
    path = f"/data/ed-fi/educationContents/{id_in(created)}"
    other = "00000000-0000-4000-a000-000000000000"

    missing = testing.send("PUT", path, content("put"))
    assert missing.json["validationErrors"] == {"$.id": ["id is required."]}
    wrong = testing.send("PUT", path, content("put", id=other))
    assert (wrong.status, wrong.json["errors"]) == (400, ["Request body id must match the id in the url."])
    moved = testing.send("PUT", path, content("other", id=id_in(created)))
    assert moved.json["type"].endswith(":key-change-not-supported")
    unknown = testing.send("PUT", f"/data/ed-fi/educationContents/{other}", content("put", id=other))
    assert (unknown.status, unknown.json["detail"]) == (404, "Resource to update was not found")
    fine = testing.send("PUT", path, content("put", id=id_in(created), cost=3.5))
    assert (fine.status, fine.body) == (204, b"")
    assert fine.headers["location"] == created.headers["location"]
    assert testing.follow(created).json["cost"] == 3.5


def test_what_is_referenced_cannot_be_deleted(client):
    year = client.post(
        "schoolYearTypes", {"schoolYear": 2019, "currentSchoolYear": False, "schoolYearDescription": "2018-2019"}
    )
    assert year.status == 201
    place = client.post("schools", school(4003))
    period = client.post(
        "gradingPeriods",
        {
            "gradingPeriodDescriptor": f"{URI}GradingPeriodDescriptor#First Semester",
            "gradingPeriodName": "First",
            "schoolReference": {"schoolId": 4003},
            "schoolYearTypeReference": {"schoolYear": 2019},
            "beginDate": "2018-08-01",
            "endDate": "2018-12-20",
            "totalInstructionalDays": 80,
        },
    )
    assert period.status == 201, period.body
    link = client.follow(period).json["schoolReference"]["link"]
    assert link == {"rel": "School", "href": f"/ed-fi/schools/{id_in(place)}"}

    refused = client.send("DELETE", f"/data/ed-fi/schools/{id_in(place)}")
    assert refused.status == 409
    assert "referenced by existing GradingPeriod item(s)." in refused.json["detail"]
    assert client.send("DELETE", f"/data/ed-fi/gradingPeriods/{id_in(period)}").status == 204
    assert client.send("DELETE", f"/data/ed-fi/schools/{id_in(place)}").status == 204
    gone = client.send("DELETE", f"/data/ed-fi/schools/{id_in(place)}")
    assert (gone.status, gone.body) == (404, b"")
    assert client.follow(place).status == 404


def test_all_kinds_of_education_organization_share_one_identity(client):
    agency = {
        "localEducationAgencyId": 155901,
        "nameOfInstitution": "Grand Bend ISD",
        "categories": [
            {
                "educationOrganizationCategoryDescriptor": (
                    f"{URI}EducationOrganizationCategoryDescriptor#Local Education Agency"
                )
            }
        ],
        "localEducationAgencyCategoryDescriptor": f"{URI}LocalEducationAgencyCategoryDescriptor#Charter",
    }
    created = client.post("localEducationAgencies", agency)
    assert created.status == 201, created.body
    reply = client.post("schools", school(155901))
    assert (reply.status, reply.json["type"]) == (409, "urn:ed-fi:api:identity-conflict")
    assert reply.json["errors"][0].endswith("The duplicate keys and values are (schoolId = 155901)")


def test_a_reference_to_an_abstract_resource_resolves_to_any_kind(client):
    place = client.post("schools", school(7001))
    program = {
        "programName": "Gifted",
        "programTypeDescriptor": f"{URI}ProgramTypeDescriptor#Gifted and Talented",
        "educationOrganizationReference": {"educationOrganizationId": 7001},
    }
    reply = client.post("programs", program)
    assert reply.status == 201, reply.body
    link = client.follow(reply).json["educationOrganizationReference"]["link"]
    assert link == {"rel": "School", "href": f"/ed-fi/schools/{id_in(place)}"}


def test_an_unknown_descriptor_is_told_in_lower_case(client):
    wrong = school(7002, educationOrganizationCategories=[])
    wrong["educationOrganizationCategories"] = [
        {"educationOrganizationCategoryDescriptor": f"{URI}EducationOrganizationCategoryDescriptor#Fake"}
    ]
    reply = client.post("schools", wrong)
    assert (reply.status, reply.json["type"]) == (400, "urn:ed-fi:api:bad-request")
    assert reply.json["validationErrors"] == {
        "$.educationOrganizationCategories[0].educationOrganizationCategoryDescriptor": [
            (
                "EducationOrganizationCategoryDescriptor value "
                "'uri://ed-fi.org/educationorganizationcategorydescriptor#fake' does not exist."
            )
        ]
    }


def test_a_descriptor_comes_back_in_its_stored_spelling(client):
    grade = [{"gradeLevelDescriptor": f"{URI.upper()}GRADELEVELDESCRIPTOR#TENTH GRADE"}]
    reply = client.post("schools", school(7003, gradeLevels=grade))
    assert client.follow(reply).json["gradeLevels"][0]["gradeLevelDescriptor"].endswith("Descriptor#Tenth grade")


def test_a_descriptor_in_use_cannot_be_deleted(client):
    body = {"namespace": f"{URI}GradeLevelDescriptor", "codeValue": "Mine", "shortDescription": "Mine"}
    created = client.post("gradeLevelDescriptors", body)
    grade = [{"gradeLevelDescriptor": f"{URI}GradeLevelDescriptor#Mine"}]
    assert client.post("schools", school(7004, gradeLevels=grade)).status == 201
    path = f"/data/ed-fi/gradeLevelDescriptors/{id_in(created)}"
    assert client.send("DELETE", path).status == 409
    assert client.post("schools", school(7004)).status == 200
    assert client.send("DELETE", path).status == 204
    assert client.post("schools", school(7005, gradeLevels=grade)).status == 400


def test_pages_and_total_counts(client):
    for number in range(9101, 9106):
        assert client.post("contentClassDescriptors", _code(number)).status == 201
    query = "contentClassDescriptors?description=paging"
    assert [row["codeValue"] for row in client.get(f"{query}&offset=3&limit=2").json] == ["9104", "9105"]
    assert client.get(f"{query}&offset=600&limit=5").json == []
    assert client.get(f"{query}&tOtAlCoUnT=trUE&limit=2").headers["total-count"] == "5"
    assert "total-count" not in client.get(query).headers


def _code(number):
    namespace = f"{URI}ContentClassDescriptor"
    return {"namespace": namespace, "codeValue": str(number), "shortDescription": "x", "description": "paging"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("offset=-1", "Offset must be a numeric value greater than or equal to 0."),
        ("offset=0&limit=900", "Limit must be omitted or set to a numeric value between 0 and 500."),
        ("limit=x", "Limit must be omitted or set to a numeric value between 0 and 500."),
        ("totalCount=maybe", "TotalCount must be a boolean value."),
    ],
)
def test_wrong_paging_is_told(client, query, error):
    reply = client.get(f"schools?{query}")
    assert reply.status == 400
    assert reply.json["type"] == "urn:ed-fi:api:bad-request:parameter-validation-failed"
    assert reply.json["errors"] == [error]


def test_filters_select_by_key_reference_descriptor_and_member(client):
    for number, name in ((8001, "North"), (8002, "South")):
        assert client.post("schools", school(number, nameOfInstitution=name)).status == 201
        period = {"classPeriodName": "First", "schoolReference": {"schoolId": number}}
        assert client.post("classPeriods", period).status == 201

    def found(query, member):
        return [row[member] for row in client.get(query).json]

    assert found("schools?schoolId=8002", "nameOfInstitution") == ["South"]
    assert found("schools?NAMEOFINSTITUTION=North", "schoolId") == [8001]
    periods = client.get("classPeriods?schoolId=8001").json
    assert [row["schoolReference"]["schoolId"] for row in periods] == [8001]
    assert len(found("classPeriods?classPeriodName=First&schoolId=8002", "id")) == 1
    assert client.get("classPeriods?schoolId=8003").json == []
    assert client.get("schools?nameOfInstitution=West&totalCount=true").headers["total-count"] == "0"
    identifier = client.get("schools?schoolId=8001").json[0]["id"]
    assert found(f"schools?id={identifier}", "schoolId") == [8001]


def test_an_unknown_filter_and_a_wrong_value_are_refused(client):
    assert client.get("schools?colour=red").json["errors"] == [
        "The query field 'colour' is not valid for this resource."
    ]
    assert client.get("students?birthDate=word").json["validationErrors"] == {
        "$.birthDate": ["The value 'word' is not valid for birthDate."]
    }


def test_etags_guard_against_lost_updates(client):
    created = client.post("students", student("111111"))
    path = f"/data/ed-fi/students/{id_in(created)}"
    body = student("111111", id=id_in(created), firstName="Changed")
    etag = created.headers["etag"]
    assert client.send("GET", path).headers["etag"] == etag
    assert f'"{client.send("GET", path).json["_etag"]}"' == etag
    unchanged = client.send("GET", path, If_None_Match=etag)
    assert (unchanged.status, unchanged.body, unchanged.headers["etag"]) == (304, b"", etag)
    assert client.send("PUT", path, body, If_Match="0000000000").status == 412
    assert client.send("PUT", path, body, If_Match=etag.strip('"')).status == 204
    assert client.send("DELETE", path, If_Match=etag).status == 412
    assert client.post("students", student("111111"), If_None_Match="*").status == 412
    assert client.post("students", student("111112"), If_None_Match="*").status == 201
    assert client.post("students", student("111113"), If_Match="*").status == 412
    assert client.send("DELETE", path, If_Match="*").status == 204


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("PATCH", "schools", 405, {"allow": "GET, POST"}),
        ("HEAD", "schools", 405, {"allow": "GET, POST"}),
        ("DELETE", "schools", 405, {"allow": "GET, POST"}),
        ("POST", "schools/00000000-0000-4000-a000-000000000000", 405, {"allow": "GET, PUT, DELETE"}),
        ("GET", "school", 404, {"content-type": "application/problem+json"}),
        ("PATCH", "school", 404, {"content-type": "application/problem+json"}),
        ("GET", "schools/ffc0a272", 400, {}),
        ("PATCH", "school/ffc0a272", 400, {}),
        ("GET", "schools/00000000-0000-4000-a000-000000000000", 404, {"content-length": "0"}),
        ("GET", "SCHOOLS/", 200, {}),
    ],
)
def test_routes_are_checked_in_order(client, method, path, status, expected):
    reply = client.send(method, f"/data/ed-fi/{path}")
    assert reply.status == status
    assert expected.items() <= reply.headers.items()


def test_a_malformed_id_is_named(client):
    reply = client.get("schools/ffc0a272")
    assert reply.json["validationErrors"] == {"$.id": ["The value 'ffc0a272' is not valid."]}


def test_an_id_of_another_resource_is_not_found(client):
    created = client.post("students", student("elsewhere"))
    assert client.get(f"schools/{id_in(created)}").status == 404


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("text/plain", 415), ("application/json; charset=utf-8", 400), ("text/json", 400), (None, 400)],
)
def test_writes_are_json(client, content_type, status):
    assert client.post("students", b"{}", Content_Type=content_type).status == status


def test_a_body_above_ten_megabytes_is_too_large(client):
    reply = client.post("students", b"x" * (10 * 1024 * 1024 + 1))
    assert (reply.status, reply.body) == (413, b"")
    assert client.get("students?limit=1").status == 200


def test_no_body_and_no_json_are_told(client):
    assert client.post("students", b"").json["errors"] == ["A non-empty request body is required."]
    broken = client.post("students", b'{"a": 1\n "b"')
    assert broken.status == 400
    assert "LineNumber: 1" in broken.json["validationErrors"]["$."][0]


def test_a_member_that_stands_twice_is_refused(client):
    reply = client.post("students", b'{"firstName": "A", "firstName": "A"}')
    assert reply.json["validationErrors"] == {"$.firstName": ["An item with the same key has already been added."]}
