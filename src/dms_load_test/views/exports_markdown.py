"""A run as Markdown, short enough for the page of a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.metrics.catalog import untold_figures
from dms_load_test.metrics.thresholds import Judgement
from dms_load_test.metrics.verdict import VerdictKind
from dms_load_test.views.compare import escape
from dms_load_test.views.exports import failure_text
from dms_load_test.views.findings import own_text, table_notes, violation_lines
from dms_load_test.views.tables import MOST_ROWS, observed_text
from dms_load_test.views.text import cell_text, milliseconds, plural, rate, share, took

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.metrics.totals import OperationRow
    from dms_load_test.views.exports import RunExport

_MOST = 10
_PERCENTS = (50.0, 95.0, 99.0)
_SIGNS = {Judgement.PASSED: "✅", Judgement.FAILED: "❌", Judgement.NOT_JUDGED: "⚠️"}


def markdown(run: RunExport) -> str:
    """Return verdict, thresholds, lost writes, operations by phase, failures, findings and the account of the plan."""
    parts = (_head, _thresholds, _violations, _operations, _failures, _findings, _own, _accounts)
    return "\n".join((*(line for part in parts for line in part(run)), ""))


def _head(run: RunExport) -> Iterator[str]:
    sentence = run.verdict.sentence if run.verdict else "Killed: results are partial."
    sign = "✅" if run.verdict and run.verdict.kind is VerdictKind.PASSED else "❌"
    yield f"## {sign} {escape(sentence)}"
    yield ""
    facts = {"Run": run.run_id, "Target": run.target, "Profile": run.profile, **run.facts}
    yield " · ".join(f"{name}: {escape(value)}" for name, value in facts.items() if value)
    yield ""
    yield from (f"> {escape(note)}" for note in run.notes)


def _thresholds(run: RunExport) -> Iterator[str]:
    results = run.verdict.results if run.verdict else ()
    if not results:
        return
    yield from ("", "| | Threshold | Condition | Observed |", "|---|---|---|---:|")
    for result in results:
        observed = "no samples" if result.observed is None else observed_text(result.observed)
        yield f"| {_SIGNS[result.judgement]} | {escape(result.subject)} | {escape(result.condition)} | {observed} |"


def _violations(run: RunExport) -> Iterator[str]:
    if run.violations:
        yield from ("", "### Writes that were acknowledged and not kept", "")
        yield from (f"- {escape(line)}" for line in violation_lines(run.violations))


def _operations(run: RunExport) -> Iterator[str]:
    for phase in run.totals.phases():
        sums, rows = run.totals.operation_sums(phase), run.totals.operation_rows(phase)
        if not sums:
            continue
        seconds = run.totals.active_s(phase)
        slowest = sorted(rows, key=lambda row: (-row.failed, -row.response.percentile_us(95)))[:_MOST]
        yield from ("", f"### {escape(phase)} ({took(seconds)})", "")
        yield "| | Count | Failed | per s | p50 ms | p95 ms | p99 ms | max ms |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|"
        yield from (_row(row, seconds) for row in (*sums, *slowest))
        if len(slowest) < len(rows):
            yield ""
            yield f"{plural(len(rows) - len(slowest), 'more row')} with fewer failures and shorter times."


def _row(row: OperationRow, seconds: float) -> str:
    name = f"{row.operation} {escape(row.resource)}" if row.resource else f"**{row.operation}**"
    times = (milliseconds(us) for us in (*row.response.percentiles_us(_PERCENTS), row.response.max_us))
    figures = (f"{row.count:,}", f"{row.failed:,}", rate(row.count / seconds) if seconds else "-", *times)
    return f"| {name} | {' | '.join(figures)} |"


def _failures(run: RunExport) -> Iterator[str]:
    groups = run.totals.failures()
    if not groups:
        return
    yield from ("", "### Failures", "", "| Count | Where | What | Example |", "|---:|---|---|---|")
    for key, group in groups[:_MOST]:
        where = escape(f"{key.phase}: {key.operation} {key.resource}".strip())
        what = escape(failure_text(key))
        yield f"| {group.count:,} | {where} | {what} | {escape(group.example.example[:200])} |"
    if len(groups) > _MOST:
        rest = sum(group.count for _, group in groups[_MOST:])
        yield from ("", f"{plural(rest, 'more failure')} of {len(groups) - _MOST} other kinds.")


def _findings(run: RunExport) -> Iterator[str]:
    for phase, table in run.tables:
        yield from ("", f"### {escape(f'{phase}: {table.title}')}", "")
        yield f"| {' | '.join(map(escape, table.columns))} |"
        yield "|---" * len(table.columns) + "|"
        yield from (f"| {' | '.join(escape(cell_text(cell)) for cell in row)} |" for row in table.rows[:MOST_ROWS])
        for note in table_notes(table):
            yield from ("", escape(note))


def _own(run: RunExport) -> Iterator[str]:
    lines = [
        f"- {escape(f'{own.phase}: {own_text(own)}')}"
        for own in untold_figures(run.totals, ((phase, table.rows) for phase, table in run.tables))
    ]
    if lines:
        yield from ("", "### Metrics of the scenarios' own", "", *lines)


def _accounts(run: RunExport) -> Iterator[str]:
    planned, created = sum(a.planned for a in run.accounts), sum(a.created for a in run.accounts)
    if not planned:
        return
    failed, blocked = sum(a.failed for a in run.accounts), sum(a.blocked for a in run.accounts)
    left = planned - created - failed - blocked
    yield ""
    yield (
        f"Planned {planned:,} documents: created {created:,} ({share(created, planned)}), failed {failed:,}, "
        f"blocked {blocked:,}, not done {left:,}."
    )
