"""The whole application without a server: requests of several parts in one turn of the event loop."""

import asyncio
import json

import pytest

from dms_load_test.emulator import EmulatorOptions
from dms_load_test.emulator.app import Emulator

FORM = b"application/x-www-form-urlencoded"
BASIC = b"Basic ZW11bGF0b3I6ZW11bGF0b3Itc2VjcmV0"


@pytest.fixture
def app():
    app = Emulator(EmulatorOptions())
    yield app
    app._store.close()


async def call(app, method, path, body=b"", *, client="127.0.0.1", **more):
    """Return (status, body); `client` is where the request comes from, `more` are headers."""
    given = {"host": b"localhost", "content_type": b"application/json", **more}
    headers = [(name.replace("_", "-").encode(), value) for name, value in given.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "client": (client, 1),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_documents_and_clients_that_are_written_together_are_committed_together(app):
    _, answer = await call(
        app, "POST", "/oauth/token", b"grant_type=client_credentials", authorization=BASIC, content_type=FORM
    )
    bearer = b"Bearer " + json.loads(answer)["access_token"].encode()

    def write(number):
        if number % 2:
            secret = "LoadTest123!LoadTest123!LoadTest123!"
            form = f"ClientId=me{number}&ClientSecret={secret}&DisplayName=Me".encode()
            return call(app, "POST", "/config/connect/register", form, content_type=FORM)
        year = {"schoolYear": 2000 + number, "currentSchoolYear": False, "schoolYearDescription": "x"}
        body = json.dumps(year).encode()
        return call(app, "POST", "/data/ed-fi/schoolYearTypes", body, authorization=bearer)

    replies = await asyncio.gather(*map(write, range(10)))
    assert [status for status, _ in replies] == [201, 200] * 5


async def test_an_empty_emulator_has_no_descriptor_values():
    app = Emulator(EmulatorOptions(empty=True))
    _, answer = await call(
        app, "POST", "/oauth/token", b"grant_type=client_credentials", authorization=BASIC, content_type=FORM
    )
    bearer = b"Bearer " + json.loads(answer)["access_token"].encode()
    assert await call(app, "GET", "/data/ed-fi/sexDescriptors", authorization=bearer) == (200, b"[]")
    app._store.close()


@pytest.mark.parametrize("path", ["/v3/vendors", "/config/v3/vendors", "/api/v3/vendors"])
async def test_entries_are_listed_under_every_base(app, path):
    form = b"client_id=DmsConfigurationService&client_secret=ValidClientSecret1234567890!Abcd"
    form += b"&grant_type=client_credentials"
    _, answer = await call(app, "POST", "/connect/token", form, content_type=FORM)
    bearer = b"Bearer " + json.loads(answer)["access_token"].encode()
    assert (await call(app, "GET", path, authorization=bearer)) == (200, b"[]")


@pytest.mark.parametrize(
    ("control_token", "client", "headers", "told"),
    [
        ("", "127.0.0.1", {}, ""),
        ("", "192.0.2.1", {}, "is for clients on this machine"),
        ("", "127.0.0.1", {"origin": b"http://evil.example.org"}, "is not for web pages"),
        ("", "127.0.0.1", {"host": b"evil.example.org:8080"}, "goes by 127.0.0.1, localhost and [::1]"),
        ("", "127.0.0.1", {"host": b"["}, "goes by 127.0.0.1, localhost and [::1]"),
        ("", "127.0.0.1", {"host": b"[::1]:8080"}, ""),
        ("sesame", "127.0.0.1", {}, "needs the control token in X-Emulator-Token"),
        ("sesame", "192.0.2.1", {"x_emulator_token": b"sesame", "host": b"emulator"}, ""),
        ("sesame", "127.0.0.1", {"x_emulator_token": b"sesam"}, "needs the control token in X-Emulator-Token"),
    ],
)
async def test_the_control_endpoint_says_what_it_wants(control_token, client, headers, told):
    app = Emulator(EmulatorOptions(control_token=control_token, empty=True))
    status, body = await call(app, "GET", "/emulator/faults", client=client, **headers)
    app._store.close()
    assert status == (403 if told else 200)
    assert told in body.decode()


async def test_revoking_ends_the_tokens_of_data_clients_and_leaves_the_administrators_theirs(app):
    form = b"grant_type=client_credentials"
    admin = b"&client_id=DmsConfigurationService&client_secret=ValidClientSecret1234567890!Abcd"
    _, data = await call(app, "POST", "/oauth/token", form, authorization=BASIC, content_type=FORM)
    _, administrators = await call(app, "POST", "/config/connect/token", form + admin, content_type=FORM)
    tokens = [b"Bearer " + json.loads(answer)["access_token"].encode() for answer in (data, administrators)]
    assert await call(app, "POST", "/emulator/revoke-tokens") == (200, b'{"revoked":1}')
    assert (await call(app, "GET", "/data/ed-fi/students", authorization=tokens[0]))[0] == 401
    assert (await call(app, "GET", "/config/v3/vendors", authorization=tokens[1]))[0] == 200
