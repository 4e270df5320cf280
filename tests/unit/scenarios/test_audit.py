"""The integrity audit notices what a target does to acknowledged writes, and nothing else."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from dms_load_test.load.virtual_user import Reply
from dms_load_test.scenarios import load, readwrite
from dms_load_test.scenarios.audit import AFTER_WRITES, Audit
from dms_load_test.scenarios.comparison import differences

ITERATIONS = 80


@pytest.fixture
def audited(with_settings):
    return with_settings(audit_ratio=1.0)


async def _run(phase, user, iterations=ITERATIONS):
    for step in phase.steps:
        for number in range(getattr(step.executor, "iterations", iterations)):
            user.iteration = number
            await step.iteration(user)


@pytest.fixture
async def loaded(audited, user):
    await _run(load.plan(audited), user)
    return user


def kinds(user):
    return {violation.kind for violation in user.violations}


async def test_a_sound_target_has_no_violation(audited, loaded):
    await _run(readwrite.plan(audited), loaded)

    assert loaded.violations == []
    assert loaded.counts["audits", "read back, as written"] > ITERATIONS / 4
    assert loaded.counts["audits", "counted, as written"] == 6
    assert loaded.inventory.taken == []


async def test_a_lost_create_is_found_by_its_id_and_by_the_count(audited, user):
    create = user.api.create

    async def losing(resource, body, ordinal=-1):
        reply = await create(resource, body, ordinal)
        if (resource, ordinal) == ("children", 4):
            del user.api.documents[reply.document_id]
        return reply

    user.api.create = losing
    await _run(load.plan(audited), user)

    found = [(v.kind, v.resource, v.document_id, v.ordinal) for v in user.violations]
    assert found == [("lost", "children", "children/4", 4), ("lost", "children", "", -1)]


async def test_a_lost_update_is_found_as_changed_with_the_member(audited, loaded):
    loaded.api.refuse = set()

    async def forgetting(resource, document_id, body, ordinal=-1, **_):
        return Reply(204, ok=True, headers={}, body=b"")

    loaded.api.update = forgetting
    await _run(readwrite.plan(audited), loaded)

    assert kinds(loaded) == {"changed"}
    assert "$.text: sent" in loaded.violations[0].detail


async def test_a_delete_that_did_not_take_is_found_as_resurrected(audited, loaded):
    async def forgetting(resource, document_id):
        return Reply(204, ok=True, headers={}, body=b"")

    loaded.api.delete = forgetting
    await _run(readwrite.plan(audited), loaded)

    assert kinds(loaded) == {"resurrected", "duplicated"}


async def test_a_document_made_twice_is_found_as_duplicated(audited, user):
    create = user.api.create

    async def doubling(resource, body, ordinal=-1):
        reply = await create(resource, body, ordinal)
        user.api.documents[f"{resource}/{ordinal}/again"] = user.api.documents[reply.document_id]
        return reply

    user.api.create = doubling
    await _run(load.plan(audited), user)

    assert kinds(user) == {"duplicated"}


async def test_writes_without_an_answer_are_in_doubt_and_no_violation(audited, loaded):
    kept = dict(loaded.api.documents)
    failed = Reply(0, ok=False, headers={}, body=b"", error="timeout")
    create, delete = loaded.api.create, loaded.api.delete

    async def unheard_create(resource, body, ordinal=-1):
        await create(resource, body, ordinal)
        return failed

    async def unheard_delete(resource, document_id):
        await delete(resource, document_id)
        return failed

    loaded.api.create, loaded.api.delete = unheard_create, unheard_delete
    await _run(readwrite.plan(audited), loaded)

    assert set(loaded.api.documents) != set(kept)
    assert loaded.violations == []


async def test_writes_whose_user_is_stopped_before_their_answer_are_in_doubt_and_no_violation(audited, user):
    create, delete = user.api.create, user.api.delete
    stops = {"create": False, "delete": False}

    async def cut_off_create(resource, body, ordinal=-1):
        reply = await create(resource, body, ordinal)
        if stops["create"]:
            raise asyncio.CancelledError
        return reply

    async def cut_off_delete(resource, document_id):
        reply = await delete(resource, document_id)
        if stops["delete"]:
            raise asyncio.CancelledError
        return reply

    user.api.create, user.api.delete = cut_off_create, cut_off_delete
    for phase in (load.plan(audited), readwrite.plan(audited)):
        stops["create"] = stops["delete"] = False
        for step in phase.steps:
            for number in range(getattr(step.executor, "iterations", ITERATIONS)):
                user.iteration = number
                stops["create"], stops["delete"] = number % 3 == 1, number % 2 == 1
                with suppress(asyncio.CancelledError):
                    await step.iteration(user)

    assert user.violations == []
    assert user.counts["audits", "counted, not as written"] == 0


async def test_a_document_is_read_back_after_other_writes_and_in_nobody_s_hands_till_then(audited, user):
    audit = Audit(audited, "load", audited.counts)
    for ordinal in range(AFTER_WRITES):
        reply = await user.api.create("notes", user.generate.payload("notes", ordinal), ordinal)
        audit.created(user, "notes", ordinal, reply)
        await audit.look_back(user)
        assert user.inventory.take("notes", user.random) is None
    assert "audit" not in user.api.calls

    reply = await user.api.create("notes", user.generate.payload("notes", 99), 99)
    audit.created(user, "notes", 99, reply)
    await audit.look_back(user)
    assert "audit" in user.api.calls
    assert user.inventory.count("notes") == 1


async def test_an_audit_that_is_refused_tells_nothing(audited, user):
    user.api.refuse = {"audit"}
    await _run(load.plan(audited), user)

    assert user.violations == []
    assert user.counts["audits", "not answered"] == 15
    assert user.counts["audits", "not counted"] == 3


async def test_beside_others_that_write_documents_are_read_back_and_not_counted(audited, user):
    """Two phases side by side each know their own creates only: either would miss, or find, those of the other."""
    beside = replace(audited, beside_writers=True)
    first, second = load.plan(beside), readwrite.plan(beside)
    await _run(replace(second, steps=second.steps[:1]), user)
    await _run(first, user)
    await _run(replace(second, steps=second.steps[1:]), user)

    assert user.violations == []
    assert user.counts["audits", "not counted"] == 6
    assert user.counts["audits", "read back, as written"] > ITERATIONS / 4


def test_without_an_audit_nothing_is_counted_before_and_after(with_settings):
    assert [step.name for step in readwrite.plan(with_settings(audit_ratio=0.0)).steps] == ["readwrite"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"a": 1}, {"a": 1, "id": "x", "_etag": "y", "_lastModifiedDate": "z", "derived": 2}),
        ({"a": {"schoolId": 1}}, {"a": {"schoolId": 1, "link": {"rel": "School"}}}),
        ({"a": 1.5, "b": []}, {"a": 1.50}),
        ({"a": "uri://ed-fi.org/SexDescriptor#Male"}, {"a": "uri://ed-fi.org/SexDescriptor#male"}),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 2}, {"b": 1}]}),
        ({"a": "2025-01-02T03:04:05Z"}, {"a": "2025-01-02T03:04:05"}),
    ],
)
def test_what_a_server_may_do_to_a_document_is_no_difference(sent, read):
    assert differences(sent, read) == []


@pytest.mark.parametrize(
    ("sent", "read", "told"),
    [
        ({"a": 1}, {"a": 2}, "$.a: sent 1, read 2"),
        ({"a": 1}, {}, "$.a: sent 1, read nothing"),
        ({"a": "Male"}, {"a": "male"}, '$.a: sent "Male", read "male"'),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, '$.a.b: sent "x", read "y"'),
        ({"a": [1, 2]}, {"a": [1]}, "$.a: sent 2 items, read 1"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 3}]}, '$.a[0]: sent {"b":1}, read no such item'),
    ],
)
def test_a_difference_is_told_with_its_member(sent, read, told):
    assert differences(sent, read) == [told]
