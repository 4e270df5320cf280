from random import Random

import pytest

from dms_load_test.load.virtual_user import Reply
from dms_load_test.results.inventory import RunInventory
from dms_load_test.scenarios import contention

CHILD = "studentSchoolAttendanceEvents"


@pytest.fixture
def fighting(documents, workload, user):
    """Three students that all update, and a resource of children below the first one's parent."""
    documents.counts = {"students": 3, CHILD: 2}
    documents.updatable, documents.growable = frozenset({"students"}), frozenset({CHILD})
    documents.document = lambda resource, ordinal: {
        "key": f"{resource}-{ordinal}",
        "schoolReference": {"schoolId": ordinal},
        "text": "as made",
    }
    for ordinal in range(3):
        user.inventory.add("students", ordinal, f"students/{ordinal}")
        user.api.documents[f"students/{ordinal}"] = documents.document("students", ordinal)
    return workload


@pytest.fixture
def always(with_settings):
    return with_settings(audit_ratio=1.0)


async def fight(behaviour, user, iterations):
    for number in range(iterations):
        user.iteration = number
        await behaviour.iterate(user)


async def test_updates_under_an_etag_each_succeed_once_and_are_read_back_as_written(fighting, user):
    behaviour = contention.Contention(fighting, "contention")
    await fight(behaviour, user, 40)
    await behaviour.verify(user)

    assert user.counts["contended_writes", "update: done"] == 20
    assert user.counts["lost_updates", "students"] == 0
    assert user.counts["audits", "read back, as written"] == 3
    assert user.violations == []
    assert user.inventory.count("students") == 3


async def test_two_updates_that_succeed_on_the_same_etag_are_a_lost_update(fighting, with_settings, user):
    user.api._etag = lambda document_id: f"{document_id} for ever"
    await fight(contention.Contention(with_settings(contention_documents=1), "contention"), user, 20)

    assert user.counts["lost_updates", "students"] == 10 - 1


async def test_a_refused_condition_is_counted_and_tried_again_with_the_newest_etag(fighting, user):
    read, left = user.api.read, [2]

    async def overtaken(resource, document_id, **options):
        reply = await read(resource, document_id, **options)
        if left[0]:
            left[0] -= 1
            user.api.versions[document_id] += 1
        return reply

    user.api.read = overtaken
    await fight(contention.Contention(fighting, "contention"), user, 1)

    assert user.counts["contended_writes", "update: 412 precondition failed"] == 2
    assert user.counts["contended_writes", "update: tried again after 412"] == 2
    assert user.counts["contended_writes", "update: done"] == 1


async def test_documents_whose_updates_tell_no_etag_are_counted_as_not_compared(fighting, user):
    update = user.api.update

    async def silent(*which, **options):
        reply = await update(*which, **options)
        return Reply(reply.status, ok=reply.ok, headers={}, body=b"")

    user.api.update = silent
    behaviour = contention.Contention(fighting, "contention")
    await fight(behaviour, user, 40)
    await behaviour.verify(user)

    assert user.counts["audits", "not compared: no update was answered with its ETag"] == 3
    assert user.counts["audits", "read back, as written"] == 0


async def test_an_etag_that_comes_again_stands_for_the_newest_update(fighting, user):
    user.api._etag = lambda document_id: f"{document_id} for ever"
    behaviour = contention.Contention(fighting, "contention")
    await fight(behaviour, user, 40)
    await behaviour.verify(user)

    assert user.violations == []
    assert user.counts["audits", "read back, as written"] == 3


async def test_a_child_s_failure_names_no_ordinal_that_would_make_another_document(fighting, user):
    named, create = [], user.api.create

    async def noted(resource, body, ordinal=-1):
        named.append(ordinal)
        return await create(resource, body, ordinal)

    user.api.create = noted
    await fight(contention.Contention(fighting, "contention"), user, 4)

    assert named == [-1, -1]


async def test_an_update_that_was_acknowledged_and_not_kept_is_a_violation(fighting, user):
    behaviour = contention.Contention(fighting, "contention")
    await fight(behaviour, user, 40)
    for document in user.api.documents.values():
        document["text"] = "as somebody else wrote it"
    await behaviour.verify(user)

    assert {found.kind for found in user.violations} == {"changed"}
    assert {found.resource for found in user.violations} == {"students"}


async def test_a_child_that_was_acknowledged_and_is_gone_is_a_violation(fighting, always, user):
    behaviour = contention.Contention(always, "contention")
    await fight(behaviour, user, 4)
    user.api.documents = {known: body for known, body in user.api.documents.items() if not known.startswith(CHILD)}
    await behaviour.verify(user)

    assert [(found.kind, found.resource) for found in user.violations] == [("lost", CHILD)] * 2


async def test_children_hang_on_one_parent_and_no_later_run_works_on_them(fighting, user, tmp_path):
    path = tmp_path / "inventory.sqlite3"
    with RunInventory(path, phase="contention") as inventory:
        inventory.add(CHILD, 0, "made by a load")
        user.inventory = inventory
        await fight(contention.Contention(fighting, "contention"), user, 10)
    children = [body for known, body in user.api.documents.items() if known.startswith(CHILD)]
    assert [child["schoolReference"] for child in children] == [{"schoolId": 0}] * 5
    with RunInventory(path) as later:
        assert later.take(CHILD, Random(1)).document_id == "made by a load"
        assert later.take(CHILD, Random(1)) is None
        assert len(list(later.documents(CHILD))) == 6


async def test_children_that_would_be_the_same_document_below_one_parent_are_not_made(fighting, documents, user):
    documents.counts["studentSectionAssociations"] = 5
    documents.growable |= {"studentSectionAssociations"}
    del documents.counts[CHILD]
    await fight(contention.Contention(fighting, "contention"), user, 10)

    assert "create" not in user.api.calls
