"""Descriptor values: found in any case, shown in the case in which they were made first."""

import itertools
import json

import pytest

from dms_load_test.edfi.schema import ApiModel, Leaf, Node, ResourceSchema
from dms_load_test.emulator.claims import UNLIMITED
from dms_load_test.emulator.collections import Collections
from dms_load_test.emulator.documents import Conditions, Documents
from dms_load_test.emulator.ids import parse_id
from dms_load_test.emulator.paging import parse_parameters
from dms_load_test.emulator.store import Store

TEXTS = tuple(Leaf(name, "string", required=True) for name in ("namespace", "codeValue", "shortDescription"))
KIND = Leaf("kindDescriptor", "string", required=True, descriptor="KindDescriptor")
MODEL = ApiModel(
    {
        "kindDescriptors": ResourceSchema(
            "kindDescriptors", "KindDescriptor", Node(leaves=TEXTS), (), is_descriptor=True
        ),
        "lessons": ResourceSchema(
            "lessons",
            "Lesson",
            Node(leaves=(Leaf("name", "string", required=True), KIND)),
            ("$.name",),
            query={"kindDescriptor": "$.kindDescriptor"},
        ),
    },
    descriptors={"KindDescriptor": "kindDescriptors"},
)
MATHS = {"namespace": "uri://a.org/KindDescriptor", "codeValue": "Maths", "shortDescription": "Maths"}
SHOUTED = {"namespace": "URI://A.ORG/KindDescriptor", "codeValue": "MATHS", "shortDescription": "Numbers"}


@pytest.fixture
def documents():
    ids = itertools.count(1)
    store = Store(None, MODEL.resources)
    documents = Documents(MODEL, store, lambda: next(ids).to_bytes(16, "big"), lambda: 0)
    yield documents
    store.close()


def create(documents, resource, body):
    return documents.upsert(documents.resources[resource], body, Conditions())


def lessons_of(documents, uri):
    parameters = parse_parameters(f"kindDescriptor={uri.replace('#', '%23')}".encode())
    listing = Collections(documents, 500).query(documents.resources["lessons"], parameters, UNLIMITED)
    return [lesson["name"] for lesson in json.loads(listing.body)]


def post(documents, _identifier, body):
    create(documents, "kindDescriptors", body)


def put(documents, identifier, body):
    documents.update(
        documents.resources["kindDescriptors"], parse_id(identifier), {"id": identifier, **body}, Conditions()
    )


@pytest.mark.parametrize("write", [post, put])
def test_a_descriptor_keeps_its_spelling_and_its_documents_when_it_is_written_in_another_case(documents, write):
    made = create(documents, "kindDescriptors", MATHS)
    create(documents, "lessons", {"name": "Sums", "kindDescriptor": "uri://a.org/KindDescriptor#Maths"})

    write(documents, made.id, SHOUTED)

    create(documents, "lessons", {"name": "Sets", "kindDescriptor": "URI://A.ORG/KindDescriptor#MATHS"})
    assert lessons_of(documents, "uri://a.org/KindDescriptor#Maths") == ["Sums", "Sets"]
    assert lessons_of(documents, "URI://A.ORG/KindDescriptor#MATHS") == ["Sums", "Sets"]
    stored = documents.read(documents.resources["kindDescriptors"], parse_id(made.id))
    assert json.loads(stored.body) == {"id": made.id, **MATHS, "shortDescription": "Numbers"}


def test_a_descriptor_that_differs_in_case_only_is_no_change(documents):
    made = create(documents, "kindDescriptors", MATHS)
    again = create(documents, "kindDescriptors", {**SHOUTED, "shortDescription": "Maths"})
    assert (again.id, again.etag, again.created) == (made.id, made.etag, False)
