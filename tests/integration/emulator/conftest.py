"""A client for the emulator's tests: plain `http.client`, one connection, no rules of its own."""

import base64
import contextlib
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from dms_load_test.emulator import start_emulator


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Sends requests below the emulator's base URL; `authorize` makes all later ones carry a token."""

    def __init__(self, emulator):
        self.emulator = emulator
        parts = urlsplit(emulator.base_url)
        self.base_path = parts.path
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        self.headers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, method, path, body=None, **headers):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**self.headers, **given}.items() if value is not None}
        self.connection.request(method, self.base_path + path, body=data, headers=sent)
        answer = self.connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def token(self, key=None, secret=None, body=b"grant_type=client_credentials", **headers):
        pair = f"{key or self.emulator.key}:{secret or self.emulator.secret}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        return self.send("POST", "/oauth/token", body, **{"Authorization": basic, **headers})

    def authorize(self):
        self.headers = {
            "Authorization": "Bearer " + self.token().json["access_token"],
            "Content-Type": "application/json",
        }
        return self

    def post(self, resource, body, **headers):
        return self.send("POST", f"/data/ed-fi/{resource}", body, **headers)

    def get(self, resource, **headers):
        return self.send("GET", f"/data/ed-fi/{resource}", **headers)

    def follow(self, reply):
        """GET what a reply's Location names."""
        path = urlsplit(reply.headers["location"]).path.removeprefix(self.base_path)
        return self.send("GET", path)


@pytest.fixture(scope="module")
def emulator():
    with start_emulator() as running:
        yield running


@pytest.fixture
def anonymous(emulator):
    with Client(emulator) as client:
        yield client


@pytest.fixture
def client(emulator):
    with Client(emulator) as client:
        yield client.authorize()


@pytest.fixture
def make_client():
    """Clients of emulators that a test starts itself; all are closed in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda emulator: stack.enter_context(Client(emulator))
