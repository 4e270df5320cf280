"""Whatever a file of overrides says: it is refused with its place, or makes only values that a server takes."""

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dms_load_test.edfi.schema import walk_leaves
from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.fields import compile_leaf
from dms_load_test.errors import ConfigError
from dms_load_test.generators.override_file import parse_overrides

MODEL = load_standard().model
LEAVES = {
    (resource, path.removeprefix("$.").replace("[*]", "")): leaf
    for resource in ("students", "schools", "studentSchoolAssociations", "surveys", "bellSchedules", "assessments")
    for path, leaf in walk_leaves(MODEL.resources[resource].body)
}
DAYS = {"min_value": date(1900, 1, 1), "max_value": date(2100, 1, 1)}
MOMENTS = {"min_value": datetime(1900, 1, 1), "max_value": datetime(2100, 1, 1)}  # noqa: DTZ001 - with and without zones
SCALARS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["2025-08-31", "08:00:00", "08:00", "2025-W01-1", "20250831", "12:00:00Z", " x", "a#"]),
    st.integers(),
    st.integers(-5, 2100),
    st.floats(),
    st.floats(0, 1).map(lambda number: round(number, 2)),
    st.booleans(),
    st.none(),
    st.dates(**DAYS),
    st.datetimes(**MOMENTS, timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5))])),
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)
SAID = st.one_of(
    ANYTHING,
    st.lists(ANYTHING, max_size=3).map(lambda given: {"choices": given}),
    st.tuples(SCALARS, SCALARS).map(lambda given: {"range": list(given)}),
    SCALARS.map(lambda given: {"range": [given, given]}),
    st.dictionaries(SCALARS, st.floats() | st.integers(-1, 9), max_size=3).map(lambda given: {"choices": given}),
    (st.text(max_size=9) | st.sampled_from(["{firstName}", "{sessionName}-{x}", "{{", " "])).map(
        lambda given: {"template": given}
    ),
)


def read(text):
    """Return what a file says; None where it is refused."""
    try:
        return parse_overrides(text, "mine.yaml", MODEL, 1)
    except ConfigError as error:
        told = str(error)
    assert told.startswith("mine.yaml:")
    return None


@given(st.sampled_from(sorted(LEAVES)), SAID, st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_what_is_taken_makes_only_values_that_the_member_takes(at, said, seed):
    resource, field = at
    try:
        text = yaml.safe_dump({resource: {field: said}}, allow_unicode=True)
    except (yaml.YAMLError, OverflowError, ValueError):
        assume(False)
    found = read(text)
    if found is None:
        return
    (override,) = found[resource]
    check, dice = compile_leaf(LEAVES[at]), Random(seed)
    for _ in range(5):
        value = override.value(dice.getrandbits(64), {"firstName": "Ana"})
        assert value is None or check(value) == value


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_with_its_place(text):
    read(text)


@pytest.mark.parametrize("tag", ["!!bool x", "!!int ''", "!!float x", "!!timestamp x", "!!python/name:os.system x"])
def test_a_tag_that_does_not_fit_its_text_is_refused_with_its_place(tag):
    with pytest.raises(ConfigError, match=r"mine\.yaml:1: students\.firstName: no plain value"):
        parse_overrides(f"students: {{firstName: {tag}}}", "mine.yaml", MODEL, 1)
