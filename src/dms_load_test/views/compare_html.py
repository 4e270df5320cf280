"""Comparisons as one HTML file that needs nothing else: no script, no font, no address."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dms_load_test.views.compare import (
    HEADINGS,
    cell_of,
    conclusion,
    explanations,
    phases_of,
    shown,
    subject_text,
    value_text,
)
from dms_load_test.views.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dms_load_test.metrics.difference import Comparison, Row

_CSS = """
:root { color-scheme: light dark; --line: #8884; --worse: #b3261e; --better: #146c2e; --dim: #666; }
@media (prefers-color-scheme: dark) { :root { --worse: #ff8a80; --better: #7ddc98; --dim: #aaa; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; }
th[scope=row], thead th:first-child { text-align: left; font-weight: 400; }
td small { color: var(--dim); }
.worse { color: var(--worse); font-weight: 600; } .better { color: var(--better); font-weight: 600; }
.too-few { color: var(--dim); } .note { color: var(--dim); }
tr.sum th[scope=row] { font-weight: 600; }
"""


def comparisons_html(comparisons: Iterable[Comparison], *, everything: bool = False) -> str:
    """Return a page with a section for each comparison; all texts are escaped."""
    body = "\n".join(line for comparison in comparisons for line in _section(comparison, everything=everything))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Comparison of load tests</title><style>{_CSS}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _section(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    kind = comparison.kind.value.replace(" ", "-")
    yield f'<section><h1 class="{kind}">{_text(conclusion(comparison))}</h1>'
    for phase in phases_of(comparison):
        rows, hidden = shown(comparison, phase, everything=everything)
        yield f"<table><caption>{_text(phase)}: base, new run and change</caption><thead><tr><th scope=col>What</th>"
        yield "".join(f"<th scope=col>{name}</th>" for name in HEADINGS.values()) + "<th scope=col>Result</th></tr>"
        yield "</thead><tbody>"
        yield from map(_row, rows)
        yield "</tbody></table>"
        if hidden:
            yield f"<p class=note>{plural(hidden, 'more resource row')} with no change to tell.</p>"
    yield "<ul class=note>"
    yield from (f"<li>{_text(text)}</li>" for text in (*explanations(comparison), *comparison.cautions))
    yield "</ul></section>"


def _row(row: Row) -> str:
    cells = []
    for name, change in row.changes.items():
        cell, before = cell_of(name, change), value_text(name, change.base)
        css = cell.kind.value.replace(" ", "-")
        cells.append(f'<td class="{css}"><small>{before} →</small> {cell.value} {cell.change}</td>')
    kind = row.kind.value
    cells.append(f'<td class="{kind.replace(" ", "-")}">{kind}</td>')
    css = "resource" if row.subject.resource else "sum"
    return f"<tr class={css}><th scope=row>{_text(subject_text(row))}</th>{''.join(cells)}</tr>"


def _text(text: str) -> str:
    return escape(printable(text, 1000))
