"""Laws of levels and closures, over random choices from the embedded standard."""

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.edfi.dependencies import DependencyGraph, parse_dependencies, write_dependencies
from dms_load_test.edfi.links import links_of
from dms_load_test.edfi.standard import load_standard

MODEL = load_standard().model
ENTRIES = parse_dependencies(write_dependencies(MODEL))
ORDERS = {entry.resource: entry.order for entry in ENTRIES if "Create" in entry.operations}
GRAPH = DependencyGraph.build(MODEL, ENTRIES)
CHOICES = st.sets(st.sampled_from(sorted(MODEL.resources)), max_size=60)


@given(CHOICES)
def test_levels_hold_each_chosen_resource_once_after_all_that_it_refers_to(chosen):
    levels = GRAPH.levels(chosen)
    level_of = {name: number for number, level in enumerate(levels) for name in level}
    assert sorted(name for level in levels for name in level) == sorted(chosen)
    assert all(levels)
    broken = GRAPH.broken(chosen)
    for name in chosen:
        for target in GRAPH.references(name) & chosen - {name}:
            assert level_of[target] < level_of[name] or (name, target) in broken


@given(CHOICES)
def test_levels_of_the_standard_keep_the_order_of_the_list(chosen):
    ordered = [ORDERS.get(name, 0) for level in GRAPH.levels(chosen) for name in level]
    assert ordered == sorted(ordered)


@given(CHOICES)
def test_a_closure_meets_every_need_and_grows_no_further(chosen):
    closed = GRAPH.closure(chosen)
    assert closed >= chosen
    assert GRAPH.closure(closed) == closed
    for name in closed:
        for link in links_of(MODEL, MODEL.resources[name]):
            if link.required and not link.descriptor:
                assert closed & set(link.targets), (name, link)


@given(st.sampled_from(sorted(MODEL.resources)))
def test_referrers_are_those_that_refer(resource):
    assert GRAPH.referrers(resource) == {name for name in MODEL.resources if resource in GRAPH.references(name)}
