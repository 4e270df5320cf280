"""Routes that need no token, tokens, and what happens without one."""

import urllib.parse

import pytest


def test_discovery_names_every_url_under_the_base_that_was_used(anonymous, emulator):
    document = anonymous.send("GET", "/").json
    assert document["applicationName"] == "Ed-Fi API"
    assert document["dataModels"][0]["name"] == "Ed-Fi"
    assert document["urls"]["dataManagementApi"] == f"{emulator.base_url}/data"
    assert document["urls"]["oauth"] == f"{emulator.base_url}/oauth/token"
    assert document["urls"]["changeQueries"].endswith("/changeQueries/v1/")
    anonymous.base_path = ""
    bare = anonymous.send("GET", "/").json
    assert bare["urls"]["dataManagementApi"] == emulator.base_url.removesuffix("/api") + "/data"


def test_metadata_is_served_without_a_token(anonymous, emulator):
    assert anonymous.send("GET", "/metadata").json["dependencies"] == f"{emulator.base_url}/metadata/dependencies"
    for listed in anonymous.send("GET", "/metadata/specifications").json:
        path = urllib.parse.urlsplit(listed["endpointUri"]).path.removeprefix("/api")
        document = anonymous.send("GET", path).json
        assert document["openapi"].startswith("3.0")
        assert document["servers"][0]["url"].startswith(emulator.base_url)
    entries = anonymous.send("GET", "/metadata/dependencies").json
    assert "/ed-fi/students" in {entry["resource"] for entry in entries}
    assert "/ed-fi/schoolYearTypes" not in {entry["resource"] for entry in entries}


def test_an_unknown_specification_is_not_found(anonymous):
    reply = anonymous.send("GET", "/metadata/specifications/nothing.json")
    assert (reply.status, reply.body) == (404, b"Invalid resource path")


def test_health_is_healthy(anonymous):
    assert anonymous.send("GET", "/health").json["Status"] == "Healthy"


def test_an_unmatched_route_is_a_problem(anonymous):
    reply = anonymous.send("GET", "/nothing/here")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json["detail"] == "The specified data could not be found."


def test_every_answer_forbids_sniffing_and_referrers(client):
    for reply in (client.send("GET", "/"), client.get("students"), client.get("nothing")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b'{"grant_type":"client_credentials"}', "application/json"),
    ],
)
def test_a_token_is_given_for_a_form_or_json(anonymous, body, content_type):
    reply = anonymous.token(body=body, Content_Type=content_type)
    assert reply.status == 200
    assert reply.json["token_type"] == "Bearer"
    assert reply.json["expires_in"] == 1800


@pytest.mark.parametrize(
    ("headers", "body", "status", "detail"),
    [
        ({"Authorization": None}, b"grant_type=client_credentials", 400, "Malformed Authorization header"),
        ({"Authorization": "Basic !"}, b"grant_type=client_credentials", 400, "Malformed Authorization header"),
        ({}, b"grant_type=password", 400, "Unsupported grant type"),
    ],
)
def test_a_wrong_token_request_says_what_is_wrong(anonymous, headers, body, status, detail):
    reply = anonymous.token(body=body, **headers)
    assert (reply.status, reply.json["detail"]) == (status, detail)


def test_a_wrong_secret_gives_no_token(anonymous):
    reply = anonymous.token(secret="wrong")
    assert (reply.status, reply.json["type"]) == (401, "urn:ed-fi:api:unauthorized")


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, "Authorization header is missing."),
        ("Bearer nonsense", "Invalid token"),
        ("Bearer ", "Invalid Authorization header."),
        ("Digest abc", "Unknown Authorization header scheme."),
    ],
)
def test_no_data_without_a_valid_token(anonymous, authorization, error):
    for method, path in (("GET", "students"), ("PATCH", "schools"), ("GET", "nothing")):
        reply = anonymous.send(method, f"/data/ed-fi/{path}", Authorization=authorization)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert reply.headers["content-type"] == "application/problem+json"
        assert "validationErrors" not in reply.json
    assert reply.json["errors"] in ([error], ["Missing Authorization header bearer token value."])
