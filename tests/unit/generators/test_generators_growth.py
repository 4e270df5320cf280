"""How many documents there are of a resource with a required collection of references."""

import re
from dataclasses import replace

import pytest

from dms_load_test.edfi.schema import ApiModel, Collection, Leaf, Node, Reference, ResourceSchema
from dms_load_test.errors import ConfigError
from dms_load_test.generators import DataOptions, DistrictSizes, build_documents

NUMBER = Leaf("number", "integer", required=True)
ROOMS = ResourceSchema("rooms", "Room", Node(leaves=(NUMBER,)), ("$.number",))


def floor_plans(*, equal=(), min_items=0):
    """A resource with a number of its own, and with a collection that cannot be empty of references to rooms."""
    room = Reference("roomReference", "rooms", (NUMBER,), {"number": "$.number"}, required=True)
    drawn = Collection("drawnRooms", Node(references=(room,)), True, min_items, ("roomReference.number",))
    return ResourceSchema("plans", "Plan", Node(leaves=(NUMBER,), collections=(drawn,)), ("$.number",), equal)


def build(schema, **counts):
    model = ApiModel({"rooms": ROOMS, "plans": schema}, {}, {})
    options = DataOptions(frozenset(model.resources), counts=counts)
    return build_documents(model, DistrictSizes(2, 5, 3, 2, 2), 1, {}, options)


ONE_NUMBER = floor_plans(equal=(("$.number", "$.drawnRooms[*].roomReference.number"),))
OWN_NUMBER = floor_plans()


def test_a_resource_that_needs_a_planned_document_of_the_same_number_does_not_grow_beyond_these():
    documents = build(ONE_NUMBER)

    assert documents.counts == {"rooms": 10, "plans": 10}
    assert documents.growable == {"rooms"}
    assert [documents.document("plans", n)["drawnRooms"][0]["roomReference"] for n in range(10)] == [
        documents.document("rooms", n) for n in range(10)
    ]


def test_a_resource_that_may_refer_to_any_planned_document_grows():
    documents = build(OWN_NUMBER)

    assert documents.growable == {"rooms", "plans"}
    assert documents.document("plans", 1_000_000)["drawnRooms"]


@pytest.mark.parametrize("rooms", [1, 2, 10, 37, 640])
def test_a_count_beyond_what_fits_is_refused_with_the_number_that_does(rooms):
    with pytest.raises(ConfigError, match=re.escape(f"--count plans=1000: only {rooms} fit together")):
        build(ONE_NUMBER, rooms=rooms, plans=1000)


@pytest.mark.parametrize("rooms", [2, 3, 5, 10])
def test_two_different_items_are_found_for_every_document_where_there_are_two_documents_to_refer_to(rooms):
    documents = build(floor_plans(min_items=2), rooms=rooms)
    drawn = [documents.document("plans", n)["drawnRooms"] for n in range(3000)]

    assert {len({item["roomReference"]["number"] for item in items}) for items in drawn} == {2}


def test_a_code_of_few_texts_gives_as_many_documents_however_many_there_are_to_refer_to():
    code = Leaf("code", "string", required=True, pattern="^[AB]$")
    room = Reference("roomReference", "rooms", (NUMBER,), {"number": "$.number"}, required=True, identity=True)
    body = replace(ONE_NUMBER.body, leaves=(code,), references=(room,))
    equal = (("$.roomReference.number", "$.drawnRooms[*].roomReference.number"),)
    documents = build(ResourceSchema("plans", "Plan", body, ("$.code", "$.roomReference.number"), equal))

    assert [documents.document("plans", n)["code"] for n in range(documents.counts["plans"])] == ["A", "B"]
