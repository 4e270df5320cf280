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


async def call(app, method, path, body=b"", *, authorization=b"", content_type=b"application/json"):
    """Return (status, body)."""
    headers = [(b"host", b"emulator"), (b"authorization", authorization), (b"content-type", content_type)]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "client": ("127.0.0.1", 1),
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
async def test_records_are_listed_under_every_base(app, path):
    form = b"client_id=DmsConfigurationService&client_secret=ValidClientSecret1234567890!Abcd"
    form += b"&grant_type=client_credentials"
    _, answer = await call(app, "POST", "/connect/token", form, content_type=FORM)
    bearer = b"Bearer " + json.loads(answer)["access_token"].encode()
    assert (await call(app, "GET", path, authorization=bearer)) == (200, b"[]")
