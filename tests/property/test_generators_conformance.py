"""Every document against the embedded standard, by a checker that shares no code with generators or emulator."""

import re
from datetime import date, datetime
from functools import cache

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dms_load_test.edfi.schema import walk_leaves
from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import DistrictSizes, build_documents
from dms_load_test.generators.documents import REVISIONS

STANDARD = load_standard()
MODEL = STANDARD.model
URIS = {
    name: tuple(f"uri://ed-fi.org/{name}#{code}" for code in codes)
    for name, codes in STANDARD.descriptor_values.items()
}
FORMATS = {
    "date": date.fromisoformat,
    "time": lambda text: datetime.strptime(text, "%H:%M:%S").astimezone(),
    "date-time": lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").astimezone(),
}
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
SMALL = st.builds(
    DistrictSizes,
    schools=st.integers(1, 7),
    students=st.integers(1, 60),
    staff=st.integers(1, 30),
    courses_per_school=st.integers(1, 20),
    sections_per_course=st.integers(1, 10),
    school_year=st.integers(1980, 2080),
)
SMOKE, DEV = DistrictSizes(2, 2, 2, 2, 2), DistrictSizes(10, 100, 20, 10, 3)


def leaf_problems(leaf, value):
    if not isinstance(value, KINDS[leaf.kind]) or (isinstance(value, bool) and leaf.kind != "boolean"):
        yield f"is {value!r}, no {leaf.kind}"
    elif leaf.kind == "string":
        yield from text_problems(leaf, value)
    elif leaf.kind in {"integer", "number"}:
        yield from number_problems(leaf, value)


def text_problems(leaf, value):
    if leaf.descriptor and value not in URIS[leaf.descriptor]:
        yield f"is {value}, no {leaf.descriptor}"
    if not (leaf.min_length or 0) <= len(value) <= (leaf.max_length or len(value)):
        yield f"has {len(value)} characters: {value}"
    if value != value.strip() or not value:
        yield f"has blanks at an edge or is empty: {value!r}"
    if leaf.enum and value not in leaf.enum:
        yield f"is {value}, not in {leaf.enum}"
    if leaf.pattern and not re.search(leaf.pattern, value):
        yield f"is {value}, not like {leaf.pattern}"
    if leaf.format in FORMATS:
        try:
            FORMATS[leaf.format](value)
        except ValueError:
            yield f"is {value}, no {leaf.format}"


def number_problems(leaf, value):
    for low, high in ((leaf.minimum, leaf.maximum), leaf.suggested):
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"is {value}, not within {low} to {high}"
    if leaf.digits:
        whole, _, fraction = repr(float(value)).partition(".")
        places = len(fraction.rstrip("0"))
        if places > leaf.digits[1] or len(whole.lstrip("-")) > leaf.digits[0] - leaf.digits[1]:
            yield f"is {value}, more than {leaf.digits} digits"
    if leaf.format == "int32" and not -(2**31) <= value < 2**31:
        yield f"is {value}, no int32"
    if leaf.name in {"schoolId", "educationOrganizationId", "localEducationAgencyId"} and not 0 < value < 2**31:
        yield f"is {value}, which an old API cannot hold"


def node_problems(node, body, at="$"):
    members = {
        member.name: member
        for part in (node.leaves, node.references, node.objects, node.collections)
        for member in part
    }
    for name in body.keys() - members.keys():
        yield f"{at}.{name}: the standard has no such member"
    for name, member in members.items():
        if name not in body:
            if member.required:
                yield f"{at}.{name}: is required"
        elif member in node.leaves:
            yield from (f"{at}.{name}: {problem}" for problem in leaf_problems(member, body[name]))
        elif member in node.references:
            yield from reference_problems(member, body[name], f"{at}.{name}")
        elif member in node.objects:
            yield from node_problems(member.node, body[name], f"{at}.{name}")
        else:
            yield from collection_problems(member, body[name], f"{at}.{name}")
    yield from order_problems(body, at)


def reference_problems(reference, body, at):
    leaves = {leaf.name: leaf for leaf in reference.leaves}
    if body.keys() != leaves.keys():
        yield f"{at}: has {sorted(body)}, needs {sorted(leaves)}"
    else:
        for name, leaf in leaves.items():
            yield from (f"{at}.{name}: {problem}" for problem in leaf_problems(leaf, body[name]))


def collection_problems(collection, items, at):
    if len(items) < max(1, collection.min_items):
        yield f"{at}: has {len(items)} items"
    keys = [tuple(str(values_at(item, path.split("."))) for path in collection.key) for item in items]
    if len(set(keys)) < len(keys):
        yield f"{at}: has equal items"
    for item in items:
        yield from node_problems(collection.item, item, f"{at}[*]")


def order_problems(body, at):
    for first, last in (
        ("beginDate", "endDate"),
        ("startTime", "endTime"),
        ("entryDate", "exitWithdrawDate"),
        ("administrationDate", "administrationEndDate"),
        ("minimumAvailableCredits", "maximumAvailableCredits"),
        ("birthDate", "dateEnteredUS"),
    ):
        if first in body and last in body and body[first] > body[last]:
            yield f"{at}: {first} {body[first]} is after {last} {body[last]}"


def values_at(body, path):
    """All values at a path whose collections are marked by [*]."""
    if not path:
        return [body]
    name, rest = path[0].removesuffix("[*]"), path[1:]
    if name not in body:
        return []
    if path[0].endswith("[*]"):
        return [value for item in body[name] for value in values_at(item, rest)]
    return values_at(body[name], rest)


def at_path(document, path):
    return values_at(document, path.removeprefix("$.").split("."))


def references_in(node, body):
    for reference in node.references:
        if reference.name in body:
            yield reference, body[reference.name]
    for inline in node.objects:
        if inline.name in body:
            yield from references_in(inline.node, body[inline.name])
    for collection in node.collections:
        for item in body.get(collection.name, ()):
            yield from references_in(collection.item, item)


def document_problems(schema, document):
    yield from node_problems(schema.body, document)
    for left, right in schema.equal:
        values = {str(value) for path in (left, right) for value in at_path(document, path)}
        if len(values) > 1:
            yield f"{left} and {right}: differ: {values}"


def key_of(schema, document):
    return frozenset((path, at_path(document, path)[0]) for path in schema.identity)


class Planned:
    """The natural keys of all planned documents; a school is found as EducationOrganization too."""

    def __init__(self, documents):
        self._keys = {}
        self._projections = {}
        for resource, count in documents.counts.items():
            schema = MODEL.resources[resource]
            keys = {key_of(schema, documents.document(resource, n)) for n in range(count)}
            assert len(keys) == count, f"{resource}: natural keys collide"
            self._keys[resource] = keys
            if schema.superclass_identity:
                found = {frozenset({(schema.superclass_identity, value)}) for key in keys for _, value in key}
                of_superclass = self._keys.setdefault(schema.superclass, set())
                assert not of_superclass & found, "education organizations are one identity space"
                of_superclass |= found

    def has(self, reference, body):
        """Members of a key that the reference repeats once although they are unified count once."""
        paths = frozenset(reference.keys.values())
        projection = self._projections.get((reference.target, paths))
        if projection is None:
            projection = {frozenset(pair for pair in key if pair[0] in paths) for key in self._keys[reference.target]}
            self._projections[reference.target, paths] = projection
        return frozenset((path, body[name]) for name, path in reference.keys.items()) in projection


def problems_of(documents, ordinals):
    planned = Planned(documents)
    found = []
    for resource in documents.counts:
        schema = MODEL.resources[resource]
        for ordinal in ordinals(resource):
            document = documents.document(resource, ordinal)
            found += [f"{resource} {ordinal} {problem}" for problem in document_problems(schema, document)]
            found += [
                f"{resource} {ordinal} {reference.name}: {body} is not planned"
                for reference, body in references_in(schema.body, document)
                if not planned.has(reference, body)
            ]
    return found


@cache
def documents_of(sizes, seed=7):
    return build_documents(MODEL, sizes, seed, URIS)


@given(SMALL, st.integers(0, 2**32))
@example(SMOKE, 0)
@example(DEV, 1)
@settings(max_examples=25)
def test_every_planned_document_conforms_and_refers_to_planned_documents(sizes, seed):
    documents = build_documents(MODEL, sizes, seed, URIS)

    assert problems_of(documents, lambda resource: range(documents.counts[resource])) == []


@given(SMALL, st.integers(0, 10_000))
@settings(max_examples=25)
def test_a_document_beyond_the_planned_ones_has_a_new_key_and_refers_to_planned_documents_only(sizes, beyond):
    documents = build_documents(MODEL, sizes, 3, URIS)
    counts = documents.counts
    ordinals = {resource: (counts[resource] + beyond, counts[resource] + beyond + 1) for resource in documents.growable}

    assert problems_of(documents, lambda resource: ordinals.get(resource, ())) == []
    for resource, (one, other) in ordinals.items():
        schema = MODEL.resources[resource]
        planned = {key_of(schema, documents.document(resource, n)) for n in range(counts[resource])}
        new = {key_of(schema, documents.document(resource, n)) for n in (one, other)}
        assert len(new) == 2, resource
        assert not planned & new, resource


@pytest.mark.parametrize("resource", sorted(documents_of(DEV).growable))
def test_a_thousand_documents_beyond_the_planned_ones_have_a_thousand_keys(resource):
    documents = documents_of(SMOKE)
    schema = MODEL.resources[resource]
    ordinals = range(documents.counts[resource] + 1000)

    assert len({key_of(schema, documents.document(resource, n)) for n in ordinals}) == len(ordinals)


@pytest.mark.parametrize("resource", sorted(documents_of(DEV).updatable))
@given(st.data())
@settings(max_examples=10)
def test_a_changed_document_conforms_keeps_its_key_and_differs_for_each_revision(resource, data):
    documents = documents_of(DEV)
    schema = MODEL.resources[resource]
    ordinal = data.draw(st.integers(0, documents.counts[resource] - 1))
    one, other = data.draw(st.lists(st.integers(1, REVISIONS), min_size=2, max_size=2, unique=True))
    original = documents.document(resource, ordinal)
    first, second = (documents.changed(resource, ordinal, revision) for revision in (one, other))

    assert first != second
    assert original not in (first, second)
    assert key_of(schema, first) == key_of(schema, second) == key_of(schema, original)
    assert [*document_problems(schema, first), *document_problems(schema, second)] == []
    assert documents.changed(resource, ordinal, one + REVISIONS) == first


@pytest.mark.parametrize("resource", sorted(documents_of(DEV).updatable))
@given(st.integers(1, REVISIONS - 2500))
@example(1)
@settings(max_examples=2)
def test_thousands_of_revisions_in_a_row_differ(resource, begin):
    documents = documents_of(DEV)
    revised = {msgspec.json.encode(documents.changed(resource, 0, begin + n)) for n in range(2500)}

    assert len(revised) == 2500


@pytest.mark.parametrize("resource", sorted(documents_of(DEV).counts))
def test_a_natural_key_holds_the_whole_identity_under_the_names_of_query_parameters(resource):
    documents = documents_of(DEV)
    schema = MODEL.resources[resource]
    document = documents.document(resource, 1 % documents.counts[resource])
    parameters = documents.natural_key(resource, 1 % documents.counts[resource])

    assert {schema.query[name]: [value] for name, value in parameters.items()} == {
        schema.query[name]: at_path(document, schema.query[name]) for name in parameters
    }
    unified = {path for path in schema.identity if path not in schema.query.values()}
    assert {schema.query[name] for name in parameters} | unified == set(schema.identity)


def test_the_checker_finds_what_is_wrong():
    documents = documents_of(DEV)
    schema = MODEL.resources["sections"]
    wrong = documents.document("sections", 0)
    wrong["sectionName"] = " "
    wrong["sequenceOfCourse"] = 9
    wrong["color"] = "red"
    wrong["classPeriods"] *= 2
    wrong["classPeriods"][0]["classPeriodReference"]["schoolId"] += 1
    del wrong["courseOfferingReference"]["sessionName"]
    leaves = {path for path, _ in walk_leaves(schema.body)}

    problems = list(document_problems(schema, wrong))

    assert "$.sectionName" in leaves
    assert len(problems) == 6, problems
