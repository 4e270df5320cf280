"""A changed key where one document repeats it by two ways: a school's room, its lessons, and notes on both.

Where one of the ways leads elsewhere: a room's shelves, and books that are in a room on a shelf of that room.
"""

import itertools
import json

import pytest

from dms_load_test.edfi.schema import ApiModel, Leaf, Node, Reference, ResourceSchema
from dms_load_test.emulator.documents import Conditions, Documents
from dms_load_test.emulator.ids import format_id, parse_id
from dms_load_test.emulator.problems import Refused
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
SHELF = Leaf("shelf", "string", required=True)
TO_SHELF = Reference(
    "shelfReference",
    "shelves",
    (SHELF, ROOM),
    {"shelf": "$.shelf", "room": "$.roomReference.room"},
    required=True,
    identity=True,
)
MODEL = ApiModel(
    {
        "halls": ResourceSchema(
            "halls", "Hall", Node(leaves=(NAME,)), ("$.name",), superclass="Place", allow_identity_updates=True
        ),
        "shelves": ResourceSchema(
            "shelves",
            "Shelf",
            Node(leaves=(SHELF,), references=(TO_ROOM,)),
            ("$.shelf", "$.roomReference.room"),
            allow_identity_updates=True,
        ),
        "books": ResourceSchema(
            "books",
            "Book",
            Node(leaves=(NAME,), references=(TO_ROOM, TO_SHELF)),
            ("$.name", "$.roomReference.room", "$.shelfReference.shelf", "$.shelfReference.room"),
            equal=(("$.roomReference.room", "$.shelfReference.room"),),
        ),
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


def book(shelf):
    return {"name": "Emma", "roomReference": {"room": "R1"}, "shelfReference": {"shelf": shelf, "room": "R1"}}


def put_shelf(documents, identifier, shelf, room):
    """Return what the emulator says against it."""
    moved = {"id": identifier, "shelf": shelf, "roomReference": {"room": room}}
    with pytest.raises(Refused) as refused:
        documents.update(documents.resources["shelves"], parse_id(identifier), moved, Conditions())
    return refused.value.problem


def bodies(documents):
    return [
        stored.body for resource in documents.resources.values() for stored in documents.store.all_of(resource.number)
    ]


@pytest.fixture
def shelves(documents):
    """Ids of the shelves A and B in room R1; room R2 has none."""
    for room in ("R1", "R2"):
        create(documents, "rooms", {"room": room})
    return [create(documents, "shelves", {"shelf": name, "roomReference": {"room": "R1"}}).id for name in "AB"]


def test_a_key_change_that_would_make_a_document_contradict_itself_is_refused_and_leaves_no_trace(documents, shelves):
    create(documents, "books", book("A"))
    before, version = bodies(documents), documents.store.newest_version

    problem = put_shelf(documents, shelves[0], "A", "R2")

    assert problem.status == 400
    assert set(problem.violations) == {"$.roomReference.room", "$.shelfReference.room"}
    assert (bodies(documents), documents.store.newest_version) == (before, version)
    assert documents.store.changes.key_changes(documents.resources["shelves"].number, (0, 99)) == []
    assert not create(documents, "books", book("A")).created


def test_a_key_change_that_would_give_a_document_the_key_of_another_is_refused_and_leaves_no_trace(documents, shelves):
    create(documents, "books", book("A"))
    create(documents, "books", book("B"))
    before = bodies(documents)

    problem = put_shelf(documents, shelves[0], "B", "R2")

    assert (problem.status, problem.type) == (409, "identity-conflict")
    assert bodies(documents) == before


@pytest.mark.parametrize(("resource", "member", "listed"), [("rooms", "room", 1), ("halls", "name", 0)])
def test_a_changed_key_is_listed_unless_the_resource_has_a_superclass(documents, resource, member, listed):
    made = create(documents, resource, {member: "A"})
    rules = documents.resources[resource]
    documents.update(rules, parse_id(made.id), {"id": made.id, member: "B"}, Conditions())
    assert len(documents.store.changes.key_changes(rules.number, (0, 99))) == listed
