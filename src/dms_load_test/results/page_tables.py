"""The tables of dashboard and report, as plain values; they change only when the record's parts do.

Times are in microseconds. Nothing is formatted or escaped here: that is the views' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.catalog import untold_figures
from dms_load_test.metrics.histogram import merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.metrics.totals import OperationRow, Totals
    from dms_load_test.metrics.verdict import ResourceAccount
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.run import Run
    from dms_load_test.results.story import Story

MOST_OPERATIONS = 1500
"""Rows of the operations table: more would make a report too large to mail, and nobody reads on."""
MOST_FAILURES = 100
_READS = ("read", "query")
_DAY_S = 86_400


def table_values(story: Story) -> dict[str, Any]:
    """Return all tables. Raises: ValueError: as `run_of`."""
    run = run_of(story)
    totals = run.totals
    phases = sorted(totals.phases(), key=lambda phase: phase not in run.phases)  # what came before them, last
    rows = [(phase, row) for phase in phases for row in totals.operation_rows(phase)]
    failures = totals.failures()
    return {
        "operations": [_operation(phase, row, totals.active_s(phase)) for phase, row in _worst(rows)],
        "operations_left_out": max(0, len(rows) - MOST_OPERATIONS),
        "split": [row for phase in phases for row in _split(totals, phase)],
        "failures": [
            {**key._asdict(), "count": group.count, "first_s": group.first_ns / NS_PER_S, **_example(group.example)}
            for key, group in failures[:MOST_FAILURES]
        ],
        "failures_left_out": sum(group.count for _, group in failures[MOST_FAILURES:]),
        "overhead": [_overhead(totals, phase) for phase in phases],
        "accounts": [_account(account) for account in run.accounts],
        "estimate": _estimate(story),
        "closed": [phase for phase in phases if phase in run.phases and totals.is_closed_model(phase)],
        "hours": [
            {"hour": hour + 1, "requests": requests, "failed": failed}
            for hour, (requests, failed) in sorted(story.hours.items())
        ],
        **_checks(run),
        **_findings(story),
        "manifest": _manifest(run.manifest),
    }


def run_of(story: Story) -> Run:
    """Return the run that a story tells. Raises: ValueError: no manifest was read yet."""
    if story.run is None:
        raise ValueError("no manifest was read yet")
    return story.run


def percentiles(times: Distribution) -> dict[str, int]:
    """Return the percentiles that rows show, by name with unit."""
    p50, p90, p95, p99 = times.percentiles_us((50, 90, 95, 99))
    return {"p50_us": p50, "p90_us": p90, "p95_us": p95, "p99_us": p99, "max_us": times.max_us}


def _account(account: ResourceAccount) -> dict[str, Any]:
    return {
        "phase": account.phase,
        "resource": account.resource,
        "planned": account.planned,
        "created": account.created,
        "failed": account.failed,
        "blocked": account.blocked,
        "not_done": account.not_done,
    }


def _checks(run: Run) -> dict[str, Any]:
    tally = run.totals.tally
    return {
        "checks": [
            {"phase": phase, "name": name, "passed": counts.passed, "failed": counts.failed}
            for (phase, name), counts in sorted(tally.checks.items())
        ],
        "integrity_violations": sum(n for (_, name, _), n in tally.counters.items() if name == "integrity_violations"),
        "violations": [
            {
                "kind": found.kind,
                "phase": found.phase,
                "resource": found.resource,
                "id": found.document_id,
                "ordinal": found.ordinal,
                "detail": found.detail,
            }
            for found in run.violations[:MOST_FAILURES]
        ],
        "violations_left_out": max(0, len(run.violations) - MOST_FAILURES),
    }


def _findings(story: Story) -> dict[str, Any]:
    run = run_of(story)
    statements = story.statements.rows if story.statements else ()
    return {
        "tables": [
            {
                "phase": table.phase,
                "title": table.title,
                "columns": list(table.columns),
                "rows": [list(row) for row in table.rows],
                "note": table.note,
            }
            for table in run.tables
        ],
        "own": [
            {"phase": own.phase, "name": own.name, "kind": own.kind, "count": own.amount}
            | ({} if own.times is None else {"count": own.times.count, **percentiles(own.times)})
            for own in untold_figures(run.totals, ((table.phase, table.rows) for table in run.tables))
        ],
        "statements": [
            {"text": row.text, "calls": row.calls, "total_ms": row.total_ms, "rows": row.rows} for row in statements
        ],
    }


def _manifest(manifest: Manifest) -> dict[str, Any]:
    return {
        "data_standard": manifest.data_standard,
        "target_version": manifest.target_version,
        "tool_version": manifest.tool_version,
        "seed": manifest.seed,
        "scenarios": list(manifest.items),
        "sizes": dict(manifest.sizes),
        "machine": dict(manifest.machine),
        "notes": list(manifest.notes),
        "settings": [{"name": row.name, "value": row.value, "origin": row.origin} for row in manifest.settings],
    }


def _worst(rows: Sequence[tuple[str, OperationRow]]) -> Iterable[tuple[str, OperationRow]]:
    """Return the rows that are shown, in order: of too many those that failed most, then the slowest."""
    if len(rows) <= MOST_OPERATIONS:
        return rows
    kept = sorted(range(len(rows)), key=lambda n: (-rows[n][1].failed, -rows[n][1].response.max_us))[:MOST_OPERATIONS]
    return [rows[n] for n in sorted(kept)]


def _operation(phase: str, row: OperationRow, seconds: float) -> dict[str, Any]:
    return {
        "phase": phase,
        "resource": row.resource,
        "operation": row.operation,
        "count": row.count,
        "failed": row.failed,
        "per_s": row.count / seconds if seconds else 0.0,
        **percentiles(row.response),
    }


def _split(totals: Totals, phase: str) -> Iterable[dict[str, Any]]:
    """Yield reads and writes of a phase, and their sum."""
    sums = totals.operation_sums(phase)
    whole = sum(row.count for row in sums)
    seconds = totals.active_s(phase)
    for kind, wanted in (("read", _READS), ("write", tuple(o for o in CRUD if o not in _READS))):
        rows = [row for row in sums if row.operation in wanted]
        count = sum(row.count for row in rows)
        if count:
            yield {
                "phase": phase,
                "kind": kind,
                "count": count,
                "of": whole,
                "failed": sum(row.failed for row in rows),
                "per_s": count / seconds if seconds else 0.0,
                **percentiles(merged(row.response for row in rows)),
            }


def _example(example: Any) -> dict[str, Any]:
    return {
        "example": example.example,
        "request": example.request,
        "correlation_id": example.correlation_id,
        "ordinal": example.ordinal,
    }


def _overhead(totals: Totals, phase: str) -> dict[str, Any]:
    overhead = totals.overhead(phase)
    return {
        "phase": phase,
        "token_requests": overhead.token_requests,
        "failed_token_requests": overhead.failed_token_requests,
        "rate_limited": overhead.rate_limited,
        "retries": overhead.retries,
        "dropped": totals.drops(phase),
    }


def _estimate(story: Story) -> dict[str, Any] | None:
    """Return succeeded requests per 24 hours at the pace of the last phase that time decided, else of the longest."""
    run = run_of(story)
    timed = [step.begin.phase for step in story.steps if not step.begin.iterations]
    phases = timed[-1:] or sorted(run.totals.phases(), key=run.totals.active_s)[-1:]
    if not phases or not run.totals.active_s(phases[0]):
        return None
    phase, seconds = phases[0], run.totals.active_s(phases[0])
    succeeded = sum(row.count - row.failed for row in run.totals.operation_sums(phase))
    return {"phase": phase, "seconds": seconds, "succeeded": succeeded, "per_day": succeeded / seconds * _DAY_S}
