import re
from dataclasses import replace

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import ConfigError
from dms_load_test.generators import DataOptions, DistrictSizes, Rule, build_documents
from dms_load_test.generators.naming import Naming
from dms_load_test.generators.options import parse_counts, select_resources
from dms_load_test.generators.patterns import Pattern, UnknownPatternError, matching

MODEL = load_standard().model
URIS = {
    name: [f"uri://ed-fi.org/{name}#{code}" for code in codes]
    for name, codes in load_standard().descriptor_values.items()
}
KNOWN = ("students", "studentSchoolAssociations", "schools", "tpdm/candidates")


def build(**options):
    return build_documents(MODEL, DistrictSizes(2, 30, 5, 4, 2), 1, URIS, DataOptions(**options))


def test_resources_are_chosen_by_name_wildcard_and_group():
    groups = {"district": ("students", "schools"), "all": KNOWN}

    def chosen(*patterns):
        return select_resources(patterns, KNOWN, groups, "--resources")

    assert chosen("student*") == {"students", "studentSchoolAssociations"}
    assert chosen("all") == set(KNOWN)
    assert chosen("district", "tpdm/candidates") == {"students", "schools", "tpdm/candidates"}


@pytest.mark.parametrize("text", ["students", "students=many", "students=-1", "students=1000000000", "=5"])
def test_a_count_without_a_number_is_told(text):
    with pytest.raises(ConfigError, match="--count"):
        parse_counts([text], KNOWN)


def test_a_count_replaces_the_districts_and_of_several_the_last_one_counts():
    documents = build(counts={"student*": 7, "studentAssessments": 500, "students": 40})

    assert documents.counts["students"] == 40
    assert documents.counts["studentAssessments"] == 500
    assert documents.counts["studentSchoolAssociations"] == 7


def test_more_documents_than_natural_keys_are_refused_with_the_reason():
    resources = frozenset({"educationOrganizationPeerAssociations", "schools", "localEducationAgencies"})

    with pytest.raises(ConfigError, match=re.escape("there are only 4 different natural keys")):
        build(resources=resources, counts={"educationOrganizationPeerAssociations": 5})


def test_more_organizations_than_a_range_has_ids_for_are_refused_and_all_below_differ():
    chosen, naming = frozenset({"stateEducationAgencies"}), Naming(organizations=range(1, 1001))

    with pytest.raises(ConfigError, match=r"only 55 different natural keys.* widen EDUCATION_ORGANIZATION_IDS"):
        build(resources=chosen, naming=naming, counts={"stateEducationAgencies": 56})
    documents = build(resources=chosen, naming=naming, counts={"stateEducationAgencies": 55})
    assert len({documents.document("stateEducationAgencies", n)["stateEducationAgencyId"] for n in range(55)}) == 55


def test_a_kind_of_organization_that_a_range_has_no_id_for_is_left_out_with_the_reason():
    documents = build(resources=frozenset({"stateEducationAgencies"}), naming=Naming(organizations=range(1, 17)))

    assert "EDUCATION_ORGANIZATION_IDS has too few ids" in documents.left_out["stateEducationAgencies"]


def test_what_requires_a_resource_that_is_not_planned_is_left_out_with_the_reason():
    documents = build(resources=frozenset({"studentSchoolAssociations", "schools"}))

    assert documents.left_out.keys() == {"studentSchoolAssociations"}
    assert "studentReference is required" in documents.left_out["studentSchoolAssociations"]


def test_nothing_chosen_is_not_the_district():
    assert dict(build(resources=frozenset()).counts) == {}
    assert "students" in build().counts


def test_what_a_rule_would_change_and_the_target_does_not_know_is_not_changed():
    students = MODEL.resources["students"]
    leaves = tuple(leaf for leaf in students.body.leaves if leaf.name != "preferredFirstName")
    older = replace(students, body=replace(students.body, leaves=leaves))
    model = replace(MODEL, resources={**MODEL.resources, "students": older})
    documents = build_documents(model, DistrictSizes(2, 30, 5, 4, 2), 1, URIS, DataOptions())

    assert "preferredFirstName" not in documents.document("students", 0)
    assert build().updatable - documents.updatable == {"students"}


def test_an_optional_reference_to_what_is_not_planned_is_left_out_of_the_document():
    alone, together = build(resources=frozenset({"schools"})), build()

    assert "localEducationAgencyReference" not in alone.document("schools", 0)
    assert "localEducationAgencyReference" in together.document("schools", 0)


def test_documents_of_one_resource_refer_to_those_below_its_roots_only():
    documents = build(resources=frozenset({"learningStandards"}), counts={"learningStandards": 50})
    roots = documents.roots["learningStandards"]
    keys = [documents.document("learningStandards", n)["learningStandardId"] for n in range(50)]
    parents = [
        (n, documents.document("learningStandards", n).get("parentLearningStandardReference")) for n in range(50)
    ]

    assert all(parent is None for n, parent in parents if n < roots)
    assert all(parent["learningStandardId"] in keys[:roots] for n, parent in parents if n >= roots)


def test_a_users_own_rule_takes_the_place_of_ours_and_others_refer_to_its_documents():
    def crisis_events(world):
        return Rule(lambda n: {"crisisEventName": f"Storm {n} of {world.sizes.school_year}"})

    documents = build(resources=frozenset({"crisisEvents"}), makers={"crisisEvents": crisis_events})

    assert documents.document("crisisEvents", 3) == {"crisisEventName": "Storm 3 of 2025"}


@pytest.mark.parametrize(
    "expression", [r"^[A-Z]{2}\d{4}$", r"^(AB|CD)-\d+$", r"[^\s]{3}", r"^\w+@\w+\.org$", r"^uri://[a-z]+/.+$", "^.{5}$"]
)
def test_texts_of_a_pattern_match_it_and_differ(expression):
    texts = matching(expression, 3, 40, 50)

    assert len(set(texts)) == len(texts) > 1
    assert all(re.search(expression, text) and 3 <= len(text) <= 40 for text in texts)


@pytest.mark.parametrize(
    ("expression", "texts"), [("^[A-C]$", 3), ("^[AB]{1,3}$", 14), ("^(A|B{2,4})$", 4), ("^A?B$", 2)]
)
def test_all_texts_of_a_pattern_of_few_are_found(expression, texts):
    assert len(matching(expression, 1, 9, 1000)) == texts


@pytest.mark.parametrize(
    ("expression", "extra", "stretches"),
    [
        ("^[A-C]$", 0, False),
        ("^A{1,3}$", 1, True),
        ("^A{1,3}$", 2, False),
        ("^(A|B*)$", 8, True),
        ("^A{70,}$", 0, False),
    ],
)
def test_a_pattern_tells_whether_more_repeats_make_other_texts(expression, extra, stretches):
    pattern = Pattern(expression, extra)
    for number in range(4):
        pattern.text(number)

    assert pattern.stretches == stretches


@pytest.mark.parametrize("expression", ["(", r"^(a)\1$", "^$"])
def test_a_pattern_without_a_known_text_is_told(expression):
    with pytest.raises(UnknownPatternError):
        matching(expression, 1, 10, 5)
