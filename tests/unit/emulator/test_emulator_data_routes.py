"""The data routes without a server: when they answer, and what becomes of our own bugs."""

import asyncio
import itertools
import json

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator import EmulatorOptions
from dms_load_test.emulator.claims import FULL, Access
from dms_load_test.emulator.commits import GroupCommit
from dms_load_test.emulator.data_routes import DataRoutes
from dms_load_test.emulator.documents import Documents
from dms_load_test.emulator.store import Store
from dms_load_test.emulator.tokens import Tokens

YEAR = {"schoolYear": 2025, "currentSchoolYear": True, "schoolYearDescription": "2024-2025"}


class Edge:
    """An emulator's data routes over a store in memory; keeps what was sent, and whether all was committed by then."""

    def __init__(self):
        model = load_standard().model
        ids = itertools.count(1)
        self.store = Store(None, model.resources)
        self.documents = Documents(model, self.store, lambda: next(ids).to_bytes(16, "big"), lambda: 0)
        tokens = Tokens(60, lambda: 0.0)
        commits = GroupCommit(self.store.commit)
        options = EmulatorOptions(body_limit_bytes=100)
        self.routes = DataRoutes(self.documents, commits, tokens, options, lambda: "trace")
        self.authorization = b"Bearer " + tokens.give(Access("key", FULL)).encode()

    async def request(self, method, path, *chunks):
        headers = [(b"authorization", self.authorization)]
        scope = {"method": method, "headers": headers, "query_string": b""}
        messages = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks, start=1)
        ]
        sent = []

        async def receive():
            return messages.pop(0)

        async def send(message):
            assert not self.store.has_uncommitted
            sent.append(message)

        await self.routes.serve(scope, path, "http://host/api", receive, send)
        return sent[0]["status"], sent[1]["body"]


@pytest.fixture
def edge():
    edge = Edge()
    yield edge
    edge.store.close()


async def test_no_answer_is_sent_before_the_commit(edge):
    bodies = [json.dumps({**YEAR, "schoolYear": 2000 + number}).encode() for number in range(5)]
    posts = [edge.request("POST", "/ed-fi/schoolYearTypes", body) for body in bodies]
    replies = await asyncio.gather(*posts, edge.request("GET", "/ed-fi/schoolYearTypes"))
    assert [status for status, _ in replies] == [201] * 5 + [200]


async def test_a_failed_commit_is_answered_with_500_and_its_reason_and_nothing_is_kept(edge, caplog):
    edge.store._db.execute("BEGIN")
    edge.store._group_is_lost = True  # as after a full disk
    status, body = await edge.request("POST", "/ed-fi/schoolYearTypes", json.dumps(YEAR).encode())
    assert (status, json.loads(body)["title"]) == (500, "System Error")
    assert "could not keep what was written: the transaction was rolled back; make space" in json.loads(body)["detail"]
    assert "Traceback" not in caplog.text
    assert await edge.request("GET", "/ed-fi/schoolYearTypes") == (200, b"[]")


async def test_a_bug_is_answered_with_500_and_logged(edge, monkeypatch, caplog):
    monkeypatch.setattr(edge.documents, "read", lambda *_: 1 / 0)
    status, _ = await edge.request("GET", "/ed-fi/students/00000000-0000-4000-a000-000000000000")
    assert status == 500
    assert "ZeroDivisionError" in caplog.text


async def test_a_body_may_come_in_pieces(edge):
    body = json.dumps(YEAR).encode()
    assert (await edge.request("POST", "/ed-fi/schoolYearTypes", body[:10], body[10:]))[0] == 201


async def test_a_body_that_is_too_long_in_pieces_is_read_to_its_end(edge):
    assert await edge.request("POST", "/ed-fi/schoolYearTypes", b" " * 60, b" " * 60, b"x") == (413, b"")
