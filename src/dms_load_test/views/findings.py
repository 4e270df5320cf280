"""What scenarios found out, in a terminal: their tables, and the writes that a target did not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from dms_load_test.views.progress import with_unit
from dms_load_test.views.tables import MOST_ROWS
from dms_load_test.views.text import cell_text, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dms_load_test.load import plan
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.catalog import OwnFigure

MOST_VIOLATIONS = 10


def findings_table(phase: str, found: plan.Table) -> Table:
    """Return a scenario's table; numbers stand right, of many rows the first are shown."""
    table = Table(title=f"{phase}: {printable(found.title)}", title_justify="left", title_style="bold", box=None)
    for place, column in enumerate(found.columns):
        numeric = any(isinstance(row[place], (int, float)) for row in found.rows)
        table.add_column(printable(column), justify="right" if numeric else "left")
    for row in found.rows[:MOST_ROWS]:
        table.add_row(*(Text(printable(cell_text(value))) for value in row))
    return table


def table_notes(found: plan.Table) -> Iterator[str]:
    """Yield what is to be said below a table."""
    left = len(found.rows) - MOST_ROWS
    if left > 0:
        yield f"{plural(left, 'more row')} in the record"
    if found.note:
        yield printable(found.note)


def violation_lines(found: Sequence[tuple[str, Violation]]) -> Iterator[str]:
    """Yield a line for each of the first writes that were not kept."""
    for phase, violation in found[:MOST_VIOLATIONS]:
        what = f"{violation.resource} {violation.document_id}".strip()
        ordinal = f" (ordinal {violation.ordinal})" if violation.ordinal >= 0 else ""
        yield printable(f"{phase}: {violation.kind}: {what}{ordinal}: {violation.detail}")
    if len(found) > MOST_VIOLATIONS:
        yield f"{plural(len(found) - MOST_VIOLATIONS, 'more violation')} in the record"


def own_text(own: OwnFigure) -> str:
    """Return a scenario's own metric in a line: `pages_read: 120`, `sync_lag (late): 40 times, p50 3 ms, ...`."""
    name = f"{own.name} ({own.kind})" if own.kind else own.name
    if own.times is None:
        return printable(f"{name}: {own.amount:,}")
    p50, p95 = map(with_unit, own.times.percentiles_us((50, 95)))
    times = plural(own.times.count, "time")
    return printable(f"{name}: {times}, p50 {p50}, p95 {p95}, max {with_unit(own.times.max_us)}")
