"""Charts as data: what is drawn, not how. One time axis: seconds since the run began.

A chart has `id`, `title`, `kind` (lines, bars, heat, percentiles, knee), `unit`, `scale` (linear, log), `x`, and
`series` of `name`, `values` and `tone` (good, bad, plan, or a number for the palette). `empty` tells what to say
without data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.tally import CRUD
from dms_load_test.results.timeline import PERCENTS, band_end_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.results.events import StepBegin
    from dms_load_test.results.story import Story
    from dms_load_test.results.timeline import Counts, TimesFigures

_ARRIVALS = "arrival-rate"
_FEWEST_STEPS = 3
"""Different loads that make a knee plot."""
_TAIL = (0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99, 99.995, 99.999)
_HEALTH_CHARTS = (("cpu_ratio", "CPU", 100.0, "% of a core"), ("loop_lag_p99_ms", "loop lag p99", 1.0, "ms"))

_UNITS = {"_per_s": "per second", "_ratio": "share", "_bytes": "bytes", "_ms": "ms", "": "number"}
"""Ends of the names of a server's figures, the empty one for the rest."""


def charts_of(story: Story, distributions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return all charts and the phases behind them; `distributions` are `distribution_charts` of some seconds ago."""
    counts = story.counts.shown()
    times = [(s.t, s.figures) for s in story.times.shown() if s.texts]
    charts = [
        _rate(counts),
        _latency(times),
        _heat(times),
        _operations(times),
        _failures(counts),
        *_load(story, counts),
        *(distributions or distribution_charts(story))["charts"],
        *_health(counts),
        *_server(story),
    ]
    return {"charts": charts, "phases": _phases(story)}


def distribution_charts(story: Story) -> dict[str, Any]:
    """Return the charts that are not over time; they take longer than all others."""
    return {"charts": [_percentile_plot(story), *_knees(story)]}


def chart(name: str, title: str, unit: str, x: Sequence[float], **more: Any) -> dict[str, Any]:
    """Return a chart; `more` replaces the defaults: lines on a linear scale."""
    return {"id": name, "title": title, "unit": unit, "x": x, "kind": "lines", "scale": "linear", "empty": "", **more}


def series(name: str, values: Sequence[float | None], tone: str | int) -> dict[str, Any]:
    """Return one series of a chart; None leaves a gap."""
    return {"name": name, "values": values, "tone": tone}


def _rate(slices: Sequence[Counts]) -> dict[str, Any]:
    good = [_per_s(s, sum(n for (_, ok), n in s.requests.items() if ok)) for s in slices]
    bad = [_per_s(s, sum(n for (_, ok), n in s.requests.items() if not ok)) for s in slices]
    return chart(
        "rate",
        "Requests per second",
        "requests/s",
        [s.t for s in slices],
        series=[series("succeeded", good, "good"), series("failed", bad, "bad")],
    )


def _latency(figures: Sequence[tuple[float, TimesFigures]]) -> dict[str, Any]:
    lines = [
        series(f"p{percent:g}", [_ms(f.percentiles_us[n]) for _, f in figures], n) for n, percent in enumerate(PERCENTS)
    ]
    lines.append(series("max", [_ms(f.max_us) for _, f in figures], len(PERCENTS)))
    return chart("latency", "Response times", "ms", [t for t, _ in figures], series=lines, scale="log")


def _heat(figures: Sequence[tuple[float, TimesFigures]]) -> dict[str, Any]:
    seen = [band for _, f in figures for band in f.heat]
    bands = range(min(seen), max(seen) + 1) if seen else range(0)
    return chart(
        "heat",
        "Response times as a heat map",
        "ms",
        [t for t, _ in figures],
        kind="heat",
        scale="log",
        y=[band_end_us(band) / 1000 for band in bands],
        z=[[f.heat.get(band, 0) for _, f in figures] for band in bands],
        series=[],
    )


def _operations(figures: Sequence[tuple[float, TimesFigures]]) -> dict[str, Any]:
    lines = [
        series(name, [_ms(f.p95_us[name]) if name in f.p95_us else None for _, f in figures], n)
        for n, name in enumerate(CRUD)
        if any(name in f.p95_us for _, f in figures)
    ]
    x = [t for t, _ in figures]
    return chart("operations", "p95 response time by operation", "ms", x, series=lines, scale="log")


def _failures(slices: Sequence[Counts]) -> dict[str, Any]:
    statuses = sorted({status for s in slices for status in s.failures})
    bars = [
        series(str(status) if status else "no answer", [_per_s(s, s.failures[status]) for s in slices], n)
        for n, status in enumerate(statuses)
    ]
    return chart(
        "failures",
        "Failed requests by status",
        "requests/s",
        [s.t for s in slices],
        series=bars,
        kind="bars",
        empty="No request failed.",
    )


def _load(story: Story, slices: Sequence[Counts]) -> Iterable[dict[str, Any]]:
    """Yield users against plan, and arrivals against plan where there are some."""
    x = [s.t for s in slices]
    begins = [step.begin for step in story.steps]
    users = [
        series("active", [s.users for s in slices], 0),
        series("allocated", [s.users_max for s in slices], 1),
        series("planned", [_planned(begins, s.t, arrivals=False) for s in slices], "plan"),
    ]
    yield chart("users", "Virtual users", "users", x, series=_told(users))
    if any(_ARRIVALS in begin.executor for begin in begins):
        started = [_per_s(s, s.sums["iterations"] + s.sums["dropped"]) for s in slices]
        lines = [
            series("completed or dropped", started, 0),
            series("dropped", [_per_s(s, s.sums["dropped"]) for s in slices], "bad"),
            series("planned", [_planned(begins, s.t, arrivals=True) for s in slices], "plan"),
        ]
        yield chart("arrivals", "Iterations per second", "iterations/s", x, series=lines)


def _told(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out series without a value."""
    return [line for line in lines if any(value is not None for value in line["values"])]


def _planned(begins: Sequence[StepBegin], t: float, *, arrivals: bool) -> float | None:
    """Return what was planned at `t`; None where nothing of the kind was."""
    begin = next((b for b in reversed(begins) if b.t <= t), None)
    if begin is None or not begin.course or (_ARRIVALS in begin.executor) is not arrivals:
        return None
    since = t - begin.t
    if len(begin.course) > 1 and since > begin.course[-1][0]:
        return None
    before = begin.course[0]
    for point in begin.course:
        if point[0] > since:
            width = point[0] - before[0]
            return before[1] + (point[1] - before[1]) * (since - before[0]) / width
        before = point
    return before[1]


def _percentile_plot(story: Story) -> dict[str, Any]:
    """Return response times over the share of requests that were faster, each operation as far as its count reaches."""
    lines = []
    for name, times in story.response_times().items():
        values = [_ms(us) for us in times.percentiles_us(_TAIL)]
        lines.append(series(name, _as_far_as_told(values, times), CRUD.index(name)))
    return chart(
        "percentiles",
        "Response times by percentile",
        "ms",
        list(_TAIL),
        series=lines,
        kind="percentiles",
        scale="log",
    )


def _as_far_as_told(values: list[float], times: Distribution) -> list[float | None]:
    """Leave out percentiles beyond the last but one request: they would repeat the maximum."""
    count = times.count
    return [value if count * (100 - percent) >= 100 else None for value, percent in zip(values, _TAIL, strict=True)]  # noqa: PLR2004 - per cent


def _knees(story: Story) -> Iterable[dict[str, Any]]:
    """Yield throughput and p95 over load for each phase whose steps differ in load."""
    for phase in dict.fromkeys(step.begin.phase for step in story.steps):
        steps = [s for s in story.steps if s.begin.phase == phase and s.requests and s.begin.limit_s]
        loads = [max((value for _, value in s.begin.course), default=float(s.begin.users)) for s in steps]
        if len(set(loads)) < _FEWEST_STEPS:
            continue
        unit = "arrivals/s" if _ARRIVALS in steps[0].begin.executor else "virtual users"
        yield chart(
            f"knee-{phase}",
            f"{phase}: throughput and p95 over load",
            unit,
            loads,
            kind="knee",
            series=[
                series("requests/s", [s.requests / s.seconds if s.seconds else 0.0 for s in steps], "good"),
                series("p95, ms", [_ms(s.times.percentile_us(95)) for s in steps], "plan"),
            ],
        )


def _health(slices: Sequence[Counts]) -> Iterable[dict[str, Any]]:
    for name, label, factor, unit in _HEALTH_CHARTS:
        values = [s.health[name] * factor if name in s.health else None for s in slices]
        if any(value is not None for value in values):
            x = [s.t for s in slices]
            yield chart(f"health-{name}", f"Load generator: {label}", unit, x, series=[series(label, values, 0)])


def _server(story: Story) -> Iterable[dict[str, Any]]:
    """Yield a chart for each source on the server's side and unit: the last part of the figures' names."""
    for source, timeline in story.server.items():
        slices = timeline.shown()
        names = sorted({name for s in slices for name in s.sums})
        for unit, title in _UNITS.items():
            lines = [name for name in names if name.endswith(unit) and unit == _unit_of(name)]
            if lines:
                yield chart(
                    f"server-{source}-{unit}",
                    f"Server ({source})",
                    title,
                    [s.t for s in slices],
                    series=[
                        series(name.removesuffix(unit).replace("_", " ").strip(), [s.mean(name) for s in slices], n)
                        for n, name in enumerate(lines)
                    ],
                )


def _unit_of(name: str) -> str:
    return next((unit for unit in _UNITS if unit and name.endswith(unit)), "")


def _phases(story: Story) -> list[dict[str, Any]]:
    """Return the time of each phase, for bands behind the charts."""
    found: dict[str, dict[str, Any]] = {}
    for step in story.steps:
        band = found.setdefault(step.begin.phase, {"phase": step.begin.phase, "from": step.begin.t, "to": None})
        band["to"] = step.ended_s
    end = story.run.recorded_s if story.run else 0.0
    return [{**band, "to": end if band["to"] is None else band["to"]} for band in found.values()]


def _per_s(slice_: Counts, count: int) -> float:
    return round(count / slice_.seconds, 3) if slice_.seconds else 0.0


def _ms(us: float) -> float:
    return us / 1000
