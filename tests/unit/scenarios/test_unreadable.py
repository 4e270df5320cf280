"""A target that answers 200 with something else than documents: a failed check, and never a scenario that raised."""

from dataclasses import replace

import pytest

from dms_load_test.load.virtual_user import Reply
from dms_load_test.scenarios import changes, contention, filtered, load, paging, readwrite, smoke
from dms_load_test.scenarios.api import document_of, rows_of, total_of

SCENARIOS = {
    "smoke": smoke,
    "load": load,
    "readwrite": readwrite,
    "paging": paging,
    "filtered": filtered,
    "changes": changes,
    "contention": contention,
}


def answer(body, *, ok=True):
    return Reply(200 if ok else 500, ok=ok, headers={}, body=body)


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[1]", b"{}"])
def test_what_is_no_list_of_documents_has_no_rows(body):
    assert rows_of(answer(body)) is None


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[]", b"7"])
def test_what_is_no_object_is_no_document(body):
    assert document_of(answer(body)) is None


def test_rows_and_documents_come_as_they_are_and_not_from_a_failure():
    assert rows_of(answer(b'[{"id": "a"}]')) == [{"id": "a"}]
    assert rows_of(answer(b"[]")) == []
    assert document_of(answer(b'{"id": "a"}')) == {"id": "a"}
    assert rows_of(answer(b"[]", ok=False)) is None
    assert document_of(answer(b"{}", ok=False)) is None


@pytest.mark.parametrize(("told", "total"), [("12", 12), ("", None), ("²", None)])
async def test_a_count_is_a_number_or_not_told(user, told, total):
    async def count(*_, **__):
        return Reply(200, ok=True, headers={"total-count": told}, body=b"[]")

    user.api.query = count
    assert await total_of(user.api, "students") == total


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[1]"])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_an_answer_that_cannot_be_read_fails_a_check_and_does_not_raise(with_settings, user, scenario, body):
    workload = replace(
        with_settings(audit_ratio=1.0, readwrite_reads=(1, 1, 1, 1)), change_queries_url="changeQueries/v1"
    )
    for resource, count in workload.counts.items():
        for ordinal in range(count):
            user.inventory.add(resource, ordinal, f"{resource}/{ordinal}")
            user.api.documents[f"{resource}/{ordinal}"] = {"id": f"{resource}/{ordinal}"}

    async def unreadable(*_, **__):
        return answer(body)

    user.api.get = user.api.read = user.api.query = unreadable
    for step in SCENARIOS[scenario].plan(workload).steps:
        for number in range(getattr(step.executor, "iterations", 40)):
            user.iteration = number
            await step.iteration(user)

    assert False in user.checks.values()
    # That a deleted document is answered with 200 at all says enough.
    assert {found.kind for found in user.violations} <= {"resurrected"}
