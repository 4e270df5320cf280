"""`summary.json`: a run's figures for programs, made from its record alone. Version 1; times in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.metrics.catalog import METRICS, own_figures
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.metrics.tally import CRUD
from dms_load_test.metrics.thresholds import AGGREGATIONS, is_empty
from dms_load_test.results.storage import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from dms_load_test.metrics.catalog import Metric
    from dms_load_test.metrics.totals import OperationRow, Totals
    from dms_load_test.results.run import Run

VERSION = 1
PERCENTS = (50.0, 90.0, 95.0, 99.0, 99.9)


def summarize(run: Run) -> dict[str, Any]:
    """Return the summary as plain values: objects, lists, texts, numbers, null."""
    manifest = run.manifest
    return {
        "version": VERSION,
        "run_id": manifest.run_id,
        "started_at": manifest.started_at,
        "duration_s": run.recorded_s,
        "partial": run.is_partial,
        "ending": run.ending or None,
        "verdict": _verdict(run),
        "manifest": msgspec.to_builtins(manifest),
        "thresholds": _thresholds(run),
        "metrics": {name: _metric(metric, run.totals, {}) for name, metric in METRICS.items()},
        "begun_phases": list(run.phases),
        "phases": [_phase(run, phase) for phase in run.totals.phases()],
        "checks": [
            {"phase": phase, "name": name, "passed": counts.passed, "failed": counts.failed}
            for (phase, name), counts in sorted(run.totals.tally.checks.items())
        ],
        "failures": [
            {**key._asdict(), "count": group.count, "example": msgspec.to_builtins(group.example)}
            for key, group in run.totals.failures()
        ],
        "accounts": [
            {
                "phase": row.phase,
                "resource": row.resource,
                "planned": row.planned,
                "created": row.created,
                "failed": row.failed,
                "blocked": row.blocked,
                "not_done": row.not_done,
            }
            for row in run.accounts
        ],
        "own_metrics": _own_metrics(run.totals),
        "tables": [
            {"phase": table.phase, "title": table.title, "columns": list(table.columns), "note": table.note}
            | {"rows": [list(row) for row in table.rows]}
            for table in run.tables
        ],
        "violations": [
            {name: getattr(found, name) for name in ("t", "phase", "kind", "resource", "document_id", "ordinal")}
            | {"detail": found.detail}
            for found in run.violations
        ],
        "notes": [{"t": note.t, "text": note.text} for note in run.notes],
    }


def write_summary(path: Path, run: Run) -> None:
    """Write `summary.json`. Raises: OSError: as `whole_file`."""
    text = msgspec.json.format(msgspec.json.encode(summarize(run)), indent=2).decode()
    with whole_file(path) as file:
        file.write(text + "\n")


def _own_metrics(totals: Totals) -> list[dict[str, Any]]:
    """Return what scenarios count and time themselves."""
    return [
        {"phase": own.phase, "name": own.name, "kind": own.kind or None}
        | ({"count": own.amount} if own.times is None else _times(own.times))
        for own in own_figures(totals)
    ]


def _verdict(run: Run) -> dict[str, Any] | None:
    if run.verdict is None:
        return None
    return {"kind": run.verdict.kind.value, "sentence": run.verdict.sentence, "reasons": list(run.verdict.reasons)}


def _thresholds(run: Run) -> list[dict[str, Any]]:
    results = run.verdict.results if run.verdict else ()
    return [
        {
            "subject": result.subject,
            "condition": result.condition,
            "observed": result.observed,
            "judgement": result.judgement.value,
        }
        for result in results
    ]


def _phase(run: Run, phase: str) -> dict[str, Any]:
    totals = run.totals
    overhead = totals.overhead(phase)
    seconds = totals.active_s(phase)
    selector = {"phase": phase}
    return {
        "phase": phase,
        "seconds": seconds,
        "metrics": {
            name: _metric(metric, totals, selector) for name, metric in METRICS.items() if "phase" in metric.tags
        },
        "operations": [_row(row, seconds) for row in _rows(totals, phase)],
        "token_requests": overhead.token_requests,
        "failed_token_requests": overhead.failed_token_requests,
        "dropped_iterations": totals.drops(phase),
    }


def _rows(totals: Totals, phase: str) -> list[OperationRow]:
    rows = [*totals.operation_sums(phase), *totals.operation_rows(phase)]
    return sorted(rows, key=lambda row: (row.resource, CRUD.index(row.operation)))


def _row(row: OperationRow, seconds: float) -> dict[str, Any]:
    return {
        "resource": row.resource or None,
        "operation": row.operation,
        "count": row.count,
        "failed": row.failed,
        "per_s": row.count / seconds if seconds else 0.0,
        **_times(row.response),
    }


def _metric(metric: Metric, totals: Totals, selector: dict[str, str]) -> dict[str, Any] | None:
    observation = metric.read(totals, selector)
    if is_empty(observation):
        return None
    if isinstance(observation, Distribution):
        return _times(observation)
    return {name: function(observation) for name, function in AGGREGATIONS[metric.kind].items()}


def _times(times: Distribution) -> dict[str, Any]:
    values = times.percentiles_us(PERCENTS)
    return {
        "samples": times.count,
        "avg": times.mean_us / 1000,
        "min": times.min_us / 1000,
        "max": times.max_us / 1000,
        "stddev": times.stddev_us / 1000,
        **{f"p({percent:g})": value / 1000 for percent, value in zip(PERCENTS, values, strict=True)},
    }
