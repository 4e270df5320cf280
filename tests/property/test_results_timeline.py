"""Laws of slices: however they are joined, nothing that is summed is lost."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.results.timeline import Counts, Timeline

slices = st.builds(
    Counts,
    t=st.just(0.0),
    seconds=st.sampled_from([0.01, 0.5, 1.0, 1.02, 7.0]),
    users=st.integers(0, 50),
    users_max=st.integers(0, 50),
    requests=st.builds(Counter, st.dictionaries(st.tuples(st.sampled_from("rw"), st.booleans()), st.integers(1, 99))),
    failures=st.builds(Counter, st.dictionaries(st.sampled_from([0, 409, 500]), st.integers(1, 99))),
    sums=st.builds(Counter, st.dictionaries(st.sampled_from(["iterations", "retries"]), st.integers(1, 99))),
    health=st.dictionaries(st.sampled_from(["cpu_ratio"]), st.floats(0, 1)),
)


@given(st.lists(slices, min_size=1, max_size=200), st.integers(2, 20))
def test_a_timeline_keeps_every_sum_in_few_slices(parts, most):
    timeline = Timeline(most)
    for part in parts:
        timeline.add(part)

    for shown in (timeline.slices, timeline.shown()):
        assert len(shown) <= most
        for name in ("requests", "failures", "sums"):
            before = sum((getattr(part, name) for part in parts), Counter())
            assert sum((getattr(part, name) for part in shown), Counter()) == before
        assert abs(sum(part.seconds for part in shown) - sum(part.seconds for part in parts)) < 1e-6
        assert max(part.users_max for part in shown) == max(part.users_max for part in parts)


@given(slices, slices, slices)
def test_joining_is_associative(a, b, c):
    left, right = a.joined(b).joined(c), a.joined(b.joined(c))
    left.seconds = right.seconds = 0.0

    assert left == right
