from dataclasses import replace

import pytest

from dms_load_test.edfi.schema import (
    Leaf,
    Node,
    Reference,
    map_references,
    path_of,
    resource_of,
    walk_collections,
    walk_leaves,
    walk_references,
)
from dms_load_test.edfi.standard import load_standard, parse_leaf

STANDARD = load_standard()
MODEL = STANDARD.model
RESOURCES = [schema for schema in MODEL.resources.values() if not schema.is_descriptor]


def leaves_of(resource):
    return dict(walk_leaves(MODEL.resources[resource].body))


def test_the_standard_has_all_resources_and_descriptors_of_5_2():
    assert (STANDARD.name, STANDARD.version) == ("Ed-Fi", "5.2.0")
    assert len(RESOURCES) == 138
    assert len(MODEL.descriptors) == 211
    assert len(MODEL.resources) == 349
    assert sum(len(values) for values in STANDARD.descriptor_values.values()) == 3298
    assert STANDARD.descriptor_values.keys() == MODEL.descriptors.keys()


def test_descriptor_values_are_written_as_servers_keep_them():
    for name, values in STANDARD.descriptor_values.items():
        assert all(value == value.strip() and 0 < len(value) <= 50 for value in values), name
        assert len({value.lower() for value in values}) == len(values), name


def test_every_descriptor_that_a_member_takes_exists():
    taken = {leaf.descriptor for schema in RESOURCES for _, leaf in walk_leaves(schema.body)} - {""}
    assert taken <= MODEL.descriptors.keys()
    assert all(MODEL.resources[endpoint].is_descriptor for endpoint in MODEL.descriptors.values())


def test_a_member_of_a_reference_is_typed_like_the_identity_member_it_repeats():
    for schema in RESOURCES:
        for path, reference in walk_references(schema.body):
            target = MODEL.targets(reference)[0]
            renamed = MODEL.resources[target].superclass_identity == next(iter(reference.keys.values()))
            for leaf in reference.leaves:
                key = MODEL.resources[target].identity[0] if renamed else reference.keys[leaf.name]
                repeated = leaves_of(target)[key]
                expected = replace(
                    repeated, name=leaf.name, required=leaf.required, minimum=leaf.minimum, maximum=leaf.maximum
                )
                assert leaf == expected, (schema.resource, path)


def test_every_path_that_a_fact_names_is_a_member():
    for schema in RESOURCES:
        members = leaves_of(schema.resource).keys()
        assert members >= set(schema.identity), schema.resource
        assert members >= set(schema.query.values()), schema.resource
        assert all(members >= set(pair) for pair in schema.equal), schema.resource
        for path, collection in walk_collections(schema.body):
            item = {at.removeprefix("$.") for at, _ in walk_leaves(collection.item)}
            assert collection.key, (schema.resource, path)
            assert item.issuperset(collection.key), (schema.resource, path)


def test_every_reference_points_to_a_resource_or_a_superclass_and_repeats_members_of_its_natural_key():
    for schema in RESOURCES:
        for path, reference in walk_references(schema.body):
            if reference.target in MODEL.abstract:
                identity = MODEL.abstract[reference.target].identity
            else:
                identity = MODEL.resources[reference.target].identity
            assert set(reference.keys.values()) <= set(identity), (schema.resource, path)
            assert list(reference.keys) == [leaf.name for leaf in reference.leaves], (schema.resource, path)


def test_members_of_the_natural_key_are_required_with_what_holds_them():
    for schema in RESOURCES:
        own = {leaf.name for leaf in schema.body.leaves if leaf.required}
        held = {reference.name for reference in schema.body.references if reference.required}
        for path in schema.identity:
            assert path.split(".")[1] in own | held, (schema.resource, path)


def test_subclasses_name_their_superclass_and_only_education_organizations_rename_its_key():
    for name, abstract in MODEL.abstract.items():
        for resource in abstract.subclasses:
            schema = MODEL.resources[resource]
            assert schema.superclass == name
            expected = "$.educationOrganizationId" if name == "EducationOrganization" else ""
            assert schema.superclass_identity == expected
    assert len(MODEL.abstract["EducationOrganization"].subclasses) == 9


def test_an_abstract_reference_may_point_to_each_subclass():
    programs = MODEL.resources["programs"].body.references[0]
    assert MODEL.targets(programs) == MODEL.abstract["EducationOrganization"].subclasses


@pytest.mark.parametrize(
    ("words", "leaf"),
    [
        ("string! len=1..60 noEdge", Leaf("x", "string", True, min_length=1, max_length=60, blanks="noEdge")),
        ("string len=..75 notBlank", Leaf("x", "string", max_length=75, blanks="notBlank")),
        ("descriptor:SexDescriptor!", Leaf("x", "string", True, descriptor="SexDescriptor", max_length=306)),
        ("number digits=9,2 suggest=0..", Leaf("x", "number", digits=(9, 2), suggested=(0.0, None))),
        ("int32 in=1..8", Leaf("x", "integer", format="int32", minimum=1, maximum=8)),
        ("date!", Leaf("x", "string", True, format="date")),
        ("boolean", Leaf("x", "boolean")),
    ],
)
def test_a_members_facts_are_read_from_a_few_words(words, leaf):
    assert parse_leaf("x", words) == leaf


def test_a_word_that_is_no_fact_is_refused():
    with pytest.raises(ValueError, match="len:1"):
        parse_leaf("x", "string len:1")


@pytest.mark.parametrize(
    ("path", "resource"), [("/ed-fi/students", "students"), ("/tpdm/candidates", "tpdm/candidates")]
)
def test_a_resource_is_named_by_its_endpoint_with_the_project_outside_the_core(path, resource):
    assert resource_of(path) == resource
    assert path_of(resource) == path


def test_references_are_changed_at_any_depth():
    body = MODEL.resources["graduationPlans"].body
    changed = map_references(body, lambda reference: replace(reference, required=True))
    assert all(reference.required for _, reference in walk_references(changed))
    assert [path for path, _ in walk_references(changed)] == [path for path, _ in walk_references(body)]
    assert any("[*].courses[*]." in path for path, _ in walk_references(changed))


def test_a_members_path_tells_its_place():
    reference = Reference("aReference", "as", (Leaf("aId", "string"),), {"aId": "$.aId"})
    assert dict(walk_leaves(Node(references=(reference,)))) == {"$.aReference.aId": Leaf("aId", "string")}
