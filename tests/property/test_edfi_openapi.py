"""Random models come back from the OpenAPI documents written for them."""

from dataclasses import replace
from string import ascii_lowercase

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import (
    ApiModel,
    Collection,
    Inline,
    Leaf,
    Node,
    Reference,
    ResourceSchema,
    walk_collections,
    walk_leaves,
)

URLS = {"data_url": "http://h/data", "token_url": "http://h/oauth/token", "version": "1"}


def written(draw, model):
    return read_openapi(draw(st.permutations(write_openapi(model, **URLS))))


@st.composite
def leaves(draw, name):
    kind = draw(st.sampled_from(["text", "date", "number", "integer", "boolean", "enum", "pattern"]))
    required = draw(st.booleans())
    low = draw(st.integers(0, 5))
    facts = {
        "text": Leaf(name, "string", required, min_length=low or None, max_length=low + 10, blanks="noEdge"),
        "date": Leaf(name, "string", required, format="date"),
        "number": Leaf(name, "number", required, minimum=low, maximum=low + 0.5),
        "integer": Leaf(name, "integer", required, format="int32", minimum=low),
        "boolean": Leaf(name, "boolean", required),
        "enum": Leaf(name, "string", required, max_length=9, enum=("a", "b")),
        "pattern": Leaf(name, "string", required, max_length=9, pattern="^a+$"),
    }
    return facts[kind]


@st.composite
def nodes(draw, prefix, targets, depth=0):
    """A node whose members' names begin with `prefix`, so that no two members of a model are one by name."""
    own = tuple(draw(leaves(f"{prefix}{letter}")) for letter in ascii_lowercase[: draw(st.integers(1, 3))])
    pointers = []
    for number, target in enumerate(draw(st.lists(st.sampled_from(targets), max_size=2)) if targets else ()):
        pointers.append(pointer(f"{prefix}{number}", target, required=draw(st.booleans())))
    objects, collections = [], []
    if depth < 2:
        for letter in ascii_lowercase[: draw(st.integers(0, 2))]:
            part = draw(nodes(f"{prefix}{letter}x", targets, depth + 1))
            if draw(st.booleans()):
                objects.append(Inline(f"{prefix}{letter}Part", part, draw(st.booleans())))
            else:
                least = draw(st.integers(0, 2))
                collections.append(Collection(f"{prefix}{letter}Parts", part, least > 0, least))
    return Node(own, tuple(pointers), tuple(objects), tuple(collections))


def pointer(role, target, *, required, identity=False):
    """Return a reference with a role, so that its members' columns are its own."""
    members = dict(walk_leaves(target.body))
    leaves = tuple(replace(members[path], required=True) for path in target.identity)
    keys = {path.rpartition(".")[2]: path for path in target.identity}
    return Reference(f"{role}{target.name}Reference", target.resource, leaves, keys, required, identity)


@st.composite
def models(draw):
    resources = {}
    for number in range(draw(st.integers(1, 4))):
        letter = ascii_lowercase[number]
        name = f"Thing{letter.upper()}"
        resource = f"{draw(st.sampled_from(['', 'tpdm/', 'my-own/']))}{letter}Things"
        targets = list(resources.values())
        body = draw(nodes(f"{letter}m", targets))
        key = Leaf(f"{letter}Key", "string", True, max_length=20)
        body = replace(body, leaves=(key, *body.leaves))
        identity = [f"$.{key.name}"]
        if targets and draw(st.booleans()):
            first = pointer(f"{letter}key", draw(st.sampled_from(targets)), required=True, identity=True)
            body = replace(body, references=(first, *body.references))
            identity += [f"$.{first.name}.{leaf.name}" for leaf in first.leaves]
        query = {f"{letter}Key": identity[0]}
        changes = draw(st.booleans())
        resources[resource] = ResourceSchema(
            resource, name, body, tuple(sorted(identity)), (), query, allow_identity_updates=changes
        )
    return ApiModel(resources)


def without_unwritten(schema):
    """Drop what OpenAPI has no word for and names decide: unique keys of collections, equality, filters."""

    def bare(node):
        return replace(
            node,
            objects=tuple(replace(inline, node=bare(inline.node)) for inline in node.objects),
            collections=tuple(replace(each, item=bare(each.item), key=()) for each in node.collections),
        )

    return replace(schema, body=bare(schema.body), equal=(), query={})


@given(models(), st.data())
def test_a_model_comes_back_but_for_what_openapi_has_no_word_for(model, data):
    read = written(data.draw, model)
    assert read.resources.keys() == model.resources.keys()
    for name, schema in model.resources.items():
        assert without_unwritten(read.resources[name]) == without_unwritten(schema)


@given(models(), st.data())
def test_what_was_read_once_is_read_alike_ever_after(model, data):
    once = written(data.draw, model)
    assert written(data.draw, once) == once


@given(models(), st.data())
def test_keys_filters_and_equalities_point_to_members(model, data):
    for schema in written(data.draw, model).resources.values():
        members = dict(walk_leaves(schema.body)).keys()
        assert members >= set(schema.identity) | set(schema.query.values())
        assert all(members >= set(pair) for pair in schema.equal)
        for path, collection in walk_collections(schema.body):
            item = {at.removeprefix("$.") for at, _ in walk_leaves(collection.item)}
            assert collection.key, path
            assert item.issuperset(collection.key)
