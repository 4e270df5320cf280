"""The JSON that `k6 run --summary-export` writes, for tools that read it.

Source: k6's end-of-test summary. A threshold's value is k6's: true where it was *crossed*; one that nothing was
measured for counts as crossed, and its metric has no values. Selectors of thresholds become submetrics, with k6's
names.
"""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.catalog import METRICS, Count, Gauge, Ratio, find_metric, own_figures
from dms_load_test.metrics.thresholds import Judgement, is_empty, read_subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.metrics.catalog import Observation
    from dms_load_test.metrics.thresholds import ThresholdResult
    from dms_load_test.metrics.totals import Totals
    from dms_load_test.views.exports import RunExport

_PERCENTS = {"med": 50.0, "p(90)": 90.0, "p(95)": 95.0, "p(99)": 99.0}


def k6_summary(run: RunExport) -> dict[str, Any]:
    """Return the summary as plain values."""
    totals, results = run.totals, run.verdict.results if run.verdict else ()
    own = {figure.name: "counter" if figure.times is None else "trend" for figure in own_figures(totals)}
    subjects = dict.fromkeys((*METRICS, *own, *(result.subject for result in results)))
    metrics = {name: {**_measured(totals, name, own), **_thresholds(name, results)} for name in subjects}
    return {"root_group": _group(totals), "metrics": {name: told for name, told in metrics.items() if told}}


def _measured(totals: Totals, subject: str, own: Mapping[str, str]) -> dict[str, float]:
    """Return the values of a metric with its selector; empty where nothing was measured."""
    name, selector = read_subject(subject)
    metric = find_metric(name, own)
    return {} if metric is None else _values(metric.read(totals, selector))


def _values(observation: Observation) -> dict[str, float]:
    if is_empty(observation):
        return {}
    match observation:
        case Count():
            seconds = observation.seconds
            return {"count": observation.total, "rate": observation.total / seconds if seconds else 0.0}
        case Ratio():
            hits, total = observation.hits, observation.total
            return {"value": hits / total, "passes": hits, "fails": total - hits}
        case Gauge():
            return {"value": observation.last, "min": 0, "max": observation.largest}
        case times:
            values = times.percentiles_us(_PERCENTS.values())
            return {
                "avg": times.mean_us / 1000,
                "min": times.min_us / 1000,
                "max": times.max_us / 1000,
                **{name: us / 1000 for name, us in zip(_PERCENTS, values, strict=True)},
            }


def _thresholds(name: str, results: tuple[ThresholdResult, ...]) -> dict[str, Any]:
    crossed = {r.condition: r.judgement is not Judgement.PASSED for r in results if r.subject == name}
    return {"thresholds": crossed} if crossed else {}


def _group(totals: Totals) -> dict[str, Any]:
    checks: dict[str, dict[str, Any]] = {}
    for (phase, name), counts in sorted(totals.tally.checks.items()):
        label = f"{phase}: {name}"
        path = f"::{label}"
        checks[label] = {
            "name": label,
            "path": path,
            "id": _id(path),
            "passes": counts.passed,
            "fails": counts.failed,
        }
    return {"name": "", "path": "", "id": _id(""), "groups": {}, "checks": checks}


def _id(path: str) -> str:
    return md5(path.encode(), usedforsecurity=False).hexdigest()  # k6's identifiers
