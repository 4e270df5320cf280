"""Meters in Prometheus' text format, version 0.0.4. Pure; `views/dashboard.py` serves it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from dms_load_test.views.meters import BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.views.meters import Family, Labels, Meters, Times

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(meters: Meters) -> str:
    """Return all metrics as text."""
    return "".join(line for name, family in meters.families() for line in _family(name, family))


def _family(name: str, family: Family) -> Iterator[str]:
    yield f"# HELP {name} {_escape(family.help, quotes=False)}\n# TYPE {name} {family.kind}\n"
    for labels, value in family.values.items():
        yield f"{name}{_labels(labels)} {_number(value)}\n"
    for labels, times in family.times.items():
        yield from _histogram(name, labels, times)


def _histogram(name: str, labels: Labels, times: Times) -> Iterator[str]:
    bounds = (*map(_number, BOUNDS_S), "+Inf")
    for bound, count in zip(bounds, accumulate(times.counts), strict=True):
        yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {count}\n"
    yield f"{name}_sum{_labels(labels)} {times.sum_s!r}\n{name}_count{_labels(labels)} {times.count}\n"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}" if labels else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escape(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text
