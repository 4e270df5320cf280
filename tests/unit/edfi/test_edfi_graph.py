import pytest

from dms_load_test.edfi.graph import CycleError, Edge, break_cycles, ranks


def test_an_optional_cycle_is_broken_at_an_optional_edge():
    schools, agencies = Edge("agencies", "schools"), Edge("schools", "agencies", required=False)
    kept, broken = break_cycles({schools, agencies})
    assert kept == {schools}
    assert broken == {agencies}


def test_no_more_optional_edges_are_broken_than_the_order_of_names_needs():
    ab, bc, ca = (Edge(*pair, required=False) for pair in ("ab", "bc", "ca"))
    kept, broken = break_cycles({ca, bc, ab})
    assert kept == {ab, bc}
    assert broken == {ca}


def test_an_optional_self_reference_is_broken_and_a_required_one_is_an_error():
    loop = Edge("a", "a", required=False)
    assert break_cycles({loop}) == (frozenset(), {loop})
    with pytest.raises(CycleError, match="a -> a"):
        break_cycles({Edge("a", "a")})


def test_a_required_cycle_is_named_in_order():
    edges = {Edge("a", "b"), Edge("b", "c"), Edge("c", "a"), Edge("x", "a"), Edge("c", "y")}
    with pytest.raises(CycleError) as caught:
        break_cycles(edges)
    assert caught.value.cycle == ("a", "b", "c", "a")


def test_a_rank_is_above_all_that_comes_before_and_not_below_its_floor():
    edges = {Edge("a", "b"), Edge("b", "c"), Edge("elsewhere", "a")}
    assert ranks(["a", "b", "c", "d"], edges, {"b": 5, "d": 2}) == {"a": 0, "b": 5, "c": 6, "d": 2}
