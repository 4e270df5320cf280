from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.edfi.graph import CycleError, Edge, break_cycles, ranks

NAMES = "abcdefgh"
EDGES = st.sets(st.builds(Edge, st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=30)


def broken_up(edges):
    try:
        return break_cycles(edges)
    except CycleError as error:
        required = {(edge.before, edge.after) for edge in edges if edge.required}
        cycle = error.cycle
        assert cycle[0] == cycle[-1]
        assert all(pair in required for pair in pairwise(cycle))
        return None


@given(EDGES)
def test_what_is_kept_can_be_ranked_and_what_is_broken_was_optional_and_closed_a_cycle(edges):
    parts = broken_up(edges)
    if parts is None:
        return
    kept, broken = parts
    assert kept | broken == set(edges)
    assert not any(edge.required for edge in broken)
    rank = ranks(NAMES, kept)
    assert all(rank[edge.before] < rank[edge.after] for edge in kept)
    # an edge that agrees with every order that `kept` allows need not have been broken
    assert all(edge.before == edge.after or reaches(kept, edge.after, edge.before) for edge in broken)


@given(EDGES)
def test_the_order_in_which_edges_are_given_does_not_matter(edges):
    ascending = sorted(edges)
    assert broken_up(ascending) == broken_up(ascending[::-1])


def reaches(edges, start, goal):
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting += [edge.after for edge in edges if edge.before == name and edge.after not in seen]
    return goal in seen
