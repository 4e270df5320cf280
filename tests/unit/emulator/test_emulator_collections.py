"""Partitions of a collection: each is a cursor run of its own, and together they give every document once."""

import itertools
import json
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.edfi.schema import ApiModel, Leaf, Node, ResourceSchema
from dms_load_test.emulator.claims import UNLIMITED
from dms_load_test.emulator.collections import Collections
from dms_load_test.emulator.documents import Conditions, Documents
from dms_load_test.emulator.ids import parse_id
from dms_load_test.emulator.paging import parse_parameters
from dms_load_test.emulator.store import Store

PAGE_LIMIT = 2
FEWEST = 10
"""Rows of a partition, but for the last: five full pages."""
NUMBER, COLOUR = Leaf("number", "integer", required=True), Leaf("colour", "string")
MODEL = ApiModel(
    {
        "beads": ResourceSchema(
            "beads", "Bead", Node(leaves=(NUMBER, COLOUR)), ("$.number",), query={"colour": "$.colour"}
        ),
        "other": ResourceSchema("other", "Other", Node(leaves=(NUMBER,)), ("$.number",)),
    }
)


class Chain:
    """A collection of beads, every third of which is red; others are made in between, so that numbers have gaps."""

    def __init__(self, store):
        ids = itertools.count(1)
        self.documents = Documents(MODEL, store, lambda: next(ids).to_bytes(16, "big"), lambda: 0)
        self.beads = self.documents.resources["beads"]
        self.collections = Collections(self.documents, PAGE_LIMIT)
        self.red, self.all = [], []

    def add(self, count):
        for number in range(len(self.all), len(self.all) + count):
            other = self.documents.resources["other"]
            self.documents.upsert(other, {"number": number}, Conditions())
            colour = "blue" if number % 3 else "red"
            body = {"number": number, "colour": colour}
            made = self.documents.upsert(self.beads, body, Conditions()).id
            self.all.append(made)
            if colour == "red":
                self.red.append(made)

    def remove(self, identifier):
        self.documents.delete(self.beads, parse_id(identifier), Conditions())
        for kept in (self.red, self.all):
            if identifier in kept:
                kept.remove(identifier)

    def tokens(self, query):
        return self.collections.partitions(self.beads, parse_parameters(query.encode()), UNLIMITED)

    def run(self, token, query):
        """Return the ids of all pages from this token on."""
        found = []
        while token:
            parameters = parse_parameters(f"pageToken={token}&pageSize={PAGE_LIMIT}{query}".encode())
            listing = self.collections.query(self.beads, parameters, UNLIMITED)
            found += [bead["id"] for bead in json.loads(listing.body)]
            token = listing.next_token
        return found


@contextmanager
def new_chain():
    store = Store(None, MODEL.resources)
    try:
        yield Chain(store)
    finally:
        store.close()


@pytest.fixture
def chain():
    with new_chain() as chain:
        yield chain


def test_three_partitions_give_every_document_once(chain):
    chain.add(40)
    for identifier in (chain.all[0], chain.all[12], chain.all[13], chain.all[30], chain.all[39]):
        chain.remove(identifier)
    assert len(chain.all) == 35
    tokens = chain.tokens("number=3")
    runs = [chain.run(token, "") for token in tokens]
    assert [len(run) for run in runs] == [12, 12, 11]
    assert list(itertools.chain(*runs)) == chain.all


def test_partitions_of_a_filter_give_every_document_that_meets_it_once(chain):
    chain.add(105)
    for identifier in (chain.red[0], chain.red[11], chain.all[50]):
        chain.remove(identifier)
    runs = [chain.run(token, "&colour=red") for token in chain.tokens("number=3&colour=red")]
    assert [len(run) for run in runs] == [11, 11, 11]
    assert list(itertools.chain(*runs)) == chain.red


def test_what_is_made_or_removed_after_the_collection_was_divided_is_in_one_partition_or_none(chain):
    chain.add(35)
    tokens = chain.tokens("number=3")
    chain.add(3)
    chain.remove(chain.all[12])  # where the second begins
    runs = [chain.run(token, "") for token in tokens]
    assert list(itertools.chain(*runs)) == chain.all


@given(count=st.integers(0, 60), removed=st.sets(st.integers(0, 59)), number=st.integers(1, 20))
def test_any_collection_is_divided_into_parts_that_are_not_too_small_and_miss_nothing(count, removed, number):
    with new_chain() as chain:
        chain.add(count)
        for identifier in [chain.all[place] for place in removed if place < count]:
            chain.remove(identifier)
        runs = [chain.run(token, "") for token in chain.tokens(f"number={number}")]
        assert list(itertools.chain(*runs)) == chain.all
        assert len(runs) <= number
        assert all(len(run) >= FEWEST for run in runs[:-1])
