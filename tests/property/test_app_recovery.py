"""What a killed run made and its inventory lacks is found: whatever was lost of the end of each worker's journal."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.app import recovery
from dms_load_test.errors import TargetError
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.virtual_user import Reply
from dms_load_test.results.events import ItemRow, Manifest
from dms_load_test.results.inventory import RunInventory
from dms_load_test.scenarios.load import levels_of

STRETCH, MOST_EMPTY = 8, 1
"""Small, so that some hundred documents are what millions are to the real ones."""


class Graph:
    def levels(self, resources):
        return [tuple(name for name in level if name in resources) for level in (("a", "b"), ("c",), ("d",))]


class Documents:
    growable = frozenset({"c", "d"})

    def __init__(self, roots):
        self.roots = roots

    def natural_key(self, resource, ordinal):
        return {"key": ordinal}


@dataclass(frozen=True)
class Work:
    counts: dict[str, int]
    documents: Documents
    sent: dict[str, OrdinalSet] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)


class Target:
    """What a target has, as the API of it; it counts what it is asked."""

    def __init__(self, has, status=200):
        self.has = has
        self.status = status
        self.asked = 0

    def user(self):
        return self

    def close(self):
        pass

    async def query(self, resource, params):
        self.asked += 1
        if self.status != 200:
            return Reply(self.status, ok=False, headers={}, body=b"")
        known = (resource, params["key"]) in self.has
        found = [{"id": f"{resource}-{params['key']}"}] if known else []
        return Reply(200, ok=True, headers={}, body=json.dumps(found).encode())


def manifest(phases):
    return Manifest(
        run_id="killed",
        started_at="",
        tool_version="",
        target="",
        profile="",
        seed=1,
        items=phases,
        data_standard="",
        target_version="",
        sizes={},
        settings=(),
        machine={},
    )


@pytest.fixture(autouse=True, scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "_STRETCH", STRETCH)
        patch.setattr(recovery, "_STRETCH_A_USER", 2)
        patch.setattr(recovery, "_SHORT_STRETCH", 12)  # three refused ones, then what nine users had under way
        patch.setattr(recovery, "_MOST_EMPTY", MOST_EMPTY)
        yield


def recover(target, work, inventory, phases, users=1):
    return asyncio.run(recovery.recovered(target, work, inventory, manifest(phases), users))


def journal(data, document, length, workers, users):
    """What workers that share a row made of it until a kill: what the target has, and what the inventory knows.

    Each gets on at its own pace; the end of its journal is lost, and what it had under way may have been done.
    """
    has, known = [], []
    for index in range(workers):
        share = range(index, length, workers)
        pace = data.draw(st.integers(0, len(share)))
        sent = [document(number) for number in share[:pace]]
        refused = data.draw(st.sets(st.integers(0, len(share)), max_size=3))
        made = [item for place, item in enumerate(sent) if place not in refused]
        lost = data.draw(st.integers(0, min(len(made), 40)))
        held = -(-users // workers)
        under_way = data.draw(st.lists(st.sampled_from(share[pace : pace + held] or [0]), unique=True))
        has += made + [document(number) for number in under_way if number in share[pace:]]
        known += made[: len(made) - lost]
    return has, known


def new_inventory():
    return closing(RunInventory(Path(":memory:"), phase="load"))


def told(inventory, documents):
    for resource, ordinal in documents:
        inventory.add(resource, ordinal, f"{resource}-{ordinal}")


def sent_by(sent):
    return {(resource, ordinal) for resource, numbers in sent.items() for ordinal in numbers_of(numbers)}


def numbers_of(ordinals):
    return [ordinal for ordinal in range(ordinals.end) if ordinal in ordinals]


workers_and_users = st.integers(1, 5).flatmap(lambda count: st.tuples(st.just(count), st.integers(count, 9)))


@settings(max_examples=150)
@given(workers_and_users, st.integers(0, 2), st.booleans(), st.data())
def test_what_was_lost_of_a_load_is_found_and_nothing_else(crew, whole_levels, is_resumed, data):
    workers, users = crew
    counts = {"a": 150, "b": 90, "c": 200, "d": 60}
    work = Work(counts, Documents({"c": 40}))
    with new_inventory() as inventory:
        target = Target(set())
        if is_resumed:  # an earlier run with other workers, killed in the first level and recovered
            first = levels_of(work)[0]
            has, _ = journal(data, first.document, len(first), 2, users)
            told(inventory, has)
            target.has |= set(has)
        inventory.begin_run()
        before = OrdinalSets(inventory)
        levels = levels_of(Work(counts, work.documents, before.sent))
        for level in levels[:whole_levels]:
            done = [level.document(number) for number in range(len(level))]
            target.has |= set(done)
            told(inventory, done)
        inventory.share(workers)
        level = levels[whole_levels]
        has, known = journal(data, level.document, len(level), workers, users)
        target.has |= set(has)
        told(inventory, known)

        sent = recover(target, work, inventory, ("load",), users)

        assert sent_by(sent) == target.has
        assert {(entry.resource, entry.ordinal) for entry in inventory.documents()} == target.has
        assert inventory.is_complete


class OrdinalSets:
    def __init__(self, inventory):
        self.sent = {}
        for resource, ordinal in inventory.acknowledged():
            self.sent.setdefault(resource, OrdinalSet()).add(ordinal)


@settings(max_examples=100)
@given(workers_and_users, st.data())
def test_what_was_lost_of_new_documents_is_found_and_nothing_else(crew, data):
    workers, users = crew
    work = Work({"a": 2, "b": 2, "c": 5, "d": 3}, Documents({}))
    with new_inventory() as inventory:
        planned = [(resource, ordinal) for resource, count in work.counts.items() for ordinal in range(count)]
        told(inventory, planned)
        inventory.begin_run()
        inventory.share(workers)
        inventory.enter_phase("readwrite")
        target = Target(set(planned))
        for resource, first in (("c", 5), ("d", 3)):

            def document(number, resource=resource, first=first):
                return resource, first + number

            has, known = journal(data, document, 300, workers, users)
            target.has |= set(has)
            told(inventory, known)

        sent = recover(target, work, inventory, ("load", "readwrite"), users)

        assert sent_by(sent) == target.has
        found = [entry for entry in inventory.documents() if not entry.created]
        assert {entry.phase for entry in found} <= {"readwrite"}


def test_a_worker_far_behind_hides_nothing_of_what_the_others_lost():
    work = Work({"a": 4000, "b": 0, "c": 0, "d": 0}, Documents({}))
    with new_inventory() as inventory:
        inventory.begin_run()
        inventory.share(3)
        has = [("a", number) for pace, index in ((10, 0), (700, 1), (1300, 2)) for number in range(index, 3 * pace, 3)]
        lost = {("a", number) for number in range(2071, 2100, 3)}
        told(inventory, [document for document in has if document not in lost])
        target = Target(set(has))

        sent = recover(target, work, inventory, ("load",))

        assert lost < target.has
        assert sent_by(sent) == target.has
        assert target.asked < 200  # and the 3,900 that the slowest did not get to are not looked up


def test_a_load_that_was_not_killed_costs_a_stretch_or_two():
    work = Work({"a": 400, "b": 0, "c": 900, "d": 0}, Documents({}))
    with new_inventory() as inventory:
        inventory.begin_run()
        has = [("a", number) for number in range(400)] + [("c", number) for number in range(300)]
        told(inventory, has)
        target = Target(set(has))

        assert sent_by(recover(target, work, inventory, ("load",))) == target.has
        assert target.asked <= 2 * STRETCH


@pytest.mark.parametrize(("scenario", "found"), [("load", {("a", 0), ("a", 1)}), ("readwrite", {("a", 0)})])
def test_a_load_is_one_whatever_its_phase_is_called(scenario, found):
    work = Work({"a": 9, "b": 0, "c": 0, "d": 0}, Documents({}))
    with new_inventory() as inventory:
        told(inventory, [("a", 0)])
        named = msgspec.structs.replace(manifest(("mine",)), program=((ItemRow(scenario, "mine"),),))

        sent = asyncio.run(recovery.recovered(Target({("a", 0), ("a", 1)}), work, inventory, named, 1))

        assert sent_by(sent) == found


@pytest.mark.parametrize("status", [0, 401, 429, 503])
def test_a_target_that_does_not_answer_is_no_target_without_documents(status):
    work = Work({"a": 40, "b": 0, "c": 0, "d": 0}, Documents({}))
    with new_inventory() as inventory:
        inventory.begin_run()

        with pytest.raises(TargetError, match="cannot look up what the run made"):
            recover(Target(set(), status), work, inventory, ("load",))

        assert not inventory.is_complete


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"null", b'["a"]', b'[{"key": 1}]', b'[{"id": 7}]', b"[" * 9999]
)
def test_an_answer_that_is_no_list_of_documents_ends_the_recovery(body):
    class Page(Target):
        async def query(self, resource, params):
            return Reply(200, ok=True, headers={}, body=body)

    with new_inventory() as inventory:
        inventory.begin_run()

        with pytest.raises(TargetError, match="without a list of documents that have ids"):
            recover(Page(set()), Work({"a": 40, "b": 0, "c": 0, "d": 0}, Documents({})), inventory, ("load",))

        assert not inventory.is_complete


def test_a_resource_that_may_not_be_read_is_passed_over():
    work = Work({"a": 40, "b": 0, "c": 0, "d": 0}, Documents({}))
    with new_inventory() as inventory:
        inventory.begin_run()

        assert sent_by(recover(Target({("a", 0)}, 403), work, inventory, ("load",))) == set()
        assert inventory.is_complete
