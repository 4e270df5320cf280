"""Which documents are asked for."""

from collections import Counter
from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.scenarios.popularity import Popularity, ResourceChoice, ordinal_of, zipf_rank

DRAWS = 20_000


def zipf_share(rank, count):
    """The part of all draws that Zipf's law gives to a rank."""
    return (log(rank + 2) - log(rank + 1)) / log(count + 1)


@settings(max_examples=50)
@given(count=st.integers(1, 500))
def test_ranks_and_ordinals_are_one_to_one(count):
    assert sorted(ordinal_of(rank, count) for rank in range(count)) == list(range(count))


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_ranks_follow_zipf_s_law(count):
    random = Random(1)
    drawn = Counter(zipf_rank(random, count) for _ in range(DRAWS))

    assert set(drawn) <= set(range(count))
    for rank in range(min(count, 5)):
        assert drawn[rank] / DRAWS == pytest.approx(zipf_share(rank, count), abs=0.015)


def test_few_documents_are_asked_for_most_of_the_time(user):
    counts = {"children": 200}
    for ordinal in range(200):
        user.inventory.add("children", ordinal, f"children/{ordinal}")
    popularity, choice = Popularity("zipf", counts), ResourceChoice(counts, counts, {})
    taken = Counter()
    for _ in range(2000):
        entry = popularity.take(user, choice)
        taken[entry.ordinal] += 1
        user.inventory.give_back(entry)

    most = sum(count for _, count in taken.most_common(20))
    assert most / 2000 == pytest.approx(sum(zipf_share(rank, 200) for rank in range(20)), abs=0.05)


def test_large_resources_are_chosen_more_often_and_weights_say_otherwise():
    random, counts = Random(2), {"many": 900, "few": 100}
    by_size = Counter(ResourceChoice(counts, counts, {}).one(random) for _ in range(4000))
    by_weight = Counter(ResourceChoice(counts, counts, {"few": 90.0}).one(random) for _ in range(4000))

    assert by_size["many"] / by_size["few"] == pytest.approx(3.0, rel=0.15)
    assert by_weight["few"] / by_weight["many"] == pytest.approx(3.0, rel=0.15)


def test_a_group_is_favoured_up_to_its_share_in_proportion_and_no_further():
    counts = {"many": 900, "few": 100, "fewer": 25}
    choice = ResourceChoice(counts, counts, {})
    random, drawn = Random(3), Counter()
    favoured = choice.favouring({"few", "fewer"}, 0.8)
    for _ in range(4000):
        drawn[favoured.one(random)] += 1

    assert (drawn["few"] + drawn["fewer"]) / 4000 == pytest.approx(0.8, abs=0.03)
    assert drawn["few"] / drawn["fewer"] == pytest.approx(2.0, rel=0.15)
    assert choice.favouring({"many"}, 0.5) is choice
    assert choice.favouring({"none"}, 0.5) is choice
