"""The tables of a finished run, for a terminal of 100 columns; of 80 and less with fewer columns.

Rule: where a line is too short, names give way and figures never do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from dms_load_test.metrics.tally import OTHER_FAILURES, FailureKey
from dms_load_test.metrics.thresholds import Judgement
from dms_load_test.views.text import milliseconds, plural, printable, rate, share, short_resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dms_load_test.metrics.tally import FailureGroup
    from dms_load_test.metrics.thresholds import ThresholdResult
    from dms_load_test.metrics.totals import OperationRow, Totals
    from dms_load_test.metrics.verdict import ResourceAccount
    from dms_load_test.sample import Failure

WIDE = 100
MOST_ROWS = 40
MOST_FAILURES = 10
_ALL = "all resources"
_PERCENTS = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
_NARROW_LEAVES_OUT = ("rate/s", "p90")
_SLIM = 75
_SLIM_LEAVES_OUT = (*_NARROW_LEAVES_OUT, "p50", "p99", "max")
_SHORTEST_NAME = 8
_BETWEEN = 2
"""Characters between two columns, and at both edges of a table together."""
_STYLES = {Judgement.PASSED: "green", Judgement.FAILED: "red", Judgement.NOT_JUDGED: "yellow"}


def operations_table(totals: Totals, phase: str, width: int, most_rows: int = MOST_ROWS) -> Table:
    """Return the table of a phase: a line for each operation over all resources, then resource x operation.

    Of more than `most_rows` of the latter those that failed most, then the slowest, are shown, and the caption says
    so. Times are response times in milliseconds; the rate is per second of the phase.
    """
    rows = totals.operation_rows(phase)
    shown = rows
    if len(rows) > most_rows:
        worst = sorted(rows, key=lambda row: (-row.failed, -row.response.percentile_us(95)))[:most_rows]
        shown = [row for row in rows if row in worst]
    left_out = () if width >= WIDE else _NARROW_LEAVES_OUT if width >= _SLIM else _SLIM_LEAVES_OUT
    columns = [name for name in ("operation", "count", "failed", "rate/s", *_PERCENTS, "max") if name not in left_out]
    seconds = totals.active_s(phase)
    table = plain_table(f"{phase} ({seconds:,.{1 if seconds >= 1 else 3}f} s; response times in ms)")
    table.add_column("resource", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="left" if column == "operation" else "right", no_wrap=True)
    sums = totals.operation_sums(phase)
    lines = [[_cells(row, seconds)[column] for column in columns] for row in (*sums, *shown)]
    names = room_for_names(width, [columns, *lines])
    for number, (row, cells) in enumerate(zip((*sums, *shown), lines, strict=True)):
        name = _ALL if number < len(sums) else short_resource(printable(row.resource), names)
        table.add_row(name, *cells, end_section=number == len(sums) - 1)
    if len(shown) < len(rows):
        table.caption = f"{len(rows) - len(shown)} more rows with fewer failures and shorter times: see summary.json"
    return table


def room_for_names(width: int, lines: Iterable[Sequence[str | Text]]) -> int:
    """Return how long names may be in the first column of a plain table, given the cells of all other columns."""
    widest = (max(map(len, column)) for column in zip(*lines, strict=True))
    return max(_SHORTEST_NAME, width - sum(cell + _BETWEEN for cell in widest) - _BETWEEN)


def _cells(row: OperationRow, seconds: float) -> dict[str, str | Text]:
    times = row.response.percentiles_us(_PERCENTS.values())
    return {
        "operation": row.operation,
        "count": f"{row.count:,}",
        "failed": Text(f"{row.failed:,}", style="red") if row.failed else "0",
        "rate/s": rate(row.count / seconds) if seconds else "-",
        **{name: milliseconds(us) for name, us in zip(_PERCENTS, times, strict=True)},
        "max": milliseconds(row.response.max_us),
    }


@dataclass(slots=True)
class FailureLine:
    """Failures with the same phase, status and reason; `where` are their operations and resources, largest first."""

    phase: str
    status: int
    reason: str
    count: int
    where: list[str]
    example: Failure


def failure_lines(groups: Iterable[tuple[FailureKey, FailureGroup]]) -> list[FailureLine]:
    """Join failure groups, given the largest first, of all operations and resources."""
    lines: dict[tuple[str, int, str], FailureLine] = {}
    for key, group in groups:
        at = (key.phase, key.status, key.reason)
        if at not in lines:
            lines[at] = FailureLine(*at, 0, [], group.example)
        lines[at].count += group.count
        lines[at].where.append(f"{key.operation} {key.resource}".strip())
    return sorted(lines.values(), key=lambda line: -line.count)


def failures_table(lines: Sequence[FailureLine]) -> Table:
    """Return the largest groups of failures, each with one example below it."""
    table = plain_table("failures")
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("status, phase and reason; where; one example")
    for line in lines[:MOST_FAILURES]:
        what = Text(f"{line.status or 'no answer'} in {printable(line.phase)}: {_reason(line)}", style="bold")
        more = f" and {len(line.where) - 3} more" if len(line.where) > 3 else ""  # noqa: PLR2004 - named ones
        what.append(f"\n{printable(', '.join(line.where[:3]))}{more}", style="not bold")
        what.append(f"\n{_example(line.example)}", style="not bold dim")
        table.add_row(f"{line.count:,}", what)
    if len(lines) > MOST_FAILURES:
        rest = sum(line.count for line in lines[MOST_FAILURES:])
        table.caption = f"{rest:,} more failures of {len(lines) - MOST_FAILURES} other kinds: see summary.json"
    return table


def _reason(line: FailureLine) -> str:
    return "more kinds of failure" if line.reason == OTHER_FAILURES else printable(line.reason, 200)


def _example(example: Failure) -> str:
    ordinal = f" (document {example.ordinal})" if example.ordinal >= 0 else ""
    correlation = f" [{example.correlation_id}]" if example.correlation_id else ""
    return printable(f"{example.request}{ordinal}{correlation}: {example.example or 'no answer'}", 300)


def thresholds_table(results: Sequence[ThresholdResult]) -> Table:
    """Return what each threshold came to."""
    table = plain_table("thresholds")
    table.add_column("")
    table.add_column("metric")
    table.add_column("condition", no_wrap=True)
    table.add_column("observed", justify="right", no_wrap=True)
    for result in results:
        judgement = Text(result.judgement.value, style=_STYLES[result.judgement])
        observed = "no samples" if result.observed is None else observed_text(result.observed)
        table.add_row(judgement, printable(result.subject), result.condition, observed)
    return table


def observed_text(value: float) -> str:
    """Return an observed value to six digits: fewer would hide why 500.04 is not below 500."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) >= 1000 else f"{value:.6g}"  # noqa: PLR2004 - six digits, no exponent


def accounts_table(accounts: Sequence[ResourceAccount]) -> Table:
    """Return planned against done: the resources that differ, and the total."""
    table = plain_table("planned and done")
    table.add_column("phase", no_wrap=True)
    table.add_column("resource")
    for column in ("planned", "created", "failed", "blocked", "not done"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in accounts:
        if row.created != row.planned:
            table.add_row(row.phase, printable(row.resource), *_account_cells([row]))
    equal = sum(row.created == row.planned for row in accounts)
    total = f"all {len(accounts)}" if equal == len(accounts) else f"total of {len(accounts)}"
    table.add_row("", f"{total} ({plural(equal, 'resource')} as planned)", *_account_cells(accounts), style="bold")
    return table


def _account_cells(rows: Sequence[ResourceAccount]) -> list[str]:
    planned = sum(row.planned for row in rows)
    created = sum(row.created for row in rows)
    rest = (sum(row.failed for row in rows), sum(row.blocked for row in rows), sum(row.not_done for row in rows))
    done = f"{created:,}" if created == planned else f"{created:,} ({share(created, planned)})"
    return [f"{planned:,}", done, *(f"{count:,}" for count in rest)]


def plain_table(title: str = "", caption: str | None = None) -> Table:
    """Return an empty table in the style of all of ours: no lines but the one below the headings."""
    return Table(
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="dim",
    )
