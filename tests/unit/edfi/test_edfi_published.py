"""What the reader makes of documents that others published; these are not part of the project and may be missing."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from dms_load_test.edfi.dependencies import DependencyGraph, parse_dependencies, write_dependencies
from dms_load_test.edfi.discovery import DataModel, parse_discovery
from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import walk_collections, walk_leaves, walk_references
from dms_load_test.edfi.standard import load_standard

PUBLISHED = Path(__file__).parents[4] / "shared" / "data"
STANDARD = load_standard().model

pytestmark = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published documents are not at hand")


def published(name):
    return json.loads((PUBLISHED / name).read_bytes())


@pytest.fixture(scope="module")
def ods():
    return read_openapi([published("openapi-ds-5.0-resources.json"), published("openapi-ds-5.0-descriptors.json")])


@pytest.fixture(scope="module")
def shared_resources(ods):
    """Pairs (5.0, 5.2) of the resources that both standards have."""
    return [(schema, STANDARD.resources[name]) for name, schema in ods.resources.items() if name in STANDARD.resources]


def test_data_standard_5_0_in_the_dialect_of_ods_has_all_its_endpoints(ods, shared_resources):
    assert len(ods.resources) == 361
    assert len(ods.descriptors) == 218
    assert len(shared_resources) == 327
    assert len([name for name in ods.resources if name.startswith("tpdm/")]) == 33


def test_descriptors_can_be_found_by_their_members_where_no_filter_is_listed(ods):
    assert set(ods.resources["gradeLevelDescriptors"].query) == set(STANDARD.resources["gradeLevelDescriptors"].query)


def test_natural_keys_and_superclasses_agree_with_5_2(shared_resources):
    for old, new in shared_resources:
        assert old.identity == new.identity
        assert (old.superclass, old.superclass_identity) == (new.superclass, new.superclass_identity)


def test_references_agree_with_5_2(shared_resources):
    compared = 0
    for old, new in shared_resources:
        others = dict(walk_references(new.body))
        for path, reference in walk_references(old.body):
            if path in others:
                other = others[path]
                assert (reference.target, reference.keys) == (other.target, other.keys), (old.resource, path)
                assert (reference.required, reference.identity) == (other.required, other.identity)
                compared += 1
    assert compared == 290


def test_unique_keys_of_collections_agree_with_5_2(shared_resources):
    compared = 0
    for old, new in shared_resources:
        others = {path: collection.key for path, collection in walk_collections(new.body)}
        for path, collection in walk_collections(old.body):
            if path in others:
                assert sorted(collection.key) == sorted(others[path]), (old.resource, path)
                compared += 1
    assert compared == 310


def test_members_have_the_types_and_descriptors_of_5_2(shared_resources):
    compared = 0
    for old, new in shared_resources:
        others = dict(walk_leaves(new.body))
        for path, leaf in walk_leaves(old.body):
            if path in others:
                other = others[path]
                assert (leaf.kind, leaf.descriptor.lower()) == (other.kind, other.descriptor.lower())
                assert leaf.format == (other.format or leaf.format)
                compared += 1
    assert compared == 3457


def test_every_descriptor_and_every_reference_of_5_0_resolves(ods):
    for schema in ods.resources.values():
        for path, leaf in walk_leaves(schema.body):
            assert not leaf.descriptor or leaf.descriptor in ods.descriptors, (schema.resource, path)
        for path, reference in walk_references(schema.body):
            targets = ods.targets(reference)
            assert targets, (schema.resource, path)
            if reference.target in ods.resources:
                assert set(reference.keys.values()) <= set(ods.resources[reference.target].identity)


def test_5_0_can_be_ordered(ods):
    graph = DependencyGraph.build(ods, parse_dependencies(write_dependencies(ods)))
    levels = graph.levels(ods.resources)
    assert sum(len(level) for level in levels) == 361
    assert levels[0] == ("schoolYearTypes",)


def test_an_excerpt_in_the_dialect_of_dms_agrees_with_the_embedded_standard():
    dms = read_openapi(
        [published("openapi-dms-5.2-resources-excerpt.json"), published("openapi-dms-5.2-descriptors-excerpt.json")]
    )
    assert set(dms.resources) == {
        "schools",
        "sections",
        "students",
        "studentSchoolAssociations",
        "gradeLevelDescriptors",
    }
    for name, schema in dms.resources.items():
        embedded = STANDARD.resources[name]
        assert schema.name == embedded.name
        assert schema.identity == embedded.identity
        assert schema.allow_identity_updates == embedded.allow_identity_updates
        assert schema.is_descriptor == embedded.is_descriptor
        assert schema.query == embedded.query
        assert schema.equal == embedded.equal
        facts = {path: (leaf.kind, leaf.max_length) for path, leaf in walk_leaves(schema.body)}
        assert facts == {path: (leaf.kind, leaf.max_length) for path, leaf in walk_leaves(embedded.body)}
        required = {path for path, leaf in walk_leaves(schema.body) if leaf.required and "Reference." not in path}
        assert required == {
            path for path, leaf in walk_leaves(embedded.body) if leaf.required and "Reference." not in path
        }
        keys = {path: (item.key, item.min_items) for path, item in walk_collections(schema.body)}
        assert keys == {path: (item.key, item.min_items) for path, item in walk_collections(embedded.body)}


def test_a_real_ods_in_year_specific_mode_is_discovered():
    urls = parse_discovery(published("discovery-ods-6.1.json"), "https://localhost/v6.1/WebApi/")
    assert urls.data_url == "https://localhost/v6.1/WebApi/data/v3/2025"
    assert urls.dependencies_url == "https://localhost/v6.1/WebApi/metadata/data/v3/2025/dependencies"
    assert urls.openapi_url == "https://localhost/v6.1/WebApi/metadata/2025"
    assert urls.data_models == (DataModel("Ed-Fi", "4.0.0"), DataModel("TPDM", "1.1.0"))


def test_the_list_of_a_real_ods_is_read():
    entries = parse_dependencies(published("dependencies-ods-6.1.json"))
    assert len(entries) == 349
    students = [entry for entry in entries if entry.resource == "students"]
    assert [(entry.order, entry.operations) for entry in students] == [(3, ("Create",)), (15, ("Update",))]
    assert sum(entry.resource.startswith("tpdm/") for entry in entries) == 33


def test_a_real_standard_with_extensions_survives_the_dialect_of_dms(ods):
    documents = write_openapi(ods, data_url="http://h/data", token_url="http://h/oauth/token", version="1")
    assert read_openapi(documents) == ods


@pytest.fixture(scope="module")
def facts():
    return published("ds-5.2-model.json")


def leaf_of(about):
    """Return the published facts of a member as those of a `Leaf`."""
    return {
        "kind": about["type"],
        "required": about.get("required", False),
        "format": about.get("format", ""),
        "descriptor": about.get("descriptor", ""),
        "min_length": about.get("minLength"),
        "max_length": about.get("maxLength"),
        "minimum": about.get("min"),
        "maximum": about.get("max"),
        "digits": tuple(about["digits"]) if "digits" in about else None,
        "pattern": about.get("pattern", ""),
        "enum": (),
        "blanks": about.get("ws", ""),
        "suggested": (about.get("modelMin"), about.get("modelMax")),
    }


def test_the_embedded_standard_has_every_published_member(facts):
    for resource, about in facts["resources"].items():
        leaves = walk_leaves(STANDARD.resources[resource].body)
        members = {path: asdict(leaf) for path, leaf in leaves if "Reference." not in path}
        for path, leaf in members.items():
            assert leaf.pop("name") == path.rpartition(".")[2]
        assert members == {path: leaf_of(field) for path, field in about["fields"].items()}


def test_the_embedded_standard_has_every_published_key_and_constraint(facts):
    assert len(facts["resources"]) == 138
    for resource, about in facts["resources"].items():
        schema = STANDARD.resources[resource]
        assert schema.name == about["name"]
        assert list(schema.identity) == about["identity"]
        assert schema.allow_identity_updates == about["allowIdentityUpdates"]
        assert [list(pair) for pair in schema.equal] == about.get("equal", [])
        assert schema.query == about["query"]
        assert {
            path: (collection.required, collection.min_items, list(collection.key))
            for path, collection in walk_collections(schema.body)
        } == {
            path: (given["required"], given["minItems"], given["key"])
            for path, given in about.get("collections", {}).items()
        }


def test_the_embedded_standard_has_every_published_reference(facts):
    names = {schema.resource: schema.name for schema in STANDARD.resources.values()}
    for resource, about in facts["resources"].items():
        references = dict(walk_references(STANDARD.resources[resource].body))
        published_references = about.get("references", {})
        assert references.keys() == published_references.keys()
        for path, given in published_references.items():
            reference = references[path]
            assert names.get(reference.target, reference.target) == given["to"]
            assert (reference.identity, reference.required) == (given["identity"], given["required"])
            assert reference.keys == given["keys"]
            bounds = {name: (limits.get("min"), limits.get("max")) for name, limits in given.get("bounds", {}).items()}
            needed = given.get("leavesRequired", given["keys"])
            for leaf in reference.leaves:
                assert leaf.required == (leaf.name in needed)
                assert (leaf.minimum, leaf.maximum) == bounds.get(leaf.name, (None, None)), (resource, path, leaf.name)


def test_the_embedded_standard_has_every_published_descriptor_value(facts):
    assert facts["descriptors"] == STANDARD.descriptors
    values = published("ds-5.2-descriptors.json")
    embedded = load_standard().descriptor_values
    assert {name: list(found) for name, found in embedded.items() if found} == {
        name: [value.strip() for value in found] for name, found in values.items() if found
    }
