from dms_load_test.metrics.buckets import Buckets


def of(*parts):
    buckets = Buckets()
    for part in parts:
        buckets.add(part)
    return buckets


def test_counts_are_added_by_index():
    buckets = of({10: 1, 12: 2}, {12: 3})
    assert (buckets.filled(), buckets.held, buckets.total) == ({10: 1, 12: 5}, 2, 6)


def test_the_span_widens_in_both_directions():
    assert of({100: 1}, {3: 2}, {23_000: 4}).filled() == {3: 2, 100: 1, 23_000: 4}


def test_nothing_added_is_nothing():
    buckets = of({}, {})
    assert (buckets.filled(), buckets.held, buckets.total) == ({}, 0, 0)


def test_a_count_may_outgrow_four_bytes():
    assert of({7: 2**32 - 1, 8: 1}, {7: 2, 9: 2**40}, {7: 1}).filled() == {7: 2**32 + 2, 8: 1, 9: 2**40}


def test_merging_adds_what_the_other_holds():
    mine, other = of({10: 1, 12: 2}), of({5: 4, 12: 1, 20: 3})
    mine.merge(other)
    mine.merge(Buckets())
    assert mine.filled() == {5: 4, 10: 1, 12: 3, 20: 3}
    assert other.filled() == {5: 4, 12: 1, 20: 3}


def test_merging_into_nothing_copies():
    mine, other = Buckets(), of({5: 4})
    mine.merge(other)
    other.add({5: 1})
    assert mine.filled() == {5: 4}


def test_merged_counts_may_outgrow_four_bytes():
    mine = of({7: 2**32 - 1, 8: 1})
    mine.merge(of({7: 1}))
    mine.merge(of({8: 2**33}))
    assert mine.filled() == {7: 2**32, 8: 2**33 + 1}
