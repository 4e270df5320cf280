"""The Configuration Service: from an administrator's registration to a client that may do what its claim set says."""

import base64
import json
from urllib.parse import urlencode, urlsplit

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator

SECRET = "LoadTest123!LoadTest123!LoadTest123!"
VENDOR = {
    "company": "Load Test Company",
    "contactName": "Load Test",
    "contactEmailAddress": "loadtest@example.com",
    "namespacePrefixes": "uri://ed-fi.org,uri://gbisd.edu",
}
YEAR = {"schoolYear": 2031, "currentSchoolYear": True, "schoolYearDescription": "2030-2031"}


class Administrator:
    """Calls the Configuration Service as an admin client."""

    def __init__(self, client, base="/config"):
        self.client = client
        self.base = base
        client.base_path = ""
        client.headers = {}

    def form(self, path, **members):
        return self.client.send(
            "POST", self.base + path, urlencode(members).encode(), Content_Type="application/x-www-form-urlencoded"
        )

    def log_in(self, key="DmsConfigurationService", secret="ValidClientSecret1234567890!Abcd", scope="full_access"):
        reply = self.form(
            "/connect/token",
            client_id=key,
            client_secret=secret,
            grant_type="client_credentials",
            scope=f"edfi_admin_api/{scope}",
        )
        self.client.headers = {"Authorization": f"Bearer {reply.json['access_token']}"}
        return self

    def send(self, method, path, body=None):
        return self.client.send(method, self.base + path, body)

    def application(self, vendor, **members):
        body = {
            "applicationName": "DMS Load Test",
            "vendorId": vendor,
            "claimSetName": "EdFiSandbox",
            "educationOrganizationIds": [],
            "dataStoreIds": [1],
            **members,
        }
        return self.send("POST", "/v3/applications", body)


@pytest.fixture(scope="module")
def served():
    with start_emulator(EmulatorOptions(port=0, cms_port=0)) as running:
        yield running


@pytest.fixture
def admin(served, make_client):
    return Administrator(make_client(served)).log_in()


@pytest.fixture
def vendor(admin):
    reply = admin.send("POST", "/v3/vendors", VENDOR)
    assert reply.status in (200, 201)
    assert reply.body == b""
    return int(reply.headers["location"].rpartition("/")[2])


def data_client(served, make_client, application):
    client = make_client(served)
    token = client.token(application["key"], application["secret"])
    assert token.status == 200, token.body
    client.headers = {"Authorization": f"Bearer {token.json['access_token']}", "Content-Type": "application/json"}
    return client


def test_an_administrator_registers_once_with_a_strong_secret(served, make_client):
    admin = Administrator(make_client(served))
    reply = admin.form("/connect/register", ClientId="me", ClientSecret=SECRET, DisplayName="Me")
    assert reply.json == {"title": "Registered client me successfully.", "status": 200}
    again = admin.form("/connect/register", ClientId="me", ClientSecret=SECRET, DisplayName="Me")
    assert (again.status, again.json["type"]) == (400, "urn:ed-fi:api:bad-request:data")
    weak = admin.form("/connect/register", ClientId="you", ClientSecret="LoadTest123!", DisplayName="You")
    assert list(weak.json["validationErrors"]) == ["ClientSecret"]
    assert admin.log_in("me", SECRET).send("GET", "/v3/vendors").status == 200


def test_a_token_is_also_given_under_keycloaks_path(served, make_client):
    client = make_client(served)
    client.base_path = ""
    basic = "Basic " + base64.b64encode(b"DmsConfigurationService:ValidClientSecret1234567890!Abcd").decode()
    reply = client.send(
        "POST",
        "/realms/edfi/protocol/openid-connect/token",
        b"grant_type=client_credentials&scope=edfi_admin_api/full_access",
        Authorization=basic,
    )
    assert reply.json["expires_in"] == 1800


@pytest.mark.parametrize(
    ("members", "status", "kind"),
    [
        ({"client_id": "x", "client_secret": "y", "grant_type": "client_credentials"}, 401, "security:authentication"),
        ({"client_id": "x", "client_secret": "y", "grant_type": "password"}, 400, "bad-request"),
        ({"grant_type": "client_credentials"}, 400, "bad-request:data"),
    ],
)
def test_a_wrong_login_says_what_is_wrong(served, make_client, members, status, kind):
    reply = Administrator(make_client(served)).form("/connect/token", **members)
    assert (reply.status, reply.json["type"]) == (status, f"urn:ed-fi:api:{kind}")


def test_nothing_without_a_token_and_nothing_written_with_a_reading_one(served, make_client):
    admin = Administrator(make_client(served))
    assert (admin.send("GET", "/v3/vendors").status, admin.send("GET", "/v3/vendors").body) == (401, b"")
    admin.log_in(scope="readonly_access")
    assert admin.send("GET", "/v3/vendors").status == 200
    assert admin.send("POST", "/v3/vendors", VENDOR).status == 403


def test_a_vendor_is_known_by_its_company(admin, vendor):
    again = admin.send("POST", "/v3/vendors", {**VENDOR, "contactName": "Other"})
    assert (again.status, again.headers["location"].rpartition("/")[2]) == (200, str(vendor))
    assert admin.send("GET", f"/v3/vendors/{vendor}").json == {"id": vendor, **VENDOR, "contactName": "Other"}
    assert admin.send("POST", "/v3/vendors", {"company": ""}).json["validationErrors"].keys() == {
        "Company",
        "ContactName",
        "ContactEmailAddress",
        "NamespacePrefixes",
    }


def test_a_new_client_works_until_its_secret_is_reset(served, admin, vendor, make_client):
    created = admin.application(vendor, applicationName="works")
    assert created.status == 201
    application = created.json
    assert data_client(served, make_client, application).post("schoolYearTypes", YEAR).status in (200, 201)
    client_id = admin.send("GET", "/v3/apiClients").json[-1]["id"]
    fresh = admin.send("PUT", f"/v3/apiClients/{client_id}/reset-credential").json
    assert fresh["key"] == application["key"]
    assert make_client(served).token(application["key"], application["secret"]).status == 401
    assert data_client(served, make_client, fresh).get("students").status == 200
    shown = admin.send("GET", f"/v3/applications/{application['id']}").json
    assert shown["claimSetName"] == "EdFiSandbox"
    assert application["secret"] not in json.dumps(admin.send("GET", "/v3/apiClients").json)


def test_a_client_may_do_what_its_claim_set_says(served, admin, vendor, make_client):
    application = admin.application(vendor, applicationName="reads", claimSetName="EdFiAPIPublisherReader").json
    client = data_client(served, make_client, application)
    assert client.get("students").status == 200
    refused = client.post("schoolYearTypes", YEAR)
    assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")
    token = client.headers["Authorization"].partition(" ")[2]
    info = client.send("POST", "/oauth/token_info", {"token": token}).json
    assert info["claim_set"] == {"name": "EdFiAPIPublisherReader"}
    assert info["namespace_prefixes"] == ["uri://ed-fi.org", "uri://gbisd.edu"]
    assert admin.form("/connect/introspect", token=token).json["scope"] == "EdFiAPIPublisherReader"
    assert admin.form("/connect/revoke", token=token).status == 200
    assert client.get("students").status == 401


def test_an_application_needs_what_it_refers_to_and_a_name_of_its_own(admin, vendor):
    assert admin.application(vendor, applicationName="twice").status == 201
    again = admin.application(vendor, applicationName="twice")
    assert (again.status, list(again.json["validationErrors"])) == (400, ["ApplicationName"])
    unknown = admin.application(999, applicationName="nobody's")
    assert (unknown.status, unknown.json["type"]) == (409, "urn:ed-fi:api:conflict:unresolved-reference")
    assert admin.application(vendor, applicationName="nowhere", dataStoreIds=[99]).status == 409
    assert admin.application(vendor, applicationName="blank", claimSetName="a b").status == 400
    assert admin.application(vendor, applicationName="none", dataStoreIds=[]).status == 400


def test_what_is_removed_is_gone_and_what_is_used_stays(served, admin, vendor, make_client):
    application = admin.application(vendor, applicationName="short-lived").json
    assert admin.send("DELETE", f"/v3/vendors/{vendor}").json["type"].endswith("conflict:dependent-item-exists")
    assert admin.send("DELETE", "/v3/dataStores/1").status == 409
    assert admin.send("DELETE", f"/v3/applications/{application['id']}").status == 204
    gone = admin.send("GET", f"/v3/applications/{application['id']}")
    assert (gone.status, gone.json["type"]) == (404, "urn:ed-fi:api:not-found")
    assert make_client(served).token(application["key"], application["secret"]).status == 401


def test_the_older_names_work(served, admin, make_client):
    vendor = admin.send("POST", "/v2/vendors", {**VENDOR, "company": "Old"}).json["id"]
    store = admin.send("POST", "/v2/dmsInstances", {"instanceType": "Test", "instanceName": "Second"})
    assert store.status == 201
    body = {"applicationName": "Old", "vendorId": vendor, "claimSetName": "EdFiSandbox", "educationOrganizationIds": []}
    created = admin.send("POST", "/v2/applications", body)
    assert data_client(served, make_client, created.json).get("students").status == 200
    shown = admin.send("GET", f"/v2/applications/{created.json['id']}").json
    assert shown["dmsInstanceIds"] == [1, store.json["id"]]
    assert admin.send("GET", "/v3/dmsInstances").status == 404


def test_a_client_made_for_an_application_may_be_unapproved(served, admin, vendor, make_client):
    application = admin.application(vendor, applicationName="two clients").json
    body = {"applicationId": application["id"], "name": "second", "isApproved": False, "dataStoreIds": [1]}
    second = admin.send("POST", "/v3/apiClients", body).json
    assert make_client(served).token(second["key"], second["secret"]).status == 401
    reset = admin.send("PUT", f"/v3/applications/{application['id']}/reset-credential").json
    assert data_client(served, make_client, reset).get("students").status == 200


def test_it_is_served_without_its_base_too_and_tells_its_endpoints(served, make_client):
    admin = Administrator(make_client(served), base="").log_in()
    assert admin.send("GET", "/v3/dataStores").json[0]["id"] == 1
    assert {item["name"] for item in admin.send("GET", "/v3/claimSets").json} >= {"EdFiSandbox"}
    told = admin.send("GET", "/.well-known/openid-configuration").json
    assert urlsplit(told["token_endpoint"]).path == "/connect/token"
    assert admin.client.send("GET", "/config/health").status == 200
    assert admin.send("GET", "/v9/vendors").status == 404


def test_clients_survive_with_the_documents(tmp_path, make_client):
    options = EmulatorOptions(port=0, data=tmp_path / "documents.db")
    with start_emulator(options) as emulator:
        admin = Administrator(make_client(emulator)).log_in()
        admin.send("POST", "/v3/vendors", VENDOR)
        application = admin.application(1).json
    with start_emulator(options) as emulator:
        assert make_client(emulator).token(application["key"], application["secret"]).status == 200
    assert application["secret"].encode() not in (tmp_path / "documents.db").read_bytes()
