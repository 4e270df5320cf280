"""Laws of the threshold grammar."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.catalog import METRICS
from dms_load_test.metrics.thresholds import AGGREGATIONS, COMPARISONS, parse_threshold, read_subject
from dms_load_test.sample import OPERATIONS

bounded = settings(max_examples=50, deadline=None)


shares = st.integers(1, 10**7 - 1).map(lambda number: f"{number / 10**7:.7f}".rstrip("0"))


@st.composite
def threshold_texts(draw):
    name = draw(st.sampled_from(sorted(METRICS)))
    metric = METRICS[name]
    tags = draw(st.lists(st.sampled_from(metric.tags), unique=True, max_size=2)) if metric.tags else []
    values = [draw(st.sampled_from(OPERATIONS)) if tag == "operation" else "students" for tag in tags]
    function = draw(st.sampled_from(sorted(AGGREGATIONS[metric.kind])))
    argument = f"({draw(st.integers(0, 100).map(str) | shares)})" if function == "p" else ""
    limit = draw(st.integers(-5, 10**15).map(str) | shares)
    condition = f"{function}{argument}{draw(st.sampled_from(sorted(COMPARISONS)))}{limit}"
    selector = ",".join(f"{tag}:{value}" for tag, value in zip(tags, values, strict=True))
    return f"{name}{{{selector}}}" if selector else name, condition


@bounded
@given(threshold_texts())
def test_a_threshold_reads_as_it_is_shown(text):
    subject, condition = text
    threshold = parse_threshold(f"{subject}: {condition}")
    assert (threshold.subject, [str(part) for part in threshold.conditions]) == (subject, [condition])


@bounded
@given(threshold_texts())
def test_a_shown_subject_reads_as_its_metric_and_selector(text):
    threshold = parse_threshold(": ".join(text))
    assert read_subject(threshold.subject) == (threshold.metric, threshold.selector)


@bounded
@given(st.text(max_size=60) | threshold_texts().map(":".join).flatmap(lambda text: st.just(text[:-1] + "%")))
def test_any_other_text_is_the_users_mistake_and_nothing_worse(text):
    with contextlib.suppress(ConfigError):
        parse_threshold(text)
