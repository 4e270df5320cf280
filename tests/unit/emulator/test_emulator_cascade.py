"""A changed key where one document repeats it by two ways: a school's room, its lessons, and notes on both."""

import itertools
import json

import pytest

from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema
from dms_load_test.emulator.documents import Conditions, Documents
from dms_load_test.emulator.ids import format_id
from dms_load_test.emulator.store import Store

NAME = Leaf("name", "string", required=True)
ROOM = Leaf("room", "string", required=True)
TO_ROOM = Reference("roomReference", "rooms", (ROOM,), {"room": "$.room"}, required=True, identity=True)
TO_LESSON = Reference(
    "lessonReference",
    "lessons",
    (NAME, ROOM),
    {"name": "$.name", "room": "$.roomReference.room"},
    required=True,
    identity=True,
)
MODEL = ApiModel(
    {
        "rooms": ResourceSchema("rooms", "Room", Node(leaves=(ROOM,)), ("$.room",), allow_identity_updates=True),
        "lessons": ResourceSchema(
            "lessons", "Lesson", Node(leaves=(NAME,), references=(TO_ROOM,)), ("$.name", "$.roomReference.room")
        ),
        "notes": ResourceSchema(
            "notes",
            "Note",
            Node(references=(TO_ROOM, TO_LESSON)),
            ("$.lessonReference.name", "$.lessonReference.room"),
            equal=(("$.roomReference.room", "$.lessonReference.room"),),
        ),
    }
)


@pytest.fixture
def documents():
    ids = itertools.count(1)
    store = Store(None, MODEL.resources)
    yield Documents(MODEL, store, lambda: next(ids).to_bytes(16, "big"), lambda: 0)
    store.close()


def create(documents, resource, body):
    return documents.upsert(documents.resources[resource], body, Conditions())


def test_a_document_that_repeats_a_key_by_two_ways_gets_both(documents):
    create(documents, "rooms", {"room": "R1"})
    create(documents, "lessons", {"name": "Sums", "roomReference": {"room": "R1"}})
    note = {"roomReference": {"room": "R1"}, "lessonReference": {"name": "Sums", "room": "R1"}}
    create(documents, "notes", note)

    moved = {"id": format_id((1).to_bytes(16, "big")), "room": "R2"}
    documents.update(documents.resources["rooms"], (1).to_bytes(16, "big"), moved, Conditions())

    stored = json.loads(documents.read(documents.resources["notes"], (3).to_bytes(16, "big")).body)
    assert stored["roomReference"]["room"] == "R2"
    assert stored["lessonReference"]["room"] == "R2"
    again = {"roomReference": {"room": "R2"}, "lessonReference": {"name": "Sums", "room": "R2"}}
    assert not create(documents, "notes", again).created


def test_a_document_of_another_room_stays_as_it_is(documents):
    create(documents, "rooms", {"room": "R1"})
    create(documents, "rooms", {"room": "other"})
    untouched = create(documents, "lessons", {"name": "Sums", "roomReference": {"room": "other"}})
    moved = {"id": format_id((1).to_bytes(16, "big")), "room": "R2"}
    documents.update(documents.resources["rooms"], (1).to_bytes(16, "big"), moved, Conditions())
    again = create(documents, "lessons", {"name": "Sums", "roomReference": {"room": "other"}})
    assert (again.id, again.etag, again.created) == (untouched.id, untouched.etag, False)
