"""The end of a run in a terminal: its tables, then the verdict last, where the eye is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from dms_load_test.metrics.catalog import METRICS, untold_figures
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.views.findings import findings_table, own_text, table_notes, violation_lines
from dms_load_test.views.progress import with_unit
from dms_load_test.views.tables import (
    MOST_ROWS,
    accounts_table,
    failure_lines,
    failures_table,
    operations_table,
    thresholds_table,
)
from dms_load_test.views.text import closed_model, plural, printable, took

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from dms_load_test.load.plan import Table
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.totals import Totals
    from dms_load_test.metrics.verdict import ResourceAccount, Verdict

_MOST_CHECKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """What the summary tells. `notes` are sentences that a reader must know; `folder` is where the results are.

    `phases` are those that get a table; the others, such as what came before the load, get a line.
    """

    totals: Totals
    verdict: Verdict
    accounts: tuple[ResourceAccount, ...] = ()
    notes: tuple[str, ...] = ()
    phases: tuple[str, ...] | None = None
    folder: str = ""
    tables: tuple[tuple[str, Table], ...] = ()
    """What scenarios found out, by phase."""
    violations: tuple[tuple[str, Violation], ...] = ()
    """Acknowledged writes that the target did not keep, by phase."""


def print_summary(console: Console, view: SummaryView, most_rows: int = MOST_ROWS) -> None:
    """Print the summary: tables by phase, then what went wrong, then the verdict."""
    for phase in view.totals.phases():
        _print_phase(console, view, phase, most_rows)
    console.print()
    _print_findings(console, view)
    lines = failure_lines(view.totals.failures())
    if lines:
        console.print(failures_table(lines))
    if view.accounts:
        console.print(accounts_table(view.accounts))
    if view.verdict.results:
        console.print(thresholds_table(view.verdict.results))
    for note in (*view.notes, *_model_notes(view)):
        console.print(Text(f"Note: {printable(note)}", style="dim"))
    console.print(Text(printable(view.verdict.sentence), style="bold green" if view.verdict.passed else "bold red"))
    if view.folder:
        console.print(Text(f"Results: {view.folder}  ({took(view.totals.active_s())} in all)"), soft_wrap=True)


def _print_findings(console: Console, view: SummaryView) -> None:
    for phase, table in view.tables:
        console.print(findings_table(phase, table))
        for note in table_notes(table):
            console.print(Text(note, style="dim"))
        console.print()
    for line in violation_lines(view.violations):
        console.print(Text(line, style="red"))


def _print_phase(console: Console, view: SummaryView, phase: str, most_rows: int) -> None:
    totals = view.totals
    if view.phases is not None and phase not in view.phases:
        console.print(Text(f"{phase}: {_requests_text(totals, phase)}"))
    elif totals.operation_sums(phase):
        console.print(operations_table(totals, phase, console.width, most_rows))
    for line in overhead_lines(view, phase):
        console.print(Text(f"{phase}: {line}"))


def _model_notes(view: SummaryView) -> Iterator[str]:
    """Yield what response times do not show, said of the phases that have a table."""
    totals = view.totals
    told = [phase for phase in totals.phases() if view.phases is None or phase in view.phases]
    closed = [phase for phase in told if totals.is_closed_model(phase)]
    if closed:
        yield closed_model(closed)


def _service_line(totals: Totals, phase: str) -> str:
    service = METRICS["http_req_service_time"].read(totals, {"phase": phase})
    assert isinstance(service, Distribution)
    p95, p99 = (with_unit(us) for us in service.percentiles_us((95, 99)))
    return f"service time, from the start of each request instead of its due time: p95 {p95}, p99 {p99}"


def _requests_text(totals: Totals, phase: str) -> str:
    counts = [(key.ok, series.count) for key, series in totals.select({"phase": phase})]
    failed = sum(count for ok, count in counts if not ok)
    return f"{plural(sum(count for _, count in counts), 'request')}, {failed:,} failed"


def print_verdict(console: Console, view: SummaryView, about: str = "") -> None:
    """Print the verdict alone, for `--quiet`, and what it is about where that was not asked for."""
    console.print(Text(printable(f"{view.verdict.sentence}{about}")), soft_wrap=True)


def overhead_lines(view: SummaryView, phase: str) -> Iterator[str]:
    """Yield what else there is to tell of a phase; nothing where all of it is zero, or stands in a table."""
    totals = view.totals
    if totals.is_open_model(phase):
        yield _service_line(totals, phase)
    overhead = totals.overhead(phase)
    if overhead.token_requests:
        failed = f", {overhead.failed_token_requests:,} of them failed" if overhead.failed_token_requests else ""
        yield f"{plural(overhead.token_requests, 'token request')}{failed}"
    if overhead.rate_limited:
        yield (
            f"{plural(overhead.rate_limited, 'answer')} 429: the server's rate limiter, not its capacity, "
            "held the run back; raise its limit or lower the load"
        )
    if overhead.retries:
        yield plural(overhead.retries, "retry", "retries")
    for reason, count in totals.drops(phase).items():
        yield f"{plural(count, 'iteration')} dropped{f': {printable(reason)}' if reason else ''}"
    own = untold_figures(totals, ((name, table.rows) for name, table in view.tables))
    yield from (own_text(figure) for figure in own if figure.phase == phase)
    yield from _check_lines(totals, phase)


def _check_lines(totals: Totals, phase: str) -> Iterator[str]:
    checks = {name: counts for (at, name), counts in totals.tally.checks.items() if at == phase}
    if not checks:
        return
    failed = {name: counts.failed for name, counts in checks.items() if counts.failed}
    passed = sum(counts.passed for counts in checks.values())
    yield f"{plural(passed, 'check')} passed, {sum(failed.values()):,} failed"
    for name, count in sorted(failed.items(), key=lambda item: -item[1])[:_MOST_CHECKS]:
        yield f"check failed {plural(count, 'time')}: {printable(name)}"
