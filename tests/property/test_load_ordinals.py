from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.load.ordinals import OrdinalSet

ORDINALS = st.lists(st.integers(0, 3000), max_size=60)


@given(ORDINALS, st.integers(0, 3000))
@settings(max_examples=50)
def test_it_is_the_set_of_its_ordinals(ordinals, other):
    found = OrdinalSet(ordinals)

    assert len(found) == len(set(ordinals))
    assert found.end == max(ordinals, default=-1) + 1
    assert all(ordinal in found for ordinal in ordinals)
    assert (other in found) == (other in set(ordinals))


@given(ORDINALS, st.integers(0, 3000))
@settings(max_examples=50)
def test_what_is_there_and_what_is_missing_make_the_whole(ordinals, total):
    missing = OrdinalSet(ordinals).missing(total)

    assert list(missing) == sorted(set(range(total)) - set(ordinals))
