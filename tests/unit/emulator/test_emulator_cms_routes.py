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
