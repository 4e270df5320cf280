"""Tokens as JSON Web Tokens: what a client can read in them."""

import base64
import json

from dms_load_test.emulator.claims import FULL, Access
from dms_load_test.emulator.jwt import JwtWriter

CLIENT = Access("key", FULL, ("uri://ed-fi.org", "uri://gbisd.edu"), (255901, 255902), (1, 2))


def read(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def write(writer=None):
    return (writer or JwtWriter(1800, lambda: 1000)).write(CLIENT, "http://host/config")


def test_a_token_tells_its_client_and_what_it_is_for():
    head, claims, _ = write().split(".")
    assert read(head)["typ"] == "JWT"
    told = read(claims)
    assert len(told.pop("jti")) == 32
    assert told == {
        "sub": "key",
        "iat": 1000,
        "exp": 2800,
        "iss": "http://host/config",
        "aud": "account",
        "client_id": "key",
        "azp": "key",
        "typ": "Bearer",
        "scope": "EdFiSandbox",
        "namespacePrefixes": "uri://ed-fi.org,uri://gbisd.edu",
        "educationOrganizationIds": "255901,255902",
        "dataStoreIds": "1,2",
        "client_name": "key",
    }


def test_each_token_is_another_and_is_signed_by_its_process():
    writer = JwtWriter(1800, lambda: 1000)
    tokens = [write(writer), write(writer), write()]
    assert len({token.rpartition(".")[0] for token in tokens}) == 3
    assert len({token.rpartition(".")[2] for token in tokens}) == 3
