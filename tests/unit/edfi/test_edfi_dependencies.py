import pytest

from dms_load_test.edfi.dependencies import DependencyEntry, DependencyGraph, parse_dependencies
from dms_load_test.edfi.load_order import write_dependencies
from dms_load_test.edfi.schema import (
    AbstractResource,
    ApiModel,
    Collection,
    Leaf,
    Node,
    Reference,
    ResourceSchema,
)
from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import TargetError

STANDARD = load_standard().model


def reference(target, required=True):
    return Reference(f"{target}Reference", target, (Leaf("id", "string", True),), {"id": "$.id"}, required=required)


def model_of(needs, abstract=()):
    """Return a model: `needs` maps resource -> what it refers to, a `?` after the optional ones."""
    resources = {
        name: ResourceSchema(
            name, name, Node(references=tuple(reference(to.rstrip("?"), "?" not in to) for to in targets)), ("$.id",)
        )
        for name, targets in needs.items()
    }
    return ApiModel(resources, {name: AbstractResource(name, ("$.id",), kinds) for name, kinds in abstract})


def graph_of(needs, orders=None, abstract=()):
    entries = tuple(DependencyEntry(name, order) for name, order in (orders or {}).items())
    return DependencyGraph.build(model_of(needs, abstract), entries)


def test_levels_follow_references():
    graph = graph_of({"schools": ["agencies?"], "agencies": [], "sections": ["schools"], "years": []})
    assert graph.levels(["sections", "years", "agencies", "schools"]) == (
        ("agencies", "years"),
        ("schools",),
        ("sections",),
    )


def test_levels_never_load_a_resource_before_its_order_in_the_list():
    needs = {"students": [], "schools": [], "enrolments": ["students", "schools"], "attendances": ["students"]}
    orders = {"students": 1, "schools": 1, "enrolments": 2, "attendances": 3}
    levels = graph_of(needs, orders).levels(needs)
    assert levels == (("schools", "students"), ("enrolments",), ("attendances",))


def test_where_list_and_reference_disagree_the_reference_wins():
    graph = graph_of({"schools": ["agencies"], "agencies": []}, {"schools": 1, "agencies": 4})
    assert graph.levels(["schools", "agencies"]) == (("agencies",), ("schools",))


def test_of_two_entries_the_one_for_create_counts():
    entries = parse_dependencies(
        [
            {"resource": "/ed-fi/students", "order": 3, "operations": ["Create"]},
            {"resource": "/ed-fi/enrolments", "order": 13, "operations": ["Create", "Update"]},
            {"resource": "/ed-fi/students", "order": 14, "operations": ["Update"]},
        ]
    )
    assert entries[2] == DependencyEntry("students", 14, ("Update",))
    graph = DependencyGraph.build(model_of({"students": [], "enrolments": []}), entries)
    assert graph.levels(["enrolments", "students"]) == (("students",), ("enrolments",))


def test_school_years_come_first_though_the_list_leaves_them_out():
    entries = parse_dependencies(write_dependencies(STANDARD))
    assert "schoolYearTypes" not in {entry.resource for entry in entries}
    graph = DependencyGraph.build(STANDARD, entries)
    assert graph.levels(STANDARD.resources)[0] == ("schoolYearTypes",)


def test_every_reference_of_the_standard_points_to_an_earlier_level_or_the_same_resource():
    graph = DependencyGraph.build(STANDARD, parse_dependencies(write_dependencies(STANDARD)))
    level_of = {name: number for number, level in enumerate(graph.levels(STANDARD.resources)) for name in level}
    assert level_of.keys() == STANDARD.resources.keys()
    assert graph.broken(STANDARD.resources) == frozenset()
    for name in STANDARD.resources:
        later = {to for to in graph.references(name) if level_of[to] >= level_of[name]}
        assert later <= {name}


def test_an_abstract_reference_waits_for_the_planned_subclasses_only():
    kinds = ("agencies", "networks", "schools")
    needs = {"agencies": [], "networks": ["schools"], "schools": ["agencies"], "programs": ["Organization"]}
    graph = graph_of(needs, abstract=[("Organization", kinds)])
    assert graph.levels(["agencies", "programs"]) == (("agencies",), ("programs",))
    assert graph.levels(needs)[-1] == ("programs",)
    assert graph.references("programs") == set(kinds)
    assert graph.referrers("networks") == {"programs"}


def test_a_subclass_may_refer_to_its_superclass_through_another_subclass():
    needs = {"agencies": [], "schools": ["Organization"]}
    graph = graph_of(needs, abstract=[("Organization", ("agencies", "schools"))])
    assert graph.levels(needs) == (("agencies",), ("schools",))
    assert graph.broken(needs) == frozenset()


def test_an_optional_cycle_is_broken_and_told():
    graph = graph_of({"a": ["b?"], "b": ["a"]})
    assert graph.levels("ab") == (("a",), ("b",))
    assert graph.broken("ab") == {("a", "b")}


def test_a_required_cycle_is_an_error_that_names_it():
    with pytest.raises(TargetError, match="a -> b -> a"):
        graph_of({"a": ["b"], "b": ["a"]})


def test_a_required_reference_within_an_optional_collection_can_be_left_out():
    items = Collection("items", Node(references=(reference("b"),)))
    resources = {
        "a": ResourceSchema("a", "a", Node(collections=(items,)), ("$.id",)),
        "b": ResourceSchema("b", "b", Node(references=(reference("a"),)), ("$.id",)),
    }
    graph = DependencyGraph.build(ApiModel(resources), ())
    assert graph.broken("ab") == {("a", "b")}


def test_names_that_only_the_list_knows_are_an_error_that_names_them():
    with pytest.raises(TargetError, match="name ghosts, spooks, which the OpenAPI"):
        graph_of({"a": []}, {"a": 1, "spooks": 2, "ghosts": 2})


def test_unknown_resources_are_refused_by_name():
    graph = graph_of({"a": []})
    for ask in (graph.levels, graph.closure, graph.broken, graph.to_dot):
        with pytest.raises(TargetError, match="no resource b"):
            ask(["a", "b"])
    with pytest.raises(TargetError, match="no resource b"):
        graph.referrers("b")


def test_many_unknown_names_are_shortened():
    with pytest.raises(TargetError, match="n09 and 15 more"):
        graph_of({"a": []}, {f"n{number:02}": 1 for number in range(25)})


def test_a_closure_has_what_is_needed_and_not_what_may_be_referred_to():
    graph = DependencyGraph.build(STANDARD, ())
    assert graph.closure(["students"]) == {"students"}
    assert graph.closure(["sections"]) == {
        "courseOfferings",
        "courses",
        "schoolYearTypes",
        "schools",
        "sections",
        "sessions",
    }


def test_a_closure_adds_one_subclass_unless_one_is_chosen():
    graph = DependencyGraph.build(STANDARD, ())
    assert graph.closure(["programs"]) == {"programs", "schools"}
    assert graph.closure(["programs", "stateEducationAgencies"]) == {"programs", "stateEducationAgencies"}


def test_the_drawing_has_every_name_and_edge_once():
    graph = graph_of({"a": ["b?"], "b": ["a"], "c": ["a?"]})
    assert graph.to_dot("abc") == (
        'digraph "Ed-Fi dependencies" {\n'
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  { rank=same; "a"; }\n'
        '  { rank=same; "b"; "c"; }\n'
        '  "a" -> "b";\n'
        '  "a" -> "c" [style=dashed];\n'
        '  "b" -> "a" [style=dashed, color="red"];\n'
        "}\n"
    )


@pytest.mark.parametrize(
    "document", [{"a": 1}, "text", None, [7], [{"resource": "/ed-fi/a"}], [{"resource": "a", "order": "x"}]]
)
def test_what_is_no_list_of_dependencies_is_said_so(document):
    with pytest.raises(TargetError, match="DEPENDENCIES_URL"):
        parse_dependencies(document)
