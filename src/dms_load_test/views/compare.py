"""A comparison of two runs in a terminal and as Markdown: what changed, and whether that is more than noise."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from dms_load_test.metrics.difference import ALL_CHANCE, FIGURES, Kind
from dms_load_test.views.tables import plain_table, room_for_names
from dms_load_test.views.text import milliseconds, plural, printable, rate, short_resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from dms_load_test.metrics.difference import Change, Comparison, Row

HEADINGS = {"rate": "rate/s", "p50": "p50 ms", "p95": "p95 ms", "p99": "p99 ms", "errors": "errors"}
_STYLES = {Kind.WORSE: "bold red", Kind.BETTER: "green", Kind.TOO_FEW: "dim", Kind.SAME: ""}
_LEFT_OUT = ("p50", "p99")
_SHORTEST_NAME = 28
_MANY = 9.995
"""A change beyond 999 % is a multiple."""


class Cell(NamedTuple):
    """One figure as text: the new run's value, how it changed, and what that comes to."""

    value: str
    change: str
    kind: Kind


def cell_of(name: str, change: Change) -> Cell:
    """Return the texts of a figure."""
    changed = f"{change.change * 100:+.2f}" if name == "errors" else percent_text(change.change)
    return Cell(value_text(name, change.new), changed, change.kind)


def value_text(name: str, value: float) -> str:
    """Return a figure of one run as text."""
    if name == "errors":
        return f"{value:.2%}"
    return rate(value) if name == "rate" else milliseconds(value * 1000)


def percent_text(change: float) -> str:
    """Return a relative change: `+12 %`, `-3.4 %`, `x 14`; `new` where there was nothing before."""
    if change == inf:
        return "new"
    if change >= _MANY:
        return f"x {change + 1:,.0f}"
    return f"{change:+.0%}".replace("%", " %") if abs(change) >= 0.0995 else f"{change:+.1%}".replace("%", " %")  # noqa: PLR2004 - rounds to 10


def subject_text(row: Row) -> str:
    """Return what a row is about: `all`, `read`, `read students`."""
    subject = row.subject
    return f"{subject.operation or 'all operations'} {printable(subject.resource)}".strip()


def shown(comparison: Comparison, phase: str, *, everything: bool = False) -> tuple[list[Row], int]:
    """Return the rows of a phase to show, and the number of its other rows.

    The sums come first, then resources that changed, worse ones before better ones; `everything` leaves none out.
    """
    rows = [row for row in comparison.rows if row.subject.phase == phase]
    sums = [row for row in rows if not row.subject.resource]
    resources = [row for row in rows if row.subject.resource]
    changed = [row for row in resources if everything or row.kind in (Kind.WORSE, Kind.BETTER)]
    order = list(Kind)
    changed.sort(key=lambda row: (order.index(row.kind), -row.changes["p95"].change))
    return [*sums, *changed], len(resources) - len(changed)


def phases_of(comparison: Comparison) -> list[str]:
    """Return the phases of a comparison in order."""
    return list(dict.fromkeys(row.subject.phase for row in comparison.rows))


def conclusion(comparison: Comparison) -> str:
    """Return the comparison in one sentence."""
    kinds = [row.kind for row in comparison.rows]
    counts = {kind: kinds.count(kind) for kind in Kind}
    parts = [f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind]]
    titles = {
        Kind.WORSE: f"{comparison.new} is worse than {comparison.base}",
        Kind.BETTER: f"{comparison.new} is better than {comparison.base}",
        Kind.SAME: f"{comparison.new} does not differ from {comparison.base}",
        Kind.TOO_FEW: f"too few requests to tell {comparison.new} from {comparison.base}",
    }
    if not parts:
        return f"Nothing to compare: {comparison.base} and {comparison.new} have no phase in common."
    title = titles[comparison.kind]
    return f"{title[0].upper()}{title[1:]}: of {plural(len(kinds), 'row')} {', '.join(parts)}."


def explanations(comparison: Comparison) -> Iterator[str]:
    """Yield what a reader needs to judge the judgement: limits, and the noise floor of each phase."""
    limits = ", ".join(f"{name} {comparison.limits[name]:.0%}".replace("%", " %") for name in FIGURES)
    yield (
        f"Worse or better: a change beyond its limit ({limits}; of errors, percentage points) that chance explains in "
        f"less than {ALL_CHANCE:.0%}".replace("%", " %")
        + " of comparisons, all figures taken together."
    )
    for row in comparison.rows:
        if not row.subject.operation:
            floors = floors_text(row)
            yield f"Noise floor of {row.subject.phase}, all operations; smaller changes may be chance: {floors}."


def floors_text(row: Row) -> str:
    """Return the noise floors of a row: `rate 7.4 %, p95 190 %, p99 too few`; `too few` alone where all are."""
    floors = {name: change.floor for name, change in row.changes.items() if change.floor <= _MANY}
    texts = []
    for name in row.changes:
        if name in floors:
            percent = floors[name] * 100
            number = f"{percent:.2g}" if percent < 99.5 else f"{percent:.0f}"  # noqa: PLR2004 - rounds to 1e+02
            texts.append(f"{name} {number} {'points' if name == 'errors' else '%'}")
        else:
            texts.append(f"{name} too few")
    return ", ".join(texts) if floors else "too few"


def print_comparison(console: Console, comparison: Comparison, *, everything: bool = False) -> None:
    """Print a table for each phase, what to know about it, and the conclusion last."""
    console.print(Text(f"base  {comparison.base}\nnew   {comparison.new}", style="dim"))
    for phase in phases_of(comparison):
        rows, hidden = shown(comparison, phase, everything=everything)
        console.print(_table(phase, rows, hidden, console.width))
    for text in (*explanations(comparison), *comparison.cautions):
        console.print(Text(f"Note: {printable(text)}", style="dim"))
    style = {Kind.WORSE: "bold red", Kind.TOO_FEW: "bold yellow"}.get(comparison.kind, "bold green")
    console.print(Text(conclusion(comparison), style=style))


def _table(phase: str, rows: Sequence[Row], hidden: int, width: int) -> Table:
    """Return the rows of a phase. Where names would get too short, figures that became no worse are left out."""
    notes = [f"{plural(hidden, 'more resource row')} with no change to tell; --all shows them"] if hidden else []
    figures, lines = list(HEADINGS), list(_lines(rows, HEADINGS))
    needed = min(_SHORTEST_NAME, max((len(subject_text(row)) for row in rows), default=0))
    if room_for_names(width, [(*HEADINGS.values(), ""), *lines]) < needed:
        figures = [name for name in HEADINGS if name not in _LEFT_OUT or any(_is_worse(row, name) for row in rows)]
        lines = list(_lines(rows, figures))
    if len(figures) < len(HEADINGS):
        notes.append("more figures in a wider terminal, and with --markdown or --html")
    table = plain_table(f"{phase}: new run, and its change from the base", "; ".join(notes) or None)
    headings = [*(HEADINGS[name] for name in figures), ""]
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    names = room_for_names(width, [headings, *lines])
    for number, (row, cells) in enumerate(zip(rows, lines, strict=True)):
        is_last_sum = not row.subject.resource and number + 1 < len(rows) and rows[number + 1].subject.resource
        table.add_row(short_resource(subject_text(row), names), *cells, end_section=bool(is_last_sum))
    return table


def _is_worse(row: Row, name: str) -> bool:
    return row.changes[name].kind is Kind.WORSE


def _lines(rows: Iterable[Row], figures: Iterable[str]) -> Iterator[list[Text]]:
    for row in rows:
        cells = [cell_of(name, row.changes[name]) for name in figures]
        texts = [Text(f"{cell.value} {cell.change}", style=_STYLES[cell.kind]) for cell in cells]
        yield [*texts, Text(row.kind.value, style=_STYLES[row.kind])]


def comparison_markdown(comparison: Comparison, *, everything: bool = False) -> str:
    """Return the comparison as Markdown: figures that changed are bold."""
    lines = [f"## {escape(conclusion(comparison))}", ""]
    for phase in phases_of(comparison):
        rows, hidden = shown(comparison, phase, everything=everything)
        lines += [f"### {escape(phase)}", "", f"| | {' | '.join(HEADINGS.values())} | |", f"|---|{'---:|' * 5}---|"]
        for row in rows:
            cells = (cell_of(name, change) for name, change in row.changes.items())
            texts = [_emphasised(f"{cell.value} ({cell.change})", cell.kind) for cell in cells]
            kind = _emphasised(row.kind.value, row.kind)
            lines.append(f"| {escape(subject_text(row))} | {' | '.join(texts)} | {kind} |")
        lines += ["", f"{plural(hidden, 'more resource row')} with no change to tell." if hidden else "", ""]
    lines += [f"- {escape(text)}" for text in (*explanations(comparison), *comparison.cautions)]
    return "\n".join(lines) + "\n"


def _emphasised(text: str, kind: Kind) -> str:
    return f"**{text}**" if kind in (Kind.WORSE, Kind.BETTER) else text


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, also in a table."""
    line = printable(text, 1000).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#" else c for c in line)
