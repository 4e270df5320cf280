"""The Configuration Service without a server, over a clock of the test's own."""

import base64
import json
import time
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from dms_load_test.emulator.claims import FULL, Access
from dms_load_test.emulator.cms_registry import FULL_SCOPE, Registry
from dms_load_test.emulator.cms_routes import ConfigurationService, Keeping
from dms_load_test.emulator.commits import GroupCommit
from dms_load_test.emulator.jwt import JwtWriter
from dms_load_test.emulator.store import Store
from dms_load_test.emulator.tokens import Tokens

LIFETIME_S = 1800
TEN_MINUTES_S = 600.0
CLIENT = Access("emulator", FULL)


class Service:
    """A Configuration Service over a store in memory, begun ten minutes ago; `age_s` is how much of them has passed."""

    def __init__(self):
        self.age_s = 0.0
        begun_s = time.time() - TEN_MINUTES_S
        write = JwtWriter(LIFETIME_S, lambda: int(begun_s + self.age_s)).write
        tokens = [Tokens(LIFETIME_S, lambda: self.age_s, write) for _ in range(2)]
        self.store = Store(None, ())
        registry = Registry(self.store.drawer, {("emulator", "secret"): CLIENT}, ("admin", "secret"))
        keeping = Keeping(self.store, GroupCommit(self.store.commit))
        self.app = ConfigurationService(registry, *tokens, keeping, lambda: "trace").app()
        self.authorization = ""

    async def send(self, method, path, body=b"", content_type="application/json"):
        """Return (status, JSON, headers)."""
        headers = {"authorization": self.authorization, "content-type": content_type}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "state": {"base": "http://host/config"},
        }
        sent = []

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in sent[1:])
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return SimpleNamespace(status=sent[0]["status"], json=json.loads(text) if text else None, headers=answered)

    async def form(self, path, **members):
        return await self.send("POST", path, urlencode(members).encode(), "application/x-www-form-urlencoded")

    async def token(self, client):
        login = {"client_id": client, "client_secret": "secret", "grant_type": "client_credentials"}
        return (await self.form("/connect/token", scope=FULL_SCOPE, **login)).json["access_token"]


@pytest.fixture
def service():
    service = Service()
    yield service
    service.store.close()


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("client", ["emulator", "admin"])
async def test_introspection_tells_the_times_that_the_token_itself_carries(service, client):
    token = await service.token(client)
    service.age_s = TEN_MINUTES_S
    told = (await service.form("/connect/introspect", token=token)).json
    carried = claims_of(token)
    assert told["exp"] == pytest.approx(carried["exp"], abs=1)
    assert told["iat"] == pytest.approx(carried["iat"], abs=1)


VENDOR = {
    "company": "A",
    "contactName": "A",
    "contactEmailAddress": "a@example.com",
    "namespacePrefixes": "uri://ed-fi.org",
}


class Administrator:
    """Sends JSON as an administrator."""

    def __init__(self, service):
        self.service = service

    async def log_in(self):
        self.service.authorization = f"Bearer {await self.service.token('admin')}"
        return self

    async def send(self, method, path, body=None):
        return await self.service.send(method, path, json.dumps(body).encode() if body is not None else b"")

    async def application(self):
        """Return what a new application answers, of a new vendor with a new data store."""
        store = await self.send("POST", "/v3/dataStores", {"dataStoreType": "Test", "name": "A"})
        await self.send("POST", "/v3/vendors", VENDOR)
        body = {
            "applicationName": "A",
            "vendorId": 1,
            "claimSetName": "EdFiSandbox",
            "educationOrganizationIds": [],
            "dataStoreIds": [store.json["id"]],
        }
        return (await self.send("POST", "/v3/applications", body)).json


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v3/claimSets/1", 200),
        ("GET", "/v3/claimSets/99", 404),
        ("PUT", "/v3/claimSets/1", 405),
        ("DELETE", "/v3/claimSets/1", 405),
        ("POST", "/v3/claimSets", 405),
        ("PUT", "/v3/claimSets/1/reset-credential", 404),
    ],
)
async def test_claim_sets_are_shown_and_stay_as_they_are(service, method, path, status):
    admin = await Administrator(service).log_in()
    reply = await admin.send(method, path, {})
    assert reply.status == status
    if status == 200:
        assert reply.json == {"id": 1, "name": "EdFiSandbox", "isSystemReserved": True}
    if status == 405:
        assert reply.headers["allow"] == "GET"


async def test_an_application_without_clients_has_no_credential_to_reset(service):
    admin = await Administrator(service).log_in()
    await admin.application()
    assert (await admin.send("DELETE", "/v3/apiClients/1")).status == 204
    reply = await admin.send("PUT", "/v3/applications/1/reset-credential")
    assert (reply.status, reply.json["type"]) == (404, "urn:ed-fi:api:not-found")


async def test_a_changed_api_client_keeps_its_credentials(service):
    admin = await Administrator(service).log_in()
    made = await admin.application()
    body = {"id": 1, "applicationId": 1, "name": "renamed", "isApproved": False, "dataStoreIds": [1]}
    assert (await admin.send("PUT", "/v3/apiClients/1", body)).status == 204
    shown = (await admin.send("GET", "/v3/apiClients/1")).json
    assert shown == {**body, "key": made["key"]}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 400),
        ({"isApproved": "yes"}, 400),
        ({"dataStoreIds": []}, 400),
        ({"dataStoreIds": [9]}, 409),
        ({"applicationId": 9}, 409),
    ],
)
async def test_a_change_of_an_api_client_is_checked_as_a_new_one(service, change, status):
    admin = await Administrator(service).log_in()
    await admin.application()
    body = {"applicationId": 1, "name": "A", "dataStoreIds": [1], **change}
    assert (await admin.send("PUT", "/v3/apiClients/1", body)).status == status
    assert (await admin.send("POST", "/v3/apiClients", body)).status == status


async def test_a_changed_application_may_keep_its_name_but_not_take_that_of_another_of_its_vendor(service):
    admin = await Administrator(service).log_in()
    await admin.application()
    shown = (await admin.send("GET", "/v3/applications/1")).json
    assert (await admin.send("POST", "/v3/applications", {**shown, "applicationName": "B"})).status == 201
    assert (await admin.send("PUT", "/v3/applications/2", {**shown, "applicationName": "B"})).status == 204
    refused = await admin.send("PUT", "/v3/applications/2", shown)
    assert (refused.status, list(refused.json["validationErrors"])) == (400, ["ApplicationName"])


@pytest.mark.parametrize("number", ["x", "1" * 5000, "\N{ARABIC-INDIC DIGIT ONE}", "-1"])
async def test_what_is_no_number_is_no_record(service, number):
    admin = await Administrator(service).log_in()
    assert (await admin.send("GET", f"/v3/vendors/{number}")).status == 404


async def test_what_a_full_disk_does_not_keep_is_answered_with_500_and_its_reason(service):
    admin = await Administrator(service).log_in()
    await admin.application()
    service.store._group_is_lost = True  # as after a full disk
    reply = await admin.send("DELETE", "/v3/apiClients/1")
    assert reply.status == 500
    assert "could not keep what was written" in reply.json["detail"]
