from dataclasses import replace

import pytest

from dms_load_test.edfi.schema import ApiModel, Leaf, Node, ResourceSchema
from dms_load_test.load.virtual_user import Reply
from dms_load_test.scenarios import filtered

FINDS = "a query by members of a document finds it"
ONLY = "a query finds only what matches"


@pytest.fixture
def query(workload, user):
    """Query all resources; every one has a key and a text to select by."""
    leaves = (Leaf("key", "string"), Leaf("text", "string"))
    by = {"key": "$.key", "text": "$.text"}
    model = ApiModel({name: ResourceSchema(name, name, Node(leaves), ("$.key",), query=by) for name in workload.counts})
    for resource in workload.counts:
        for ordinal in range(3):
            document_id = f"{resource}/{ordinal}"
            user.inventory.add(resource, ordinal, document_id)
            user.api.documents[document_id] = {**workload.documents.document(resource, ordinal), "id": document_id}
    behaviour = filtered.Filtered(replace(workload, model=model), "filtered")

    async def query_all():
        for number in range(len(behaviour.resources)):
            user.iteration = number
            await behaviour.iterate(user)

    return query_all


async def test_single_members_and_combinations_find_their_document_on_a_sound_target(query, user):
    await query()

    assert user.checks[FINDS] is True
    assert user.checks[ONLY] is True
    assert user.api.calls.count("query") == 3 * 3
    assert user.inventory.taken == []


async def test_a_stranger_among_the_rows_fails_its_check(query, user):
    user.api.garble = lambda page: [*page, {"id": "stranger", "key": "other", "text": "other"}]
    await query()

    assert user.checks[ONLY] is False
    assert user.checks[FINDS] is True


@pytest.mark.parametrize("total", ["0", "²"])
async def test_a_document_that_is_not_found_fails_its_check(query, user, total):
    async def nothing(resource, params, *, part="", operation="query"):
        return Reply(200, ok=True, headers={"total-count": total}, body=b"[]")

    user.api.query = nothing
    await query()

    assert user.checks[FINDS] is False
    assert user.checks[ONLY] is True
