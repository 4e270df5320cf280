"""Reading collections: cursor paging, partitions and change queries, over a real socket."""

from urllib.parse import quote

import pytest

URI = "uri://ed-fi.org/"


def code(number, description):
    namespace = f"{URI}ContentClassDescriptor"
    return {
        "namespace": namespace,
        "codeValue": f"{description} {number}",
        "shortDescription": "x",
        "description": description,
    }


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
    return reply.headers["location"].rpartition("/")[2]


def newest(client):
    return client.send("GET", "/changeQueries/v1/availableChangeVersions").json["newestChangeVersion"]


def cursor_run(client, query, token, size):
    pages = []
    while token:
        reply = client.get(f"{query}&pageToken={quote(token)}&pageSize={size}")
        assert reply.status == 200, reply.body
        pages.append([row["codeValue"] for row in reply.json])
        token = reply.headers.get("next-page-token")
    return pages


def test_a_cursor_run_reads_every_row_once_and_ends_with_an_empty_page(client):
    for number in range(5):
        create(client, "contentClassDescriptors", code(number, "cursor"))
    query = "contentClassDescriptors?description=cursor"
    first = client.get(f"{query}&limit=2")
    pages = cursor_run(client, query, first.headers["next-page-token"], 2)
    assert pages == [["cursor 2", "cursor 3"], ["cursor 4"], []]
    assert "next-page-token" not in client.get(f"{query}&offset=9").headers
    assert "next-page-token" not in client.get(f"{query}&limit=0").headers


def test_partitions_cover_the_collection(client):
    tokens = client.get("contentClassDescriptors/partitions?number=4").json["pageTokens"]
    assert len(tokens) == 1
    total = client.get("contentClassDescriptors?totalCount=true&limit=0").headers["total-count"]
    found = [
        row for token in tokens for page in cursor_run(client, "contentClassDescriptors?", token, 7) for row in page
    ]
    assert len(found) == len(set(found)) == int(total)
    assert client.get("students/partitions").json == {"pageTokens": []}


def test_available_versions_need_a_token_and_grow_by_two_with_a_create(client, anonymous):
    before = newest(client)
    create(client, "contentClassDescriptors", code(1, "versions"))
    assert newest(client) == before + 2
    assert anonymous.send("GET", "/changeQueries/v1/availableChangeVersions").status == 401


def test_a_live_query_takes_a_window_of_versions(client):
    before = newest(client)
    for number in range(3):
        create(client, "contentClassDescriptors", code(number, "live"))
    after = newest(client)
    query = "contentClassDescriptors?description=live"
    assert len(client.get(f"{query}&minChangeVersion={before + 1}&maxChangeVersion={after}").json) == 3
    assert len(client.get(f"{query}&minChangeVersion={after - 2}").json) == 1
    assert client.get(f"{query}&minChangeVersion={after}").json == []
    assert client.get(f"{query}&minChangeVersion=x").status == 400


def test_deletes_list_keys_until_the_document_is_made_again(client):
    before = newest(client)
    identifier = create(client, "schools", school(8118601))
    assert client.send("DELETE", f"/data/ed-fi/schools/{identifier}").status == 204
    after = newest(client)
    assert after == before + 3
    reply = client.get(f"schools/deletes?minChangeVersion={after}&maxChangeVersion={after}&totalCount=true")
    assert reply.headers["total-count"] == "1"
    assert reply.json == [{"id": identifier, "changeVersion": after, "keyValues": {"schoolId": 8118601}}]
    create(client, "schools", school(8118601))
    assert client.get(f"schools/deletes?minChangeVersion={after}&maxChangeVersion={after}").json == []


def test_key_changes_are_collapsed_to_one_row_for_each_document(client):
    create(client, "schools", school(8118602))
    body = {"classPeriodName": "first period", "schoolReference": {"schoolId": 8118602}}
    identifier = create(client, "classPeriods", body)
    before = newest(client)
    for name in ("second period", "third period"):
        moved = {**body, "id": identifier, "classPeriodName": name}
        assert client.send("PUT", f"/data/ed-fi/classPeriods/{identifier}", moved).status == 204
    rows = client.get(f"classPeriods/keyChanges?minChangeVersion={before + 1}").json
    assert rows == [
        {
            "id": identifier,
            "changeVersion": newest(client),
            "oldKeyValues": {"classPeriodName": "first period", "schoolId": 8118602},
            "newKeyValues": {"classPeriodName": "third period", "schoolId": 8118602},
        }
    ]
    assert client.get("schools/keyChanges").json == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "schools/deletes?minChangeVersion=abc", 400),
        ("GET", "schools/deletes?schoolId=1", 400),
        ("GET", "schools/keychanges?pageToken=x", 400),
        ("GET", "nothing/deletes", 404),
        ("POST", "schools/deletes", 400),
        ("DELETE", "schools/keyChanges", 400),
        ("PATCH", "schools/partitions", 405),
    ],
)
def test_sub_routes_are_checked_in_order(client, method, path, status):
    reply = client.send(method, f"/data/ed-fi/{path}")
    assert reply.status == status
    if status == 405:
        assert reply.headers["allow"] == "GET"


def test_other_fields_have_no_meaning_for_changes(client):
    reply = client.get("schools/deletes?schoolId=1")
    assert reply.json["errors"] == ["The query field 'schoolId' is not valid for this Change Query endpoint."]


def test_a_token_tells_what_it_may_do(client, anonymous):
    token = client.headers["Authorization"].partition(" ")[2]
    info = client.send("POST", "/oauth/token_info", {"token": token}).json
    assert info["active"] is True
    assert info["client_id"] == "emulator"
    assert len(info["resources"]) == 349
    form = client.send("POST", "/oauth/token_info", f"token={token}".encode(), Content_Type=None)
    assert form.status == 200
    other = anonymous.token().json["access_token"]
    wrong = client.send("POST", "/oauth/token_info", {"token": other})
    assert (wrong.status, wrong.json["detail"]) == (400, "An invalid token was provided")
    assert client.send("POST", "/oauth/token_info", {"token": "x"}).status == 400
    assert anonymous.send("POST", "/oauth/token_info", {"token": token}).status == 401


@pytest.mark.parametrize("path", ["", "/", "/metadata", "/metadata/", "/health/"])
def test_a_trailing_slash_makes_no_difference(anonymous, path):
    assert anonymous.send("GET", path).status == 200
