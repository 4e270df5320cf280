"""What is learned from a base URL, and what is said where nothing can be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dms_load_test.edfi.discovery import TargetUrls
from dms_load_test.edfi.standard import load_standard
from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.target import (
    PAGE_SIZE,
    MetadataReader,
    kept_secret,
    read_descriptor_values,
    sign_in,
    used_descriptors,
)
from dms_load_test.errors import TargetError


def answer(status, document="", headers=""):
    body = (document if isinstance(document, str) else json.dumps(document)).encode()
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def base(server):
    return f"http://127.0.0.1:{server.port}"


def discovery(base):
    urls = {
        "dependencies": f"{base}/metadata/dependencies",
        "openApiMetadata": f"{base}/metadata/specifications",
        "oauth": f"{base}/oauth/token",
        "dataManagementApi": f"{base}/data",
    }
    return {"version": "8.0.0", "dataModels": [{"name": "Ed-Fi", "version": "5.2.0"}], "urls": urls}


@pytest.fixture
async def reader(new_client):
    samples = []
    made = MetadataReader(new_client(), samples.append, "preflight")
    made.samples = samples
    return made


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/data", "/data/ed-fi"])
async def test_the_api_is_found_from_any_usual_spelling_of_its_address(reader, base, server, suffix):
    server.script = [answer(200, discovery(base))]
    found = await reader.discover(base + suffix)
    assert found.urls.data_url == f"{base}/data"
    assert all((s.phase, s.operation, s.ok) == ("preflight", "metadata", True) for s in reader.samples)


async def test_the_api_is_found_below_the_usual_path_base(reader, base, server):
    server.script = [answer(404), answer(200, discovery(f"{base}/api"))]
    found = await reader.discover(base)
    assert found.base_url == f"{base}/api/"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (answer(404), "answers 404"),
        (answer(200, "<html>"), "answers something else"),
        (answer(301, headers="Location: https://api.example.org/\r\n"), "answers 301 to https://api.example.org/"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "see whether an HTTP/1.1 server listens there"),
    ],
)
async def test_what_is_no_ed_fi_api_is_told_with_what_came_back(reader, base, server, script, told):
    server.script = [script]
    with pytest.raises(TargetError, match=told):
        await reader.discover(base)


HTML = "Content-Type: text/html; charset=utf-8\r\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (answer(503, "<html>", HTML), r"answers 503 \(text/html\).*start what it waits for, or ask who runs it$"),
        (answer(500, {"detail": "No database"}), r"answers 500 \(No database\).*ask who runs it$"),
        (answer(401), r"answers 401[,)].*a gateway that wants a key of its own: ask who runs it"),
        (answer(429), r"answers 429[,)].*limits requests: try again later"),
        (answer(200, "<html>", HTML), r"something else \(text/html\).*set API_BASE_URL to where"),
    ],
)
async def test_what_to_do_fits_what_a_server_answers_instead_of_its_discovery_document(
    reader, base, server, script, told
):
    server.script = [script]
    with pytest.raises(TargetError, match=told):
        await reader.discover(base)


async def test_nothing_listening_is_told_with_what_to_do(reader, base, unused_tcp_port):
    with pytest.raises(TargetError, match=r"connection refused; start the API, or correct API_BASE_URL"):
        await reader.discover(f"http://127.0.0.1:{unused_tcp_port}")


async def test_a_certificate_that_is_not_trusted_is_told_with_what_to_do(reader, tls_server):
    with pytest.raises(TargetError, match=r"certificate not accepted.*set CA_BUNDLE"):
        await reader.discover(f"https://127.0.0.1:{tls_server.port}")


SAFE = TargetUrls("https://x/token", "https://x/data", "https://x/dependencies", "https://x/specifications")


@pytest.mark.parametrize(
    ("clear", "setting"),
    [
        ({"token_url": "http://x/token"}, "OAUTH_TOKEN_URL"),
        ({"token_url": "HTTP://x/token"}, "OAUTH_TOKEN_URL"),
        ({"data_url": "Http://x/data"}, "DATA_URL"),
    ],
)
def test_an_api_that_sends_credentials_elsewhere_without_tls_is_refused_unless_the_user_says_so(clear, setting):
    urls = replace(SAFE, **clear)
    (url,) = clear.values()
    with pytest.raises(TargetError, match=f"sends credentials to {url} without TLS; .*set {setting}"):
        kept_secret("https://x/", urls, {})
    assert kept_secret("https://x/", urls, {setting: url}) == urls
    assert kept_secret("http://x/", urls, {}) == urls


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_what_is_not_needed_gets_no_token_without_tls(scheme):
    both = {"token_info_url": f"{scheme}://x/token_info", "change_queries_url": f"{scheme}://x/changeQueries"}
    assert kept_secret("https://x/", replace(SAFE, **both), {}) == SAFE
    assert kept_secret("http://x/", replace(SAFE, **both), {}) == replace(SAFE, **both)


async def test_a_missing_document_names_the_setting_that_can_replace_it(reader, base, server):
    server.script = [answer(500, {"detail": "broken"})]
    with pytest.raises(TargetError, match=r"answers 500 \(broken\).*DEPENDENCIES_URL"):
        await reader.document(f"{base}/metadata/dependencies", "DEPENDENCIES_URL")


async def test_wrong_credentials_are_told_as_such(reader, base, server, new_client):
    server.script = [answer(401, {"detail": "Invalid client"})]
    auth = SharedAuthManager(new_client(), f"{base}/oauth/token", "key", "wrong-secret", emit=lambda _: None)
    with pytest.raises(TargetError, match="401 Invalid client; check CLIENT_ID and CLIENT_SECRET") as raised:
        await sign_in(auth)
    assert "wrong-secret" not in str(raised.value)
    await auth.close()


@pytest.fixture
async def api(base, server, new_client):
    client = new_client()
    auth = SharedAuthManager(client, f"{base}/oauth/token", "key", "hidden-secret", emit=lambda _: None)
    policy = PhasePolicy(phase="preflight", emit=lambda _: None, on_failure=lambda _: None)
    yield ApiTarget(client, auth, base, f"{base}/data", policy)
    await auth.close()


def descriptors(count):
    return [{"namespace": "uri://ed-fi.org/SexDescriptor", "codeValue": f"C {n}"} for n in range(count)]


async def test_descriptor_values_are_read_page_by_page(api, server):
    server.script = [
        answer(200, {"access_token": "t"}),
        answer(200, descriptors(PAGE_SIZE)),
        answer(200, descriptors(3)),
    ]
    found = await read_descriptor_values(api, load_standard().model, ["SexDescriptor"])
    assert len(found["SexDescriptor"]) == PAGE_SIZE + 3
    assert found["SexDescriptor"][0] == "uri://ed-fi.org/SexDescriptor#C 0"
    assert server.requests[2].startswith(b"GET /data/ed-fi/sexDescriptors?offset=100&limit=100 HTTP/1.1")


async def test_a_descriptor_that_may_not_be_read_is_a_matter_of_the_claim_set(api, server):
    server.script = [answer(200, {"access_token": "t"}), answer(403, {"detail": "No"})]
    with pytest.raises(TargetError, match=r"GET /ed-fi/\w+Descriptors answers 403 \(No\); the client's claim set"):
        await read_descriptor_values(api, load_standard().model, ["SexDescriptor", "GradeLevelDescriptor"])


async def test_all_descriptors_that_may_not_be_read_are_named(api, server):
    server.script = [
        answer(200, {"access_token": "t"}),
        answer(200, descriptors(3)),
        *[answer(403, {"detail": "No"})] * 6,
    ]
    names = [f"{name}Descriptor" for name in ("Sex", "GradeLevel", "Term", "Country", "Language", "Visa", "Race")]
    with pytest.raises(TargetError, match=r"^6 of 7 descriptors may not be read: ") as raised:
        await read_descriptor_values(api, load_standard().model, names)
    assert sum(name in str(raised.value).partition(";")[0] for name in names) == 6


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer(401), r"answers 401; the API refuses the token .* OAUTH_TOKEN_URL"),
        (answer(429, headers="Retry-After: 300\r\n"), r"answers 429; .*try again later.*\(Retry-After: 300\)"),
        (answer(500, {"detail": "No database"}), r"answers 500 \(No database\); see the API's log"),
    ],
)
async def test_what_to_do_fits_why_descriptors_cannot_be_read(api, server, reply, told):
    server.script = [answer(200, {"access_token": "t"}), reply] * 2  # a token that is refused is renewed, once
    with pytest.raises(TargetError, match=told):
        await read_descriptor_values(api, load_standard().model, ["SexDescriptor"])


def test_descriptors_in_use_are_those_of_the_resources_members():
    used = used_descriptors(load_standard().model, ["students", "schools"])
    assert {"SexDescriptor", "GradeLevelDescriptor"} <= used
    assert "CalendarEventDescriptor" not in used
