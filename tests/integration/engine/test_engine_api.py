"""The Ed-Fi verbs on a real socket: what is sent, what is ok, what is told, what is tried again."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import Client
from dms_load_test.load.plan import NO_RETRY, RetryPolicy

TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"access_token":"tok.en"}'
PROBLEM = msgspec.json.encode(
    {
        "detail": "x",
        "type": "urn:ed-fi:api:data-conflict:unresolved-reference",
        "correlationId": "0HN:1",
        "validationErrors": {"$.schoolReference": ["The referenced School item does not exist."]},
    }
)


def answer(status, headers="", body=b""):
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def created(document_id):
    return answer(201, f"Location: http://elsewhere/data/ed-fi/students/{document_id}\r\n")


class Harness:
    """One user's API against scripted answers; the first request is the token's. Pauses are noted, not made."""

    def __init__(self, server, retry=NO_RETRY, base="/api"):
        self.server = server
        self.samples, self.failures, self.pauses_s = [], [], []
        self.now_s = 1000.0
        self.client = Client(TransportOptions(), Clock(lambda: int(self.now_s * NS_PER_S), self.pause))
        root = f"http://127.0.0.1:{server.port}{base}"
        self.auth = SharedAuthManager(self.client, f"{root}/oauth/token", "key", "hidden-secret", emit=lambda _: None)
        policy = PhasePolicy(phase="load", emit=self.samples.append, on_failure=self.failures.append, retry=retry)
        self.target = ApiTarget(self.client, self.auth, root, f"{root}/data", policy)
        self.api = self.target.user()

    async def pause(self, seconds):
        self.pauses_s.append(seconds)
        self.now_s += seconds

    def script(self, *answers):
        self.server.script = [TOKEN, *answers]

    def seen(self):
        """Return the start lines of all requests but the token's."""
        return [request.split(b" HTTP/1.1")[0].decode() for request in self.server.requests[1:]]

    async def close(self):
        await self.auth.close()
        self.client.close()


@pytest.fixture
async def harness(server):
    made = []

    def make(**options):
        made.append(Harness(server, **options))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_verbs_send_what_ed_fi_expects(harness, server):
    h = harness()
    h.script(
        created("0f-1"),
        answer(200, body=b"{}"),
        answer(200, body=b"[]"),
        answer(204),
        answer(204),
        answer(200, body=b'{"version":"8"}'),
    )
    assert (await h.api.create("students", b'{"a":1}', 7)).document_id == "0f-1"
    await h.api.read("tpdm/candidates", "0f-1")
    await h.api.query(
        "gradeLevelDescriptors", {"codeValue": "Tenth grade", "namespace": "uri://ed-fi.org/X", "limit": 5}
    )
    await h.api.update("students", "a/b c", b'{"id":"a/b c"}')
    await h.api.delete("students", "0f-1")
    assert (await h.api.get("")).json() == {"version": "8"}
    assert h.seen() == [
        "POST /api/data/ed-fi/students",
        "GET /api/data/tpdm/candidates/0f-1",
        "GET /api/data/ed-fi/gradeLevelDescriptors?codeValue=Tenth%20grade&namespace=uri%3A%2F%2Fed-fi.org%2FX&limit=5",
        "PUT /api/data/ed-fi/students/a%2Fb%20c",
        "DELETE /api/data/ed-fi/students/0f-1",
        "GET /api/",
    ]
    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    assert set(head.split(b"\r\n")[1:]) == {
        b"Host: 127.0.0.1:%d" % server.port,
        b"User-Agent: dms-load-test",
        b"Accept: application/json",
        b"Accept-Encoding: gzip, deflate",
        b"Content-Type: application/json",
        b"Authorization: Bearer tok.en",
        b"Content-Length: 7",
    }
    assert server.connections == 2, "the token's and the user's"
    assert [(s.operation, s.resource, s.ok, s.final, s.attempt) for s in h.samples] == [
        ("create", "students", True, True, 1),
        ("read", "tpdm/candidates", True, True, 1),
        ("query", "gradeLevelDescriptors", True, True, 1),
        ("update", "students", True, True, 1),
        ("delete", "students", True, True, 1),
        ("metadata", "", True, True, 1),
    ]
    assert h.failures == []


@pytest.mark.parametrize(
    ("operation", "good", "bad"),
    [
        ("create", {200, 201}, {202, 204, 301, 400, 409, 500}),
        ("read", {200}, {204, 304, 404}),
        ("query", {200}, {404}),
        ("update", {200, 204}, {201, 404, 412}),
        ("delete", {204}, {200, 404}),
    ],
)
async def test_ok_is_what_the_operation_promises(harness, operation, good, bad):
    h = harness()
    calls = {
        "create": lambda: h.api.create("students", b"{}"),
        "read": lambda: h.api.read("students", "1"),
        "query": lambda: h.api.query("students", {}),
        "update": lambda: h.api.update("students", "1", b"{}"),
        "delete": lambda: h.api.delete("students", "1"),
    }
    statuses = sorted(good | bad)
    h.script(
        *(
            answer(status) if status not in {204, 304} else f"HTTP/1.1 {status} X\r\n\r\n".encode()
            for status in statuses
        )
    )
    assert {status for status in statuses if (await calls[operation]()).ok} == good
    assert {failure.status for failure in h.failures} == bad


async def test_a_document_that_must_be_gone_is_ok_when_it_is(harness):
    h = harness()
    h.script(answer(404), answer(200))
    assert (await h.api.read("students", "1", expect=404)).ok
    assert not (await h.api.read("students", "1", expect=404)).ok
    assert [sample.ok for sample in h.samples] == [True, False]


async def test_a_failure_tells_why_without_the_token(harness):
    h = harness()
    h.script(answer(409, body=PROBLEM), answer(400, body=b'{"detail": "bad Bearer tok.en given"}'))
    assert not (await h.api.create("students", b"{}", 41)).ok
    await h.api.query("students", {"studentUniqueId": "604822"})
    first, second = h.failures
    assert (first.phase, first.operation, first.resource, first.status) == ("load", "create", "students", 409)
    assert first.reason == "unresolved-reference: $.schoolReference The referenced School item does not exist."
    assert (first.request, first.correlation_id, first.ordinal) == ("POST /api/data/ed-fi/students", "0HN:1", 41)
    assert second.request == "GET /api/data/ed-fi/students"
    assert "tok.en" not in repr(h.failures)


async def test_a_failure_tells_no_part_of_a_token_with_digits_in_it(harness):
    h = harness()
    h.script(answer(400, body=b"no user has abcDEF123456ghiJKL789"))
    h.server.script[0] = answer(200, body=b'{"access_token":"abcDEF123456ghiJKL789"}')
    await h.api.create("students", b"{}")
    assert [failure.reason for failure in h.failures] == ["no user has ***"]


async def test_a_phase_that_retries_shows_every_attempt_and_counts_one_operation(harness):
    h = harness(retry=RetryPolicy(attempts=4))
    h.script(answer(503, "Retry-After: 2\r\n"), [h.server.RESET], answer(502), created("1"))
    assert (await h.api.create("students", b"{}")).ok
    assert [(s.status, s.error, s.ok, s.final, s.attempt) for s in h.samples] == [
        (503, "", False, False, 1),
        (0, "reset", False, False, 2),
        (502, "", False, False, 3),
        (201, "", True, True, 4),
    ]
    assert len(h.pauses_s) == 3
    assert 2 <= h.pauses_s[0] <= 3
    assert h.failures == []


async def test_attempts_end_with_one_final_failure(harness):
    h = harness(retry=RetryPolicy(attempts=3))
    h.script(answer(503))
    assert not (await h.api.create("students", b"{}")).ok
    assert [sample.final for sample in h.samples] == [False, False, True]
    assert [failure.status for failure in h.failures] == [503]


async def test_a_phase_that_does_not_retry_fails_at_once(harness):
    h = harness()
    h.script(answer(503))
    await h.api.create("students", b"{}")
    assert [(sample.final, sample.attempt) for sample in h.samples] == [(True, 1)]


async def test_a_refused_token_is_renewed_and_the_request_repeated_once(harness, server):
    h = harness()
    server.script = [TOKEN, answer(401), TOKEN.replace(b"tok.en", b"newone"), created("1")]
    assert (await h.api.create("students", b"{}")).ok
    assert b"Bearer newone" in server.requests[3]
    assert [(s.status, s.final) for s in h.samples] == [(401, False), (201, True)]


async def test_a_token_that_is_refused_again_is_a_failure(harness, server):
    h = harness(retry=RetryPolicy(attempts=5))
    server.script = [TOKEN, answer(401), TOKEN.replace(b"tok.en", b"newone"), answer(401)]
    assert not (await h.api.create("students", b"{}")).ok
    assert [(s.status, s.final) for s in h.samples] == [(401, False), (401, True)]


async def test_a_rate_limit_holds_back_all_users_together(harness):
    h = harness()
    h.script(answer(429, "Retry-After: 8\r\n"), answer(204))
    await h.api.delete("students", "1")
    assert h.pauses_s == []
    assert (await h.target.user().delete("students", "2")).ok
    assert len(h.pauses_s) == 1
    assert 8 <= h.pauses_s[0] <= 9


async def test_without_a_token_nothing_is_sent_and_the_operation_fails(harness, server):
    h = harness()
    server.script = [answer(401)]
    reply = await h.api.create("students", b"{}", 3)
    assert (reply.ok, reply.status, reply.error, reply.body, reply.headers) == (False, 0, "token", b"", {})
    (sample,), (failure,) = h.samples, h.failures
    assert (sample.error, sample.final, sample.sent_bytes) == ("token", True, 0)
    assert failure.reason.startswith("token: no token:")


async def test_an_operation_that_is_cancelled_ends_with_a_final_sample(harness, server):
    h = harness()
    h.script([5.0])
    task = asyncio.create_task(h.api.create("students", b"{}"))
    async with asyncio.timeout(5):
        while len(server.requests) < 2:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (sample,) = h.samples
    assert (sample.error, sample.final, sample.ok, sample.sent_bytes > 0) == ("cancelled", True, False, True)
    assert h.failures == []


async def test_a_failure_tells_no_query(harness, server):
    h = harness()
    h.script(answer(500))
    await h.api.request("GET", "mine?key=hidden")
    await h.api.get("mine?key=hidden")
    await h.api.query("students", {"key": "hidden"})
    assert [failure.request for failure in h.failures] == ["GET /api/mine"] * 2 + ["GET /api/data/ed-fi/students"]


@pytest.mark.parametrize(
    ("came", "sample", "failures"),
    [(created("0f-1"), (201, "", True), []), (answer(500), (500, "", False), ["500"])],
)
async def test_an_operation_that_is_cancelled_when_its_answer_is_there_ends_with_the_answer(
    harness, server, came, sample, failures
):
    h = harness()
    h.script(came)
    task = asyncio.create_task(h.api.create("students", b"{}"))
    while not (h.api._channel.connection and h.api._channel.connection.response.complete):  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(s.status, s.error, s.ok, s.final) for s in h.samples] == [(*sample, True)]
    assert [str(failure.status) for failure in h.failures] == failures


async def test_an_operation_that_is_cancelled_before_it_is_sent_counts_once(harness, server):
    h = harness()
    server.script = [[5.0]]
    task = asyncio.create_task(h.api.create("students", b"{}"))
    async with asyncio.timeout(5):
        while not server.requests:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(s.error, s.final, s.sent_bytes) for s in h.samples] == [("cancelled", True, 0)]


async def test_a_due_time_is_charged_to_the_first_operation_only(harness):
    h = harness()
    h.script(answer(204))
    h.api.due_ns = 998 * NS_PER_S
    await h.api.delete("students", "1")
    await h.api.delete("students", "2")
    assert [sample.started_ns - sample.due_ns for sample in h.samples] == [2 * NS_PER_S, 0]


async def test_a_damaged_body_is_a_value_error_for_who_asks_and_a_reason_where_it_failed(harness):
    h = harness()
    broken = answer(200, "Content-Encoding: gzip\r\n", b"zzz")
    h.script(broken, broken.replace(b"200", b"400"))
    with pytest.raises(ValueError, match="damaged"):
        (await h.api.read("students", "1")).json()
    await h.api.read("students", "1")
    assert "damaged compressed body" in h.failures[0].reason
