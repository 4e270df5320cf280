"""Thresholds in k6's grammar, and what they say about a run.

    http_req_duration{operation:read,phase:load}: p(95)<500, max<10000 abortOnFail delayAbortEval=30s

A metric's name, tags that choose among its samples, and one or more conditions joined by commas. Times are
milliseconds. `abortOnFail` ends the run as soon as a condition fails, but not before `delayAbortEval` has passed.

A condition over no samples is *not judged*: a latency nobody measured is not a good one. It fails the run like a
failed one, but is shown as what it is. Counts are always judged: none is a count, too.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.catalog import METRICS, Count, Gauge, Ratio, find_metric
from dms_load_test.sample import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dms_load_test.metrics.catalog import Observation
    from dms_load_test.metrics.totals import Totals

AGGREGATIONS: Mapping[str, Mapping[str, Callable[..., float]]] = {
    "trend": {
        "avg": lambda times: times.mean_us / 1000,
        "min": lambda times: times.min_us / 1000,
        "med": lambda times: times.percentile_us(50) / 1000,
        "max": lambda times: times.max_us / 1000,
        "stddev": lambda times: times.stddev_us / 1000,
        "p": lambda times, percent: times.percentile_us(percent) / 1000,
    },
    "rate": {"rate": lambda ratio: ratio.hits / ratio.total},
    "counter": {
        "count": lambda count: count.total,
        "rate": lambda count: count.total / count.seconds if count.seconds else 0.0,
    },
    "gauge": {"value": lambda gauge: gauge.last, "max": lambda gauge: gauge.largest},
}
"""By kind of metric: function name -> value. To add a threshold function, add a line; `p` alone takes an argument."""
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
}
_THRESHOLD = re.compile(r"\s*(?P<metric>\w+)\s*(?:\{(?P<tags>[^}]*)\})?\s*:\s*(?P<conditions>.+?)\s*", re.DOTALL)
_NEXT_TAG = re.compile(r",(?=\w+:)")
_ABORT = re.compile(r"\s+abortOnFail(?:\s+delayAbortEval=(?P<delay>\S+))?$")
_CONDITION = re.compile(
    r"(?P<function>[a-z]+)\s*(?:\(\s*(?P<percent>\d+(?:\.\d+)?)\s*\))?\s*"
    r"(?P<comparison>===|==|!=|<=|>=|<|>)\s*(?P<limit>-?\d+(?:\.\d+)?)"
)
_DELAY = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_ALL_PERCENT = 100.0


class Judgement(Enum):
    """What became of a condition."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Condition:
    """`function(percent) comparison limit`; `percent` only for `p`."""

    function: str
    percent: float | None
    comparison: str
    limit: float

    def __str__(self) -> str:
        argument = "" if self.percent is None else f"({_plain(self.percent)})"
        return f"{self.function}{argument}{self.comparison}{_plain(self.limit)}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One parsed threshold. `abort_after_s` is None where a failure does not end the run.

    `own` names the metric with its kind where it is a scenario's own.
    """

    metric: str
    selector: Mapping[str, str]
    conditions: tuple[Condition, ...]
    abort_after_s: float | None = None
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The metric with its selector: `http_req_duration{operation:read}`."""
        tags = ",".join(f"{tag}:{value}" for tag, value in self.selector.items())
        return f"{self.metric}{{{tags}}}" if tags else self.metric


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """One condition's judgement; `observed` (ms, share or number, as the limit) is None where nothing was measured."""

    subject: str
    condition: str
    observed: float | None
    judgement: Judgement


def _plain(number: float) -> str:
    """Return all digits of a number, as the grammar has them: without an exponent."""
    return format(Decimal(repr(number)).normalize(), "f")


def parse_threshold(text: str, phase: str = "", own: Mapping[str, str] | None = None) -> Threshold:
    """Read one threshold; `phase` becomes its selector's phase where it names none.

    `own` are a scenario's metrics: name -> `counter` or `trend`.

    Raises: ConfigError: saying which part is wrong and what was expected.
    """
    match = _THRESHOLD.fullmatch(text)
    if match is None:
        raise ConfigError(f"threshold {text!r}: expected `metric{{tag:value}}: p(95)<500`")
    name = match["metric"]
    known = own or {}
    metric = find_metric(name, known)
    if metric is None:
        raise ConfigError(
            f"threshold {text!r}: unknown metric {name!r}; expected one of {', '.join((*METRICS, *known))}"
        )
    selector = _selector(match["tags"] or "", metric.tags, text)
    if phase and "phase" in metric.tags:
        selector.setdefault("phase", phase)
    conditions, abort_after_s = _abort(match["conditions"], text)
    parsed = tuple(_condition(part, metric.kind, text) for part in conditions.split(","))
    used = {name: known[name]} if name in known else {}
    return Threshold(name, selector, parsed, abort_after_s, used)


def read_subject(subject: str) -> tuple[str, dict[str, str]]:
    """Return metric and selector of a `Threshold.subject`. The name of a check in it may have commas and braces."""
    name, _, tags = subject.removesuffix("}").partition("{")
    return name, dict(part.split(":", 1) for part in _NEXT_TAG.split(tags) if part)


def judge_thresholds(thresholds: Iterable[Threshold], totals: Totals) -> tuple[ThresholdResult, ...]:
    """Return a result for each condition, in order."""
    results: list[ThresholdResult] = []
    for threshold in thresholds:
        metric = find_metric(threshold.metric, threshold.own)
        assert metric is not None, threshold.metric
        observation = metric.read(totals, threshold.selector)
        results.extend(
            _judge(threshold.subject, condition, AGGREGATIONS[metric.kind][condition.function], observation)
            for condition in threshold.conditions
        )
    return tuple(results)


def failing_abort(thresholds: Iterable[Threshold], totals: Totals, elapsed_s: float) -> ThresholdResult | None:
    """Return a failed condition that must end the run now; `elapsed_s` counts from the start of what it judges."""
    due = [t for t in thresholds if t.abort_after_s is not None and elapsed_s >= t.abort_after_s]
    return next((r for r in judge_thresholds(due, totals) if r.judgement is Judgement.FAILED), None)


def _judge(
    subject: str, condition: Condition, function: Callable[..., float], observation: Observation
) -> ThresholdResult:
    if is_empty(observation):
        return ThresholdResult(subject, str(condition), None, Judgement.NOT_JUDGED)
    argument = () if condition.percent is None else (condition.percent,)
    observed = function(observation, *argument)
    holds = COMPARISONS[condition.comparison](observed, condition.limit)
    return ThresholdResult(subject, str(condition), observed, Judgement.PASSED if holds else Judgement.FAILED)


def is_empty(observation: Observation) -> bool:
    """Whether there is nothing to judge: no time, no thing to take a share of. Counts and gauges always hold one."""
    if isinstance(observation, Count | Gauge):
        return False
    return observation.total == 0 if isinstance(observation, Ratio) else not observation


def _selector(tags: str, allowed: tuple[str, ...], text: str) -> dict[str, str]:
    selector: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in tags.split(","))):
        tag, colon, value = (piece.strip() for piece in part.partition(":"))
        if tag not in allowed or not colon or not value:
            names = ", ".join(allowed) or "none: this metric has no tags"
            raise ConfigError(f"threshold {text!r}: {part!r} is no tag:value; expected tags {names}")
        if tag == "operation" and value not in OPERATIONS:
            raise ConfigError(f"threshold {text!r}: no operation {value!r}; expected one of {', '.join(OPERATIONS)}")
        selector[tag] = value
    return selector


def _abort(conditions: str, text: str) -> tuple[str, float | None]:
    match = _ABORT.search(conditions)
    if match is None:
        return conditions, None
    delay = match["delay"]
    if delay is None:
        return conditions[: match.start()], 0.0
    parts = _DELAY.fullmatch(delay)
    if parts is None:
        raise ConfigError(f"threshold {text!r}: delayAbortEval={delay}; expected a duration such as 30s or 1m30s")
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return conditions[: match.start()], hours * 3600 + minutes * 60 + seconds


def _condition(part: str, kind: str, text: str) -> Condition:
    match = _CONDITION.fullmatch(part.strip())
    known: Mapping[str, Any] = AGGREGATIONS[kind]
    expected = ", ".join("p(N)" if name == "p" else name for name in known)
    if match is None or match["function"] not in known or (match["function"] == "p") != (match["percent"] is not None):
        raise ConfigError(
            f"threshold {text!r}: {part.strip()!r} is no condition of a {kind}; expected one of {expected}, "
            f"then one of {' '.join(COMPARISONS)}, then a number"
        )
    percent = None if match["percent"] is None else float(match["percent"])
    if percent is not None and percent > _ALL_PERCENT:
        raise ConfigError(f"threshold {text!r}: p({percent:g}); expected a percentage of 0 to 100")
    return Condition(match["function"], percent, match["comparison"], float(match["limit"]))
