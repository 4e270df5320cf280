"""What scenarios use beyond the four verbs: parts of a resource, conditions, raw requests, batches, pacing."""

from __future__ import annotations

import asyncio

import pytest

from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import Client
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.errors import ScenarioError

TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"access_token":"tok.en"}'


def answer(status, body=b""):
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def target(server):
    """One target whose samples are kept in `seen`."""
    client, samples = Client(TransportOptions()), []
    root = f"http://127.0.0.1:{server.port}/api"
    auth = SharedAuthManager(client, f"{root}/oauth/token", "key", "secret", emit=lambda _: None)
    policy = PhasePolicy(phase="mine", emit=samples.append, on_failure=lambda _: None)
    made = ApiTarget(client, auth, root, f"{root}/data", policy)
    made.seen = samples
    yield made
    await auth.close()
    client.close()


@pytest.fixture
def user(target):
    world = PhaseWorld(documents=None, inventory=None, ordinals=Ordinals({}), on_check=print, seed=1)
    made = User(0, target.user(), world, target.user)
    yield made
    made.close()


def lines(server):
    return [request.split(b" HTTP/1.1")[0].decode() for request in server.requests[1:]]


async def test_a_part_of_a_resource_is_a_query_under_a_name_of_its_own(target, server):
    server.script = [TOKEN, answer(200, b"[]"), answer(200, b"{}")]
    api = target.user()
    await api.query("students", {"limit": 5}, part="deletes")
    await api.query("tpdm/candidates", {"number": 4}, part="partitions")

    assert lines(server) == [
        "GET /api/data/ed-fi/students/deletes?limit=5",
        "GET /api/data/tpdm/candidates/partitions?number=4",
    ]
    assert [(sample.operation, sample.resource) for sample in target.seen] == [
        ("query", "students/deletes"),
        ("query", "tpdm/candidates/partitions"),
    ]


async def test_an_update_may_have_a_condition_whose_failure_is_expected(target, server):
    server.script = [TOKEN, answer(412), answer(412)]
    api = target.user()
    expected = await api.update("students", "1", b"{}", if_match='"abc"', expect=(204, 412))
    refused = await api.update("students", "1", b"{}", if_match='"abc"')

    assert (expected.ok, refused.ok) == (True, False)
    assert all(b'\r\nIf-Match: "abc"\r\n' in request for request in server.requests[1:])


async def test_a_raw_request_goes_anywhere_on_the_target_with_the_token(target, server):
    server.script = [TOKEN, answer(202, b"{}")]
    reply = await target.user().request(
        "PATCH", "bulk/jobs?x=1", b"[1]", headers={"Content-Type": "text/json"}, expect=(202,), resource="bulk"
    )

    assert reply.ok
    request = server.requests[-1]
    assert request.startswith(b"PATCH /api/bulk/jobs?x=1 HTTP/1.1\r\n")
    assert b"Content-Type: text/json\r\n" in request
    assert b"Authorization: Bearer tok.en\r\n" in request
    assert request.endswith(b"\r\n\r\n[1]")
    assert [(sample.operation, sample.resource, sample.ok) for sample in target.seen] == [("request", "bulk", True)]


async def test_a_raw_request_s_headers_replace_the_usual_ones(target, server):
    server.script = [TOKEN, answer(200)]
    headers = {"content-type": "text/json", "ACCEPT": "text/csv", "X-Mine": "1"}
    await target.user().request("POST", "bulk/jobs", b"[1]", headers=headers)

    head = server.requests[-1].partition(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0].lower() for line in head.split("\r\n")[1:]]
    assert sorted(names) == sorted(set(names))
    assert {"content-type: text/json", "ACCEPT: text/csv", "X-Mine: 1"} <= set(head.split("\r\n"))
    assert "Host: " in head


@pytest.mark.parametrize(("method", "told"), [("POST", 1), ("PUT", 1), ("PATCH", 1), ("GET", 0), ("DELETE", 0)])
async def test_a_raw_request_without_a_body_tells_so_where_one_is_usual(target, server, method, told):
    server.script = [TOKEN, answer(200)]
    assert (await target.user().request(method, "bulk/jobs", expect=(200,))).ok
    assert server.requests[-1].count(b"\r\nContent-Length: 0\r\n") == told


async def test_a_raw_request_that_the_engine_cannot_send_is_the_scenarios_mistake(target):
    api = target.user()
    with pytest.raises(ScenarioError, match=r"HEAD bulk/jobs: .* use GET"):
        await api.request("HEAD", "bulk/jobs")
    for name in ("Authorization", "content-length"):
        with pytest.raises(ScenarioError, match=f"header {name.lower()} is set with each request"):
            await api.request("POST", "bulk/jobs", b"[1]", headers={name: "1"})


async def test_an_audit_is_an_operation_of_its_own(target, server):
    server.script = [TOKEN, answer(404)]
    assert (await target.user().read("students", "1", expect=404, operation="audit")).ok
    assert target.seen[0].operation == "audit"


async def test_a_batch_is_sent_at_once_on_connections_that_are_kept(user, target, server):
    server.script = [TOKEN, answer(200, b"{}")]
    await user.api.read("students", "0")
    server.awake.clear()
    sending = asyncio.create_task(user.batch([lambda api, n=n: api.read("students", str(n)) for n in range(1, 5)]))
    async with asyncio.timeout(5):
        while len(server.requests) < 6:  # noqa: ASYNC110 - what the server has read is what is waited for
            await asyncio.sleep(0)
    server.awake.set()
    replies = await sending

    assert [reply.document_id for reply in replies] == ["1", "2", "3", "4"]
    opened = server.connections
    await user.batch([lambda api: api.read("students", "9")] * 4)
    assert server.connections == opened


async def test_all_of_a_batch_was_due_when_the_arrival_was(user, target, server):
    server.script = [TOKEN, answer(200, b"{}")]
    await user.api.read("students", "0")
    user.begin(0, due_ns=5)
    await user.batch([lambda api: api.read("students", "1")] * 2)
    await user.api.read("students", "2")

    due = [sample.due_ns for sample in target.seen[1:]]
    assert due[:2] == [5, 5]
    assert due[2] == target.seen[-1].started_ns


async def test_what_one_of_a_batch_raises_is_raised(user, server):
    server.script = [TOKEN, answer(200, b"{}")]

    async def wrong(_api):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await user.batch([lambda api: api.read("students", "1"), wrong])
