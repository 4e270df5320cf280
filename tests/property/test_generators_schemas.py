"""The laws of generated documents, over random schemas: no standard has them, any extension may."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, note, settings
from hypothesis import strategies as st

from dms_load_test.edfi.dependencies import DependencyGraph
from dms_load_test.edfi.schema import ApiModel, Collection, Inline, Leaf, Node, Reference, ResourceSchema, walk_leaves
from dms_load_test.generators import DataOptions, DistrictSizes, Optional, build_documents

SIZES = DistrictSizes(2, 5, 3, 2, 2)
NAMES = ("code", "title", "schoolYear", "kindDescriptor", "beginDate", "number", "flag", "level", "namespace", "letter")
BODY_NAMES = (
    "endDate",
    "comment",
    "maximumScore",
    "minimumScore",
    "email",
    "startTime",
    "phase",
    "sizeCategory",
    "percent",
)
URIS = {"KindDescriptor": [f"uri://x/KindDescriptor#K{n}" for n in range(4)]}


BOUNDS = st.sampled_from([(None, None), (1, 5), (0, 10**9), (1990, 2100), (-50, 3000)])
PATTERNS = st.sampled_from(["^[A-Z]{3}[0-9]{2}$", r"^(a|bc)\d+$"])
SHAPES = {
    "kindDescriptor": st.just({"descriptor": "KindDescriptor", "max_length": 306}),
    "beginDate": st.just({"format": "date"}),
    "endDate": st.just({"format": "date"}),
    "startTime": st.just({"format": "time"}),
    "schoolYear": st.just({"kind": "integer", "format": "int32", "minimum": 1990, "maximum": 2100}),
    "number": BOUNDS.map(lambda ends: {"kind": "integer", "minimum": ends[0], "maximum": ends[1]}),
    "maximumScore": BOUNDS.map(lambda ends: {"kind": "integer", "minimum": ends[0], "maximum": ends[1]}),
    "minimumScore": BOUNDS.map(lambda ends: {"kind": "integer", "minimum": ends[0], "maximum": ends[1]}),
    "percent": st.sampled_from([(5, 4), (3, 2), (9, 0)]).map(
        lambda digits: {"kind": "number", "digits": digits, "minimum": 0, "maximum": 1}
    ),
    "flag": st.just({"kind": "boolean"}),
    "level": st.just({"max_length": 20, "enum": ("low", "middle", "high")}),
    "letter": st.just({"max_length": 3, "pattern": "^[A-C]$"}),
    "phase": PATTERNS.map(lambda pattern: {"max_length": 30, "pattern": pattern}),
}
TEXT = st.builds(
    lambda least, most: {"min_length": least, "max_length": most, "blanks": "noEdge"},
    st.sampled_from([None, 1, 3]),
    st.sampled_from([3, 7, 12, 20, 60, 1024]),
)


@st.composite
def leaves(draw, name):
    return Leaf(name, **({"kind": "string"} | draw(SHAPES.get(name, TEXT))))


@st.composite
def references(draw, made, *, role=""):
    target = draw(st.sampled_from(made))
    keys, types = {}, {}
    for path, leaf in identity_leaves(target):
        name = path.rpartition(".")[2]
        if name in keys and not one_column(target, keys[name], path):
            name = path.removeprefix("$.").replace(".", "_")  # no member has this name by itself
        keys.setdefault(name, path)
        types.setdefault(name, replace(leaf, name=name, required=True))
    singular = target.name[0].lower() + target.name[1:]
    named = f"{role}{target.name}" if role else singular
    return Reference(f"{named}Reference", target.resource, tuple(types.values()), keys, required=draw(st.booleans()))


def one_column(schema, path, other):
    group, grown = {path}, True
    while grown:
        more = {end for pair in schema.equal if group & set(pair) for end in pair} - group
        group, grown = group | more, bool(more)
    return other in group


def identity_leaves(schema):
    """(path, leaf) of the natural key."""
    own = {f"$.{leaf.name}": leaf for leaf in schema.body.leaves}
    held = {
        f"$.{reference.name}.{leaf.name}": leaf for reference in schema.body.references for leaf in reference.leaves
    }
    return [(path, (own | held)[path]) for path in schema.identity]


def unified(body, identity, plain):
    """Pairs of paths with one name; members of references in a role keep to themselves."""
    columns = defaultdict(list)
    for leaf in body.leaves:
        columns[leaf.name].append(f"$.{leaf.name}")
    for reference in body.references:
        if reference.name in plain:
            for leaf in reference.leaves:
                columns[leaf.name].append(f"$.{reference.name}.{leaf.name}")
    keys = {name for name, paths in columns.items() if set(paths) & set(identity)}
    for path, leaf in walk_leaves(Node(collections=body.collections)):
        if leaf.name in keys and "Reference." in path:
            columns[leaf.name].append(path)
    return tuple(pair for paths in columns.values() for pair in pairwise(paths))


@st.composite
def schemas(draw, number, made, facts):
    name = f"Thing{number}"
    own = draw(st.lists(st.sampled_from(NAMES), min_size=0 if made else 1, max_size=3, unique=True))
    key = [replace(facts[name], required=True) for name in own]
    filled = draw(st.lists(st.sampled_from(BODY_NAMES), max_size=4, unique=True))
    rest = [replace(facts[name], required=draw(st.booleans())) for name in filled]
    held, plain = {}, set()
    for turn in range(draw(st.integers(0 if own else 1, 3)) if made else 0):
        role = draw(st.sampled_from(["", "", "parent", "other"]))
        reference = draw(references(made, role=role))
        if reference.name not in held:
            is_key = draw(st.booleans()) or (turn == 0 and not own)
            held[reference.name] = Reference(
                reference.name, reference.target, reference.leaves, reference.keys, is_key or reference.required, is_key
            )
            plain |= {reference.name} if not role else set()
    parts = ()
    if made and draw(st.booleans()):
        reference = draw(references(made))
        item = Node(leaves=(facts["comment"],), references=(reference,))
        key_paths = tuple(f"{reference.name}.{leaf.name}" for leaf in reference.leaves)
        parts = (Collection("parts", item, draw(st.booleans()), draw(st.integers(0, 2)), key_paths),)
    inner = Node(leaves=(replace(facts["sizeCategory"], required=True),))
    body = Node(
        leaves=(*key, *rest),
        references=tuple(held.values()),
        objects=(Inline("period", inner, draw(st.booleans())),) if draw(st.booleans()) else (),
        collections=parts,
    )
    identity = [f"$.{leaf.name}" for leaf in key]
    identity += [f"$.{one.name}.{leaf.name}" for one in held.values() if one.identity for leaf in one.leaves]
    return ResourceSchema(
        f"thing{number}s",
        name,
        body,
        tuple(identity),
        unified(body, identity, plain),
        query={path.removeprefix("$.").replace(".", ""): path for path in identity},
    )


@st.composite
def models(draw):
    facts = {name: draw(leaves(name)) for name in (*NAMES, *BODY_NAMES)}
    made = []
    for number in range(draw(st.integers(1, 6))):
        made.append(draw(schemas(number, made, facts)))
    descriptor = ResourceSchema(
        "kindDescriptors",
        "KindDescriptor",
        Node(
            leaves=tuple(
                Leaf(name, "string", required=True, max_length=255)
                for name in ("namespace", "codeValue", "shortDescription")
            )
        ),
        ("$.namespace", "$.codeValue"),
        query={"namespace": "$.namespace", "codeValue": "$.codeValue"},
        is_descriptor=True,
    )
    resources = {schema.resource: schema for schema in [*made, descriptor]}
    return ApiModel(resources, {}, {"KindDescriptor": "kindDescriptors"})


@given(models(), st.sampled_from(list(Optional)), st.integers(0, 2**20))
@settings(max_examples=60)
def test_documents_of_any_schema_keep_the_laws(checker, model, optional, seed):
    note("\n".join(str(schema) for schema in model.resources.values()))
    options = DataOptions(resources=frozenset(model.resources), optional=optional)
    documents = build_documents(model, SIZES, seed, URIS, options)
    levels = DependencyGraph.build(model, ()).levels(documents.counts)

    assert list(checker(model, URIS, documents).problems(levels)) == []
    assert documents.counts.keys() | documents.left_out.keys() == set(model.resources)


@given(models(), st.integers(0, 2**20), st.lists(st.integers(200, 999_999), max_size=20, unique=True))
@settings(max_examples=20)
def test_documents_beyond_the_planned_ones_have_new_keys_and_keep_the_laws(checker, model, seed, far):
    documents = build_documents(model, SIZES, seed, URIS, DataOptions(resources=frozenset(model.resources)))
    levels = DependencyGraph.build(model, ()).levels(documents.counts)
    beyond = {
        resource: [documents.counts[resource] + number for number in (*range(200), *far)]
        for resource in documents.growable
    }
    for resource, more in beyond.items():
        ordinals = [*range(documents.counts[resource]), *more]
        keys = {tuple(documents.natural_key(resource, n).items()) for n in ordinals}
        assert len(keys) == len(ordinals), resource

    assert list(checker(model, URIS, documents).problems(levels, lambda resource, _: beyond.get(resource, ()))) == []


@given(models(), st.integers(0, 2**20))
@settings(max_examples=20)
def test_revisions_differ_and_keep_the_natural_key(checker, model, seed):
    documents = build_documents(model, SIZES, seed, URIS, DataOptions(resources=frozenset(model.resources)))
    judge = checker(model, URIS, documents)
    for resource in documents.updatable & set(model.resources):
        schema = model.resources[resource]
        original = documents.document(resource, 0)
        revisions = [documents.changed(resource, 0, revision) for revision in (1, 2, 1234)]
        assert all(one != other for one in [original, *revisions] for other in revisions if one is not other)
        for revised in revisions:
            assert list(judge.document_problems(schema, revised)) == []
            assert all(
                revised[leaf.name] == original[leaf.name]
                for leaf in schema.body.leaves
                if f"$.{leaf.name}" in schema.identity
            )
