"""Laws of the emulator's rules, on documents of the real standard and on nonsense with its member names."""

import sqlite3
from contextlib import closing
from datetime import timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.edfi.schema import Leaf, walk_leaves, walk_references
from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.body import BodyRules
from dms_load_test.emulator.fields import Wrong, compile_leaf
from dms_load_test.emulator.identity import document_keys
from dms_load_test.emulator.json_body import read_body
from dms_load_test.emulator.problems import Refused

MODEL = load_standard().model
RESOURCES = ("students", "sections", "studentSchoolAssociations", "bellSchedules", "sexDescriptors")
RULES = {name: BodyRules(MODEL, MODEL.resources[name]) for name in RESOURCES}


def attempt(act, argument):
    """Return (problem, None) or (None, result)."""
    try:
        return None, act(argument)
    except Refused as refused:
        return refused.problem, None


def names_in(resource):
    body = MODEL.resources[resource].body
    paths = [path for path, _ in walk_leaves(body)] + [path for path, _ in walk_references(body)]
    return sorted({step.removesuffix("[*]") for path in paths for step in path.split(".")[1:]})


def nonsense(resource):
    values = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
        st.sampled_from(["2025-01-31", "1", "true", "uri://ed-fi.org/X#Y"]),
    )  # fmt: skip
    members = st.sampled_from(names_in(resource))
    return st.recursive(
        values,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=6),
        max_leaves=12,
    )


@pytest.mark.parametrize("resource", RESOURCES)
@given(data=st.data())
def test_any_json_is_refused_or_becomes_a_document_that_stays_as_it_is(resource, data):
    posted = data.draw(nonsense(resource))
    before = msgspec.json.encode(posted)
    problem, checked = attempt(RULES[resource].check, posted)
    if problem:
        assert problem.violations
    else:
        assert RULES[resource].check(checked[0])[0] == checked[0]
    assert msgspec.json.encode(posted) == before


enrollments = st.fixed_dictionaries(
    {
        "entryDate": st.dates().map(str),
        "entryGradeLevelDescriptor": st.just("uri://ed-fi.org/GradeLevelDescriptor#Tenth grade"),
        "schoolReference": st.fixed_dictionaries({"schoolId": st.integers(0, 2**53)}),
        "studentReference": st.fixed_dictionaries(
            {"studentUniqueId": st.text(min_size=1, max_size=32).filter(lambda text: text == text.strip())}
        ),
    }
)
KEYS = document_keys(MODEL, MODEL.resources["studentSchoolAssociations"])


def identity(document):
    return document["entryDate"], document["schoolReference"], document["studentReference"]


@given(enrollments, enrollments)
def test_documents_have_the_same_key_exactly_if_their_identities_agree(one, other):
    one, other = (RULES["studentSchoolAssociations"].check(document)[0] for document in (one, other))
    assert (KEYS.own(one) == KEYS.own(other)) == (identity(one) == identity(other))


@given(enrollments)
def test_the_spelling_of_a_value_does_not_change_the_key(document):
    checked = RULES["studentSchoolAssociations"].check(document)[0]
    spelled = {**document, "schoolReference": {"schoolId": str(document["schoolReference"]["schoolId"])}}
    assert KEYS.own(RULES["studentSchoolAssociations"].check(spelled)[0]) == KEYS.own(checked)


@given(st.binary(max_size=60))
def test_any_body_is_json_or_refused(body):
    problem, value = attempt(read_body, body)
    if problem:
        assert problem.status == 400
    else:
        assert value == msgspec.json.decode(body)


SCALARS = (
    Leaf("x", "integer"),
    Leaf("x", "number"),
    Leaf("x", "boolean"),
    *(Leaf("x", "string", format=name) for name in ("", "date", "date-time", "time")),
)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
texts = st.one_of(
    st.text(max_size=25),
    st.from_regex(r"[+-]?[0-9]{1,30}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.integers(1, 6000).map(lambda digits: "9" * digits),
    st.datetimes(timezones=st.none() | offsets).map(lambda moment: moment.isoformat()),
)


@pytest.mark.parametrize("leaf", SCALARS, ids=lambda leaf: leaf.format or leaf.kind)
@given(text=texts)
def test_any_text_is_wrong_or_becomes_a_value_that_stays_as_it_is_and_can_be_stored(leaf, text):
    check = compile_leaf(leaf)
    try:
        value = check(text)
    except Wrong:
        return
    assert check(value) == value
    with closing(sqlite3.connect(":memory:")) as db:
        assert db.execute("SELECT ?", (value,)).fetchone() == (value,)
    assert msgspec.json.decode(msgspec.json.encode(value)) == value
