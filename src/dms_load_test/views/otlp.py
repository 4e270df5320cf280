"""Meters as a request of OpenTelemetry's protocol (OTLP over HTTP, JSON encoding). Pure; `app/telemetry.py` sends it.

Why without OpenTelemetry's SDK: it takes histograms only measurement by measurement, on the loop that times requests;
here they are folded already. Source: opentelemetry-proto 1.x, `metrics.proto`; 64-bit numbers are texts in JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.views.meters import BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.views.meters import Family, Labels, Meters

_CUMULATIVE = 2
_SCOPE = "dms-load-test"


def otlp_request(meters: Meters, resource: Mapping[str, str], began_ns: int, now_ns: int) -> dict[str, Any]:
    """Return the request's body as plain values. Times are nanoseconds since 1970; sums count since `began_ns`."""
    moment = {"startTimeUnixNano": str(began_ns), "timeUnixNano": str(now_ns)}
    metrics = [_metric(name, family, moment) for name, family in meters.families()]
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": _attributes(tuple(resource.items()))},
                "scopeMetrics": [{"scope": {"name": _SCOPE}, "metrics": metrics}],
            }
        ]
    }


def _metric(name: str, family: Family, moment: Mapping[str, str]) -> dict[str, Any]:
    described = {"name": name, "description": family.help, "unit": family.unit}
    points = [
        {**moment, "attributes": _attributes(labels), "asDouble": value} for labels, value in family.values.items()
    ]
    if family.kind == "gauge":
        return {**described, "gauge": {"dataPoints": points}}
    if family.kind == "counter":
        return {
            **described,
            "sum": {"dataPoints": points, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True},
        }
    histograms = [
        {
            **moment,
            "attributes": _attributes(labels),
            "count": str(times.count),
            "sum": times.sum_s,
            "bucketCounts": [str(count) for count in times.counts],
            "explicitBounds": list(BOUNDS_S),
        }
        for labels, times in family.times.items()
    ]
    return {**described, "histogram": {"dataPoints": histograms, "aggregationTemporality": _CUMULATIVE}}


def _attributes(labels: Labels) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in labels]
