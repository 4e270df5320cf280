from dataclasses import replace

import msgspec
import pytest

from dms_load_test.load.executor import ConstantVus
from dms_load_test.load.virtual_user import Reply
from dms_load_test.scenarios import changes

COMPARED = "the copy is compared with the target"


class TrackedApi:
    """A target with change queries; `garble` spoils the rows of an answer, `hide` its headers."""

    def __init__(self):
        self.documents, self.at, self.gone, self.now = {}, {}, [], 0
        self.garble = lambda _, rows: rows
        self.hide = self.is_down = False

    def write(self, document_id, text):
        self.now += 1
        self.documents[document_id] = {"id": document_id, "text": text, "_etag": f"{self.now}"}
        self.at[document_id] = self.now

    def remove(self, document_id):
        self.now += 1
        del self.documents[document_id]
        self.gone.append((document_id, self.now))

    async def get(self, url, operation="metadata", resource=""):
        return self._reply({"oldestChangeVersion": 0, "newestChangeVersion": self.now})

    async def query(self, resource, params, *, part="", operation="query"):
        window = range(params.get("minChangeVersion", 0), params.get("maxChangeVersion", self.now) + 1)
        rows = [body for known, body in self.documents.items() if self.at[known] in window]
        if part:
            rows = [{"id": known} for known, at in self.gone if part == "deletes" and at in window]
        rows = self.garble(part, [row for row in rows if row["id"].startswith(resource)])
        if self.is_down and not part:
            return Reply(503, ok=False, headers={}, body=b"")
        first = params.get("offset", 0)
        return self._reply(rows[first : first + params["limit"]], total=len(rows))

    def _reply(self, body, total=0):
        headers = {} if self.hide else {"total-count": str(total)}
        return Reply(200, ok=True, headers=headers, body=msgspec.json.encode(body))


@pytest.fixture
def client(user):
    user.api = TrackedApi()
    for number in range(4):
        user.api.write(f"notes/{number}", "as made")
    return user


@pytest.fixture
def behaviour(workload):
    return changes.Changes(replace(workload, change_queries_url="changeQueries/v1"), "changes")


def synced(user, kind):
    return user.counts["sync", kind]


def differences(user):
    return {kind: n for (name, kind), n in user.counts.items() if name == "sync_differences" and n}


async def use(behaviour, client):
    """Synchronise, change something of each kind, synchronise again and compare."""
    await behaviour.iterate(client)
    client.api.write("notes/4", "new")
    client.api.write("notes/0", "changed")
    client.api.remove("notes/1")
    await behaviour.iterate(client)
    await behaviour.verify(client)


async def test_a_copy_follows_creates_updates_and_deletes(behaviour, client):
    await use(behaviour, client)

    assert differences(client) == {}
    assert synced(client, "documents compared") == 4
    assert synced(client, "deletes taken over") == 1
    assert all(client.checks.values())


async def test_deletes_that_leave_out_an_id_leave_a_document_over(behaviour, client):
    client.api.garble = lambda part, rows: [] if part == "deletes" else rows
    await use(behaviour, client)

    assert differences(client) == {"left over": 1}


async def test_a_change_that_is_in_no_window_leaves_the_copy_out_of_date(behaviour, client):
    await behaviour.iterate(client)
    client.api.write("notes/0", "changed")
    client.api.at["notes/0"] = 1
    client.api.write("notes/5", "new")
    client.api.at["notes/5"] = 1
    await behaviour.verify(client)

    assert differences(client) == {"out of date": 1, "missing": 1}


async def test_a_count_that_is_not_told_is_not_taken_for_nothing(behaviour, client):
    client.api.hide = True
    await use(behaviour, client)

    assert client.checks["a page tells the count that was asked for"] is False
    assert client.checks[COMPARED] is False
    assert synced(client, "documents compared") == 0


async def test_a_copy_whose_last_round_was_broken_off_is_not_compared(behaviour, client):
    await behaviour.iterate(client)
    client.api.write("notes/0", "changed")
    client.api.is_down = True
    await behaviour.verify(client)

    assert synced(client, "copies not compared") == 1
    assert synced(client, "rounds broken off") == 3
    assert differences(client) == {}
    assert client.checks[COMPARED] is False


async def test_each_client_of_a_shape_keeps_a_copy_of_its_own(behaviour, client):
    await behaviour.iterate(client)
    client.number = 1
    client.api.write("notes/4", "new")
    await behaviour.iterate(client)
    assert synced(client, "documents taken over") == 4 + 5

    client.number = 0
    client.api.garble = lambda part, rows: rows if part else [row for row in rows if row["id"] != "notes/4"]
    await behaviour.verify(client)
    assert synced(client, "documents compared") == 2 * 4
    assert differences(client) == {"left over": 1}


def test_one_client_is_planned_and_the_comparison_waits_for_those_beside(workload):
    phase = changes.plan(replace(workload, change_queries_url="changeQueries/v1"))

    assert phase.steps[0].executor == ConstantVus(vus=1, duration_s=30.0)
    assert [step.alone for step in phase.steps] == [False, True]
    assert "sync_differences: count==0" in phase.thresholds
