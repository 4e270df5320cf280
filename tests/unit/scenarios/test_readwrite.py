from collections import Counter

import pytest

from dms_load_test.scenarios import readwrite
from dms_load_test.scenarios.api import ConstantArrivalRate


@pytest.fixture
def stocked(user, documents):
    """A user whose inventory holds all planned documents, in the API too."""
    for resource, count in documents.counts.items():
        for ordinal in range(count):
            document_id = f"{resource}/{ordinal}"
            user.api.documents[document_id] = {**documents.document(resource, ordinal), "id": document_id}
            user.inventory.add(resource, ordinal, document_id)
    return user


async def _iterate(workload, user, iterations):
    behaviour = readwrite.ReadWrite(workload, "readwrite")
    for number in range(iterations):
        user.iteration = number
        await behaviour.iterate(user)


async def test_a_hundred_iterations_are_50_reads_20_creates_20_updates_and_10_deletes(workload, stocked):
    await _iterate(workload, stocked, 100)

    calls = Counter(stocked.api.calls)
    assert calls["read"] + calls["query"] == 50
    assert (calls["create"], calls["update"], calls["delete"]) == (20, 20, 10)
    assert stocked.drops == []


async def test_only_what_nothing_refers_to_is_deleted(workload, stocked):
    await _iterate(workload, stocked, 100)

    kept = [document_id for document_id in stocked.api.documents if document_id.startswith("parents/")]
    assert len(kept) == 4


async def test_creates_keep_up_with_deletes_so_that_the_mix_lasts(with_settings, stocked, documents):
    documents.growable = frozenset({"parents", "children", "notes"})
    workload = with_settings(readwrite_weights=("parents=50", "notes=1", "children=1"))
    await _iterate(workload, stocked, 2000)

    calls = Counter(stocked.api.calls)
    assert (calls["create"], calls["delete"]) == (400, 200)
    assert stocked.drops == []


async def test_an_update_sends_the_id_and_a_changed_member_for_each_revision(workload, stocked):
    await _iterate(workload, stocked, 40)

    changed = [document for document in stocked.api.documents.values() if document["text"] != "as made"]
    assert changed
    assert all(stocked.api.documents[document["id"]] is document for document in changed)


async def test_creates_continue_the_ordinals_and_are_remembered(workload, stocked):
    await _iterate(workload, stocked, 30)

    created = [document for document in stocked.api.documents.values() if "-10" in document["key"]]
    assert len({document["key"] for document in created}) == len(created) > 0


async def test_where_no_document_is_left_the_iteration_is_dropped_and_nothing_else_is_sent(with_settings, user):
    behaviour = readwrite.ReadWrite(with_settings(readwrite_reads=(4, 1, 0, 0)), "readwrite")
    for number in range(10):
        user.iteration = number
        user.inventory.free.clear()
        await behaviour.iterate(user)

    assert set(user.api.calls) == {"create"}
    assert sorted(Counter(user.drops).values()) == [1, 2, 5]


async def test_a_document_whose_delete_was_refused_stays_in_the_inventory(workload, stocked):
    stocked.api.refuse, stocked.api.refusal = {"delete"}, 409
    before = sum(stocked.inventory.count(resource) for resource in workload.counts)
    await _iterate(workload, stocked, 20)

    created = stocked.api.calls.count("create")
    assert sum(stocked.inventory.count(resource) for resource in workload.counts) == before + created
    assert stocked.inventory.taken == []


async def test_a_query_that_finds_another_document_fails_its_check(workload, stocked):
    for document in stocked.api.documents.values():
        document["key"] = "swapped"
    await _iterate(workload, stocked, 60)

    assert stocked.checks["a query by natural key finds just its document"] is False


async def test_users_think_between_iterations_within_the_given_times(workload, stocked):
    await _iterate(workload, stocked, 20)

    assert len(stocked.thoughts) == 20
    assert all(0.5 <= seconds <= 2.0 for seconds in stocked.thoughts)


async def test_the_mix_is_settable_and_told_as_planned_and_achieved(with_settings, stocked):
    workload = with_settings(readwrite_mix=(0, 0, 3, 1))
    phase = readwrite.plan(workload)
    for number in range(16):
        stocked.iteration = number
        await phase.steps[0].iteration(stocked)

    assert Counter(stocked.api.calls) == {"update": 12, "delete": 4}
    table = readwrite.mix_table({"update": 0.75, "delete": 0.25}, {"update": 12, "delete": 4})
    assert table.rows == (("update", "75.0%", 12, "75.0%"), ("delete", "25.0%", 4, "25.0%"))


async def test_reads_are_split_as_set(with_settings, stocked):
    workload = with_settings(readwrite_mix=(1, 0, 0, 0), readwrite_reads=(2, 1, 1, 1))
    await _iterate(workload, stocked, 50)

    kinds = {kind: count for (name, kind), count in stocked.counts.items() if name == "mix"}
    assert kinds == {"read by id": 20, "read by natural key": 10, "read by a member": 10, "read a page": 10}


async def test_a_batch_does_several_operations_of_the_mix_in_an_iteration(with_settings, stocked):
    await _iterate(with_settings(readwrite_batch=5), stocked, 20)

    calls = Counter(stocked.api.calls)
    assert calls["read"] + calls["query"] == 50
    assert (calls["create"], calls["update"], calls["delete"]) == (20, 20, 10)


async def test_a_resource_of_weight_zero_is_left_alone(with_settings, stocked):
    workload = with_settings(readwrite_weights=("children=0", "parents=0"), readwrite_mix=(1, 1, 0, 1))
    await _iterate(workload, stocked, 4)

    assert {entry.resource for entry in stocked.inventory.taken} <= {"notes"}
    assert stocked.inventory.count("children") == 9


async def test_with_a_rate_iterations_begin_at_it_and_nobody_thinks(with_settings, stocked):
    workload = with_settings(rate_readwrite_phase=90.0, readwrite_batch=3, vus_readwrite_phase=7)
    step = readwrite.plan(workload).steps[0]
    await step.iteration(stocked)

    assert step.executor == ConstantArrivalRate(rate_per_s=30.0, duration_s=30.0, pre_allocated_vus=7, max_vus=7)
    assert not any(stocked.thoughts)
