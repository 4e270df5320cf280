"""Whole documents: pruning, the groups of violations and their order, what is noted for later."""

import pytest

from dms_load_test.edfi.schema import ApiModel, Collection, Inline, Leaf, Node, Reference, ResourceSchema
from dms_load_test.emulator.body import BodyRules, ordinal_text
from dms_load_test.emulator.problems import Refused

SCHOOL = ResourceSchema(
    "schools", "School", Node(leaves=(Leaf("schoolId", "integer", required=True),)), ("$.schoolId",)
)
SCHOOL_REFERENCE = Reference(
    "schoolReference",
    "schools",
    (Leaf("schoolId", "integer", required=True),),
    {"schoolId": "$.schoolId"},
    required=True,
)
OTHER_REFERENCE = Reference(
    "otherReference", "schools", (Leaf("schoolId", "integer", required=False),), {"schoolId": "$.schoolId"}
)
ROOM = ResourceSchema(
    "rooms",
    "Room",
    Node(leaves=(Leaf("room", "string", required=True),), references=(SCHOOL_REFERENCE,)),
    ("$.room", "$.schoolReference.schoolId"),
)
ROOM_REFERENCE = Reference(
    "roomReference",
    "rooms",
    (Leaf("room", "string"), Leaf("schoolId", "integer")),
    {"room": "$.room", "schoolId": "$.schoolReference.schoolId"},
)
ITEM = Node(
    leaves=(Leaf("kindDescriptor", "string", required=True, descriptor="KindDescriptor"), Leaf("note", "string")),
    collections=(Collection("parts", Node(leaves=(Leaf("number", "integer", required=True),)), key=("number",)),),
)
LESSON = ResourceSchema(
    "lessons",
    "Lesson",
    Node(
        leaves=(
            Leaf("name", "string", required=True, max_length=5, blanks="noEdge"),
            Leaf("price", "number", digits=(5, 2)),
        ),
        references=(SCHOOL_REFERENCE, OTHER_REFERENCE, ROOM_REFERENCE),
        objects=(Inline("period", Node(leaves=(Leaf("begin", "string", required=True, format="date"),))),),
        collections=(Collection("kinds", ITEM, required=True, min_items=1, key=("kindDescriptor",)),),
    ),
    ("$.name",),
    equal=(("$.schoolReference.schoolId", "$.otherReference.schoolId"),),
)
MODEL = ApiModel({"schools": SCHOOL, "rooms": ROOM, "lessons": LESSON})
RULES = BodyRules(MODEL, LESSON)


def lesson(**more):
    return {"name": "Sums", "schoolReference": {"schoolId": 1}, "kinds": [{"kindDescriptor": "u#A"}], **more}


def violations(document, expected_id=""):
    with pytest.raises(Refused) as refused:
        RULES.check(document, expected_id)
    return refused.value.problem.violations


def test_a_valid_document_stays_as_it_is():
    assert RULES.check(lesson())[0] == lesson()


@pytest.mark.parametrize(
    "surplus",
    [
        {"colour": "red"},
        {"price": None},
        {"Name": "wrong case"},
        {"_etag": "1"},
        {"otherReference": {}},
        {"otherReference": None},
        {"roomReference": {}},
        {"roomReference": {"floor": 2, "room": None}},
    ],
)
def test_what_the_schema_does_not_know_and_what_is_empty_vanishes(surplus):
    assert RULES.check(lesson(**surplus))[0] == lesson()


def test_surplus_vanishes_inside_items_and_references_too():
    document = lesson(
        schoolReference={"schoolId": "1", "link": {"rel": "School"}},
        kinds=[{"kindDescriptor": "u#A", "parts": [], "colour": "red", "note": None}],
    )
    assert RULES.check(document)[0] == lesson()


def test_the_posted_document_is_not_changed():
    document = lesson(price=None, schoolReference={"schoolId": "1"})
    RULES.check(document)
    assert document == lesson(price=None, schoolReference={"schoolId": "1"})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {},
            {
                "$.name": ["name is required."],
                "$.schoolReference": ["schoolReference is required."],
                "$.kinds": ["kinds is required."],
            },
        ),
        (lesson(name=None), {"$.name": ["name is required."]}),
        (lesson(kinds=[]), {"$.kinds": ["kinds is required."]}),
        (lesson(schoolReference={}), {"$.schoolReference.schoolId": ["schoolId is required."]}),
        (lesson(roomReference={"room": "R1"}), {"$.roomReference.schoolId": ["schoolId is required."]}),
        (lesson(roomReference={"schoolId": 1}), {"$.roomReference.room": ["room is required."]}),
        (
            lesson(roomReference={"schoolId": "x"}),
            {
                "$.roomReference.schoolId": ['schoolId Value is "string" but should be "integer"'],
                "$.roomReference.room": ["room is required."],
            },
        ),
        (
            lesson(schoolReference=1),
            {"$.schoolReference": ['schoolReference Value is "integer" but should be "object"']},
        ),
        (lesson(period={}), {"$.period.begin": ["begin is required."]}),
        (lesson(kinds={}), {"$.kinds": ['kinds Value is "object" but should be "array"']}),
        (lesson(kinds=[{}, {}]), {"$.kinds": ["kinds is required."]}),
        (
            lesson(kinds=[{"kindDescriptor": "u#A"}, {}]),
            {"$.kinds[1].kindDescriptor": ["kindDescriptor is required."]},
        ),
        (lesson(kinds=[{"more": 1}]), {"$.kinds[0].kindDescriptor": ["kindDescriptor is required."]}),
        (
            lesson(kinds=[{"kindDescriptor": "u#A", "parts": [{"number": "x"}]}]),
            {"$.kinds[0].parts[0].number": ['number Value is "string" but should be "integer"']},
        ),
        (lesson(name=" Sums"), {"$.name": ["name cannot contain leading or trailing spaces."]}),
        (
            lesson(name="Sums and more", price="x"),
            {
                "$.name": ["name Value should be at most 5 characters"],
                "$.price": ['price Value is "string" but should be "number"'],
            },
        ),
        (lesson(price=1000), {"$.price": ["price must be between -999.99 and 999.99."]}),
        (lesson(price=1000, name=""), {"$.name": ["name is required and should not be left empty."]}),
        (
            lesson(kinds=[{"kindDescriptor": "u#A"}, {"kindDescriptor": "u#B"}, {"kindDescriptor": "U#a"}]),
            {
                "$.kinds": [
                    "The 3rd item of the kinds has the same identifying values as another item earlier in the list."
                ]
            },
        ),
        (
            lesson(kinds=[{"kindDescriptor": "u#A", "parts": [{"number": 1}, {"number": "1"}]}]),
            {
                "$.kinds[0].parts": [
                    "The 2nd item of the parts has the same identifying values as another item earlier in the list."
                ]
            },
        ),
    ],
)
def test_every_violation_of_the_first_group_is_listed(document, expected):
    assert violations(document) == expected


@pytest.mark.parametrize("document", [[], "text", None, 5])
def test_a_body_that_is_no_object_is_refused(document):
    assert "$" in violations(document)


def test_repeated_keys_must_be_equal():
    message = (
        "All values supplied for 'schoolId' must match. Review all references (including those higher up in the "
        "resource's data) and align the following conflicting values: '1', '2'"
    )
    found = violations(lesson(otherReference={"schoolId": 2}))
    assert found == {"$.schoolReference.schoolId": [message], "$.otherReference.schoolId": [message]}
    assert RULES.check(lesson(otherReference={"schoolId": 1}))


def test_an_update_repeats_its_id():
    assert violations(lesson(), "a") == {"$.id": ["id is required."]}
    with pytest.raises(Refused) as refused:
        RULES.check(lesson(id="b"), "a")
    assert refused.value.problem.errors == ("Request body id must match the id in the url.",)
    assert RULES.check(lesson(id="A"), "a")[0] == lesson()


def test_references_and_descriptors_are_noted_with_their_paths():
    document, found = RULES.check(lesson(otherReference={"schoolId": 1}))
    assert [(path, rule.name) for path, rule, _ in found.references] == [
        ("$.schoolReference", "School"),
        ("$.otherReference", "School"),
    ]
    (path, name, holder, member) = found.descriptors[0]
    assert (path, name, member) == ("$.kinds[0].kindDescriptor", "KindDescriptor", "kindDescriptor")
    assert holder is document["kinds"][0]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd"), (113, "113th")],
)
def test_ordinals_are_english(number, text):
    assert ordinal_text(number) == text
