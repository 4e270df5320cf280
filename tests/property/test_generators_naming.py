"""Education organizations of one run never meet, in the seed's spaces and in a range of the user's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.errors import ConfigError
from dms_load_test.generators.district import DistrictSizes, agencies_of
from dms_load_test.generators.naming import Naming, organizations_of

RANGE = range(990_000_000, 1_000_000_000)
SEEDS = st.integers(0, 2**31)


def sizes(schools):
    return DistrictSizes(schools=schools, students=1, staff=1, courses_per_school=1, sections_per_course=1)


@given(SEEDS, st.integers(1, 700), st.sampled_from([None, RANGE]))
@settings(max_examples=50)
def test_agencies_schools_and_other_kinds_never_meet(seed, schools, ids):
    found = organizations_of(Naming(organizations=ids), sizes(schools), seed)
    agencies = [found.agency_id(number) for number in range(agencies_of(schools))]
    school_ids = [found.school_id(number) for number in range(schools)]
    others = [found.other_ids(kind, 6)(ordinal) for kind in range(6) for ordinal in range(20)]

    every = [*agencies, *school_ids, *others]
    assert len(set(every)) == len(every)
    assert not any(map(found.is_school, agencies))
    assert all(map(found.is_school, school_ids))
    assert all(number < 2**31 for number in every)
    if ids is not None:
        assert all(number in ids for number in every)


@given(SEEDS, st.integers(0, 400), st.integers(1, 12))
@settings(max_examples=50)
def test_all_ids_that_a_range_has_room_for_differ_over_all_kinds(seed, size, kinds):
    found = organizations_of(Naming(organizations=range(7, 11 + size)), sizes(1), seed)
    room = found.room_for(kinds)
    others = [found.other_ids(kind, kinds)(ordinal) for kind in range(kinds) for ordinal in range(room)]

    assert len(set(others)) == kinds * room == len(others)
    assert room or kinds > (4 + size) // 2


@given(SEEDS, st.integers(1, 1000))
@settings(max_examples=50)
def test_neighbouring_seeds_share_no_school_of_a_range(seed, apart):
    one, other = (organizations_of(Naming(organizations=RANGE), sizes(10), number) for number in (seed, seed + apart))

    assert not {one.school_id(n) for n in range(10)} & {other.school_id(n) for n in range(10)}


def test_a_range_without_room_is_refused():
    with pytest.raises(ConfigError, match="10 schools need 22"):
        organizations_of(Naming(organizations=range(1, 20)), sizes(10), 1)
