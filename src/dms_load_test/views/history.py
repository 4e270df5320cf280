"""Past runs in a terminal and as a page: a line each, and a trend of those that can be compared."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from dms_load_test.views.tables import plain_table, room_for_names
from dms_load_test.views.text import milliseconds, plural, printable, rate, share, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console

_STYLES = {"passed": "green", "interrupted": "yellow", "partial": "yellow"}
_FEWEST_FOR_TREND = 2
_NARROW_LEAVES_OUT = ("ops", "p50 ms", "p99 ms")


class HistoryRow(NamedTuple):
    """A run's line: texts, and figures of one phase; None where it had none. Times are ms."""

    run_id: str
    profile: str
    target: str
    verdict: str
    phase: str
    operations: int
    rate_per_s: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    failed_ratio: float | None


class Trend(NamedTuple):
    """Figures of runs alike, the oldest first."""

    title: str
    rates_per_s: tuple[float, ...]
    p95s_ms: tuple[float, ...]
    names: tuple[str, ...]


def trends(rows: Iterable[HistoryRow]) -> list[Trend]:
    """Return a trend for each phase of a profile that two or more runs had against a target."""
    groups: dict[tuple[str, str, str], list[HistoryRow]] = {}
    for row in rows:
        if row.rate_per_s is not None and row.p95_ms is not None:
            groups.setdefault((row.profile, row.phase, row.target), []).append(row)
    return [
        Trend(
            printable(f"{profile}, {phase} against {target}"),
            tuple(row.rate_per_s or 0.0 for row in members),
            tuple(row.p95_ms or 0.0 for row in members),
            tuple(row.run_id for row in members),
        )
        for (profile, phase, target), members in groups.items()
        if len(members) >= _FEWEST_FOR_TREND
    ]


def print_history(console: Console, rows: Sequence[HistoryRow]) -> None:
    """Print a table of the runs, the newest last, and a line for each trend."""
    headings = ("verdict", "phase", "ops", "rate/s", "p50 ms", "p95 ms", "p99 ms", "failed")
    lines = [(row.verdict, printable(row.phase), *_figures(row)) for row in rows]
    longest = max((len(row.run_id) for row in rows), default=0)
    is_wide = room_for_names(console.width, [headings, *lines]) >= longest
    table = plain_table()
    table.add_column("run", no_wrap=True)
    for number, heading in enumerate(headings[:2]):  # these wrap where a line is too short: no name to type, no figure
        words = (len(word) for line in lines for word in line[number].split())
        table.add_column(heading, min_width=max(words, default=0))
    for heading in headings[2:]:
        if is_wide or heading not in _NARROW_LEAVES_OUT:
            table.add_column(heading, justify="right", no_wrap=True)
    for row, (verdict, phase, *cells) in zip(rows, lines, strict=True):
        figures = (
            cell
            for heading, cell in zip(headings[2:], cells, strict=True)
            if is_wide or heading not in _NARROW_LEAVES_OUT
        )
        table.add_row(printable(row.run_id), Text(verdict, style=_STYLES.get(verdict, "red")), phase, *figures)
    console.print(table)
    for trend in trends(rows):
        console.print(Text(f"{trend.title}: {plural(len(trend.names), 'run')}, the oldest first", style="bold"))
        console.print(Text(f"  rate/s  {sparkline(trend.rates_per_s)}  {_span(trend.rates_per_s, rate)}"))
        console.print(Text(f"  p95 ms  {sparkline(trend.p95s_ms)}  {_span(trend.p95s_ms, _ms)}"))


def _figures(row: HistoryRow) -> tuple[str, ...]:
    if row.rate_per_s is None or row.failed_ratio is None:
        return ("-",) * 6
    times = (_ms(value or 0.0) for value in (row.p50_ms, row.p95_ms, row.p99_ms))
    failed = share(round(row.failed_ratio * row.operations), row.operations)
    return (f"{row.operations:,}", rate(row.rate_per_s), *times, failed)


def _ms(value: float) -> str:
    return milliseconds(value * 1000)


def _span(values: Sequence[float], text: Callable[[float], str]) -> str:
    return f"{text(min(values))} to {text(max(values))}, last {text(values[-1])}"


_CSS = """
:root { color-scheme: light dark; --dim: #666; --line: #8884; --rate: #1565c0; --time: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; --rate: #82b1ff; --time: #ffab7a; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; }
th:first-child, td:nth-child(2), td:nth-child(3), th:nth-child(2), th:nth-child(3) { text-align: left; }
svg { width: 100%; height: 8rem; border-bottom: 1px solid var(--line); overflow: visible; }
polyline, path { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
path { stroke-width: 8; stroke-linecap: round; }
.rate { stroke: var(--rate); } .time { stroke: var(--time); } figcaption { color: var(--dim); }
"""
_WIDTH, _HEIGHT = 600.0, 100.0


def history_html(rows: Sequence[HistoryRow]) -> str:
    """Return a page that needs nothing else: a plot for each trend, then all runs."""
    body = "\n".join((*_plots(rows), *_html_table(rows)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Load tests over time</title>'
        f"<style>{_CSS}</style></head>\n<body><h1>Load tests over time</h1>\n{body}\n</body></html>\n"
    )


def _plots(rows: Sequence[HistoryRow]) -> Iterator[str]:
    for trend in trends(rows):
        yield f"<h2>{_text(trend.title)}</h2>"
        for css, what, values, text in (
            ("rate", "Operations a second", trend.rates_per_s, rate),
            ("time", "p95, ms", trend.p95s_ms, _ms),
        ):
            told = f"{what}: {_span(values, text)}"
            yield (
                f'<figure><svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none" role="img" '
                f'aria-label="{_text(told)}"><g class="{css}">{_line(trend, values, text)}</g></svg>'
                f"<figcaption>{_text(told)}. The foot is 0; each dot is a run.</figcaption>"
                "</figure>"
            )


def _line(trend: Trend, values: Sequence[float], text: Callable[[float], str]) -> str:
    """Return a line from run to run, with a dot for each that tells which run it is."""
    top, step = max(values) or 1.0, _WIDTH / (len(values) - 1)
    points = [f"{place * step:.1f},{_HEIGHT * (1 - value / top):.1f}" for place, value in enumerate(values)]
    dots = (
        f'<path d="M{point}h0"><title>{_text(f"{name}: {text(value)}")}</title></path>'
        for point, name, value in zip(points, trend.names, values, strict=True)
    )
    return f'<polyline points="{" ".join(points)}"/>{"".join(dots)}'


def _html_table(rows: Sequence[HistoryRow]) -> Iterator[str]:
    headings = ("Run", "Verdict", "Phase", "Operations", "per s", "p50 ms", "p95 ms", "p99 ms", "Failed")
    yield f"<table><thead><tr>{''.join(f'<th scope=col>{heading}</th>' for heading in headings)}</tr></thead><tbody>"
    for row in reversed(rows):
        cells = (row.verdict, row.phase, *_figures(row))
        yield f"<tr><th scope=row>{_text(row.run_id)}</th>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table>"


def _text(text: str) -> str:
    return escape(printable(text))
