"""Changes of natural keys: refused, in conflict, or reaching all that repeat them."""

import pytest

URI = "uri://ed-fi.org/"


def school(number):
    return {
        "schoolId": number,
        "nameOfInstitution": f"School {number}",
        "educationOrganizationCategories": [
            {"educationOrganizationCategoryDescriptor": f"{URI}EducationOrganizationCategoryDescriptor#School"}
        ],
        "gradeLevels": [{"gradeLevelDescriptor": f"{URI}GradeLevelDescriptor#Tenth grade"}],
    }


def create(client, resource, body):
    reply = client.post(resource, body)
    assert reply.status in (200, 201), reply.body
    return reply


def put(client, reply, body, **headers):
    resource, identifier = reply.headers["location"].rsplit("/", 2)[1:]
    return client.send("PUT", f"/data/ed-fi/{resource}/{identifier}", {"id": identifier, **body}, **headers)


@pytest.fixture
def place(client):
    create(client, "schools", school(255901001))
    return {"schoolReference": {"schoolId": 255901001}}


def test_a_key_that_belongs_to_another_document_is_a_conflict(client, place):
    create(client, "classPeriods", {"classPeriodName": "First", **place})
    second = create(client, "classPeriods", {"classPeriodName": "Second", **place})
    reply = put(client, second, {"classPeriodName": "First", **place})
    assert (reply.status, reply.json["type"]) == (409, "urn:ed-fi:api:identity-conflict")
    assert reply.json["errors"][0] == (
        "A natural key conflict occurred when attempting to update a resource ClassPeriod with a duplicate key. The "
        "duplicate keys and values are (classPeriodName = First),(schoolId = 255901001)"
    )


def test_a_changed_key_reaches_the_items_of_arrays(client, place):
    period = create(client, "classPeriods", {"classPeriodName": "Third", **place})
    bell = {
        "bellScheduleName": "Daily",
        "classPeriods": [{"classPeriodReference": {"classPeriodName": "Third", "schoolId": 255901001}}],
        **place,
    }
    bells = create(client, "bellSchedules", bell)
    assert put(client, period, {"classPeriodName": "3", **place}).status == 204
    after = client.follow(bells)
    assert after.json["classPeriods"][0]["classPeriodReference"]["classPeriodName"] == "3"
    assert after.headers["etag"] != bells.headers["etag"]
    assert client.get("classPeriods?classPeriodName=Third&schoolId=255901001").json == []


def test_a_class_period_cannot_leave_the_school_of_its_bell_schedules(client, place):
    create(client, "schools", school(255901002))
    period = create(client, "classPeriods", {"classPeriodName": "Fifth", **place})
    bell = {
        "bellScheduleName": "Long",
        "classPeriods": [{"classPeriodReference": {"classPeriodName": "Fifth", "schoolId": 255901001}}],
        **place,
    }
    bells = create(client, "bellSchedules", bell)

    reply = put(client, period, {"classPeriodName": "Fifth", "schoolReference": {"schoolId": 255901002}})

    assert reply.status == 400
    assert reply.json["validationErrors"].keys() == {
        "$.classPeriods[*].classPeriodReference.schoolId",
        "$.schoolReference.schoolId",
    }
    assert client.follow(bells).headers["etag"] == bells.headers["etag"]
    assert client.follow(period).headers["etag"] == period.headers["etag"]


def test_a_changed_session_reaches_its_offerings_and_their_sections(client, place):
    year = {"schoolYear": 2025, "currentSchoolYear": True, "schoolYearDescription": "2024-2025"}
    create(client, "schoolYearTypes", year)
    session = {
        "sessionName": "Fall",
        "beginDate": "2024-08-15",
        "endDate": "2024-12-20",
        "termDescriptor": f"{URI}TermDescriptor#Fall Semester",
        "totalInstructionalDays": 80,
        "schoolYearTypeReference": {"schoolYear": 2025},
        **place,
    }
    fall = create(client, "sessions", session)
    course = {
        "courseCode": "ALG",
        "courseTitle": "Algebra",
        "numberOfParts": 1,
        "educationOrganizationReference": {"educationOrganizationId": 255901001},
        "identificationCodes": [
            {
                "courseIdentificationSystemDescriptor": f"{URI}CourseIdentificationSystemDescriptor#LEA course code",
                "identificationCode": "ALG",
            }
        ],
    }
    create(client, "courses", course)
    offering = {
        "localCourseCode": "ALG-1",
        "courseReference": {"courseCode": "ALG", "educationOrganizationId": 255901001},
        "sessionReference": {"schoolId": 255901001, "schoolYear": 2025, "sessionName": "Fall"},
        **place,
    }
    create(client, "courseOfferings", offering)
    reference = {"localCourseCode": "ALG-1", "schoolId": 255901001, "schoolYear": 2025, "sessionName": "Fall"}
    section = create(client, "sections", {"sectionIdentifier": "S1", "courseOfferingReference": reference})

    assert put(client, fall, {**session, "sessionName": "Autumn"}).status == 204
    shown = client.follow(section).json["courseOfferingReference"]
    assert {name: shown[name] for name in reference} == {**reference, "sessionName": "Autumn"}
    assert (
        create(
            client,
            "sections",
            {"sectionIdentifier": "S1", "courseOfferingReference": {**reference, "sessionName": "Autumn"}},
        ).status
        == 200
    )


def test_an_identical_update_changes_nothing(client, place):
    body = {"classPeriodName": "Fourth", **place}
    created = create(client, "classPeriods", body)
    again = put(client, created, {**place, "classPeriodName": "Fourth"})
    assert (again.status, again.headers["etag"]) == (204, created.headers["etag"])
