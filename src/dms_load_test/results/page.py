"""What dashboard and report show, as plain values: objects, lists, texts, numbers. Times are in microseconds.

Nothing is formatted or escaped here: that is the views' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.catalog import own_figures
from dms_load_test.metrics.histogram import Distribution, merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.results.charts import charts_of
from dms_load_test.results.convert import NS_PER_S
from dms_load_test.results.timeline import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dms_load_test.metrics.totals import OperationRow, Totals
    from dms_load_test.metrics.verdict import ResourceAccount
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.run import Run
    from dms_load_test.results.story import StepStory, Story

MOST_OPERATIONS = 1500
"""Rows of the operations table: more would make a report too large to mail, and nobody reads on."""
MOST_FAILURES = 100
_READS = ("read", "query")
_RECENT = 3
_DAY_S = 86_400
_STEADY_AFTER = 0.02


def page_of(story: Story) -> dict[str, Any]:
    """Return everything that a page shows of a run that goes on, ended or was killed."""
    return {**head_values(story), **step_values(story), **table_values(story), "charts": charts_of(story)}


def head_values(story: Story) -> dict[str, Any]:
    """Return what changes each second, at a cost of about a millisecond."""
    run = _run(story)
    manifest = run.manifest
    return {
        "run_id": manifest.run_id,
        "target": manifest.target,
        "profile": manifest.profile,
        "started_at": manifest.started_at,
        "state": "finished" if run.ending else "running",
        "ending": run.ending,
        "recorded_s": run.recorded_s,
        "verdict": _verdict(run),
        "progress": _progress(story),
        "figures": _figures(story),
        "statuses": [{"status": status, "count": count} for status, count in sorted(story.statuses.items())],
        "notes": [{"t": note.t, "text": note.text} for note in run.notes],
    }


def step_values(story: Story) -> dict[str, Any]:
    """Return what changes each second and takes several milliseconds: percentiles of all steps and thresholds."""
    return {
        "thresholds": [
            {"subject": r.subject, "condition": r.condition, "observed": r.observed, "judgement": r.judgement.value}
            for r in story.thresholds()
        ],
        "steps": [_step(story, step) for step in story.steps],
        "generator": _generator(story),
    }


def table_values(story: Story) -> dict[str, Any]:
    """Return what changes only when the record's parts do."""
    run = _run(story)
    totals, manifest = run.totals, run.manifest
    phases = sorted(totals.phases(), key=lambda phase: phase not in manifest.phases)  # what came before them, last
    rows = [(phase, row) for phase in phases for row in totals.operation_rows(phase)]
    failures = totals.failures()
    return {
        "parts_s": story.parts_s,
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
        "hours": [
            {"hour": hour + 1, "requests": requests, "failed": failed}
            for hour, (requests, failed) in sorted(story.hours.items())
        ],
        **_checks(run),
        **_findings(story),
        "manifest": _manifest(run.manifest),
    }


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
            for table in _run(story).tables
        ],
        "own": [
            {"phase": own.phase, "name": own.name, "kind": own.kind, "count": own.amount}
            | ({} if own.times is None else {"count": own.times.count, **_percentiles(own.times)})
            for own in own_figures(_run(story).totals)
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
        "phases": list(manifest.phases),
        "sizes": dict(manifest.sizes),
        "machine": dict(manifest.machine),
        "notes": list(manifest.notes),
        "settings": [{"name": row.name, "value": row.value, "origin": row.origin} for row in manifest.settings],
    }


def _run(story: Story) -> Run:
    if story.run is None:
        raise ValueError("no manifest was read yet")
    return story.run


def _verdict(run: Run) -> dict[str, Any] | None:
    if run.verdict is None:
        return None
    verdict = run.verdict
    return {
        "kind": verdict.kind.value,
        "passed": verdict.passed,
        "sentence": verdict.sentence,
        "reasons": list(verdict.reasons),
    }


def _progress(story: Story) -> dict[str, Any]:
    """Return where the run is: in its current step, or in its last one."""
    step = story.current or (story.steps[-1] if story.steps else None)
    if step is None:
        return {"phase": "", "step": "", "done": 0, "planned": 0, "fraction": 0.0, "left_s": None}
    done, planned = step.iterations + step.dropped, step.begin.iterations
    limit_s = step.begin.limit_s
    fraction = done / planned if planned else step.seconds / limit_s if limit_s else 0.0
    left_s = max(0.0, limit_s - step.seconds) if limit_s else None
    if planned and fraction >= _STEADY_AFTER:
        at_this_pace_s = step.seconds * (1 - fraction) / fraction
        left_s = at_this_pace_s if left_s is None else min(left_s, at_this_pace_s)
    return {
        "phase": step.begin.phase,
        "step": step.begin.step,
        "done": done,
        "planned": planned,
        "fraction": min(1.0, fraction),
        "left_s": left_s,
    }


def _figures(story: Story) -> dict[str, Any]:
    run, sums = _run(story), story.sums
    recent = story.counts.slices[-_RECENT:]
    recent_s = sum(s.seconds for s in recent)
    seconds = sum(story.now.active_ns.values()) / NS_PER_S
    times = _exact_times(run.totals) if run.ending else story.whole
    return {
        "requests": sums["requests"],
        "failed": sums["failed"],
        "seconds": seconds,
        "per_s": sums["requests"] / seconds if seconds else 0.0,
        "now_per_s": sum(s.requests.total() for s in recent) / recent_s if recent_s else 0.0,
        "users": story.now.users,
        "users_max": story.now.users_max,
        **_percentiles(times),
        **{name: sums[name] for name in SUMS},
    }


def _exact_times(totals: Totals) -> Distribution:
    return merged(series.response for key, series in totals.sums.items() if key.operation in CRUD)


def _percentiles(times: Distribution) -> dict[str, int]:
    p50, p90, p95, p99 = times.percentiles_us((50, 90, 95, 99))
    return {"p50_us": p50, "p90_us": p90, "p95_us": p95, "p99_us": p99, "max_us": times.max_us}


def _step(story: Story, step: StepStory) -> dict[str, Any]:
    begin = step.begin
    done, dropped = _iterations(story, step)
    return {
        "phase": begin.phase,
        "step": begin.step,
        "executor": begin.executor,
        "users": begin.users,
        "resources": sorted(begin.planned),
        "planned": begin.iterations,
        "done": done,
        "dropped": dropped,
        "seconds": step.seconds,
        "requests": step.requests,
        "failed": step.failed,
        "per_s": step.requests / step.seconds if step.seconds else 0.0,
        **_percentiles(step.times),
        "reason": step.reason,
    }


def _iterations(story: Story, step: StepStory) -> tuple[int, int]:
    """Return (completed, dropped) of a step: its phase's, which parts tell, where it is its phase's only step."""
    totals, phase = _run(story).totals, step.begin.phase
    if sum(other.begin.phase == phase for other in story.steps) > 1 or phase not in totals.tally.iterations:
        return step.iterations, step.dropped
    completed, dropped = totals.tally.iterations[phase].count, sum(totals.drops(phase).values())
    return max(step.iterations, completed), max(step.dropped, dropped)


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
        "mean_us": row.response.mean_us,
        **_percentiles(row.response),
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
                **_percentiles(merged(row.response for row in rows)),
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


def _generator(story: Story) -> list[dict[str, Any]]:
    """Return the generator's own figures: mean over the run's time, and the worst."""
    names = dict.fromkeys(name for s in story.counts.slices for name in s.health)
    rows = []
    for name in names:
        seen = [(s.health[name], s.seconds) for s in story.counts.slices if name in s.health]
        seconds = sum(part for _, part in seen)
        mean = sum(value * part for value, part in seen) / seconds if seconds else 0.0
        rows.append({"name": name, "mean": mean, "worst": max(value for value, _ in seen), "last": seen[-1][0]})
    return rows


def _estimate(story: Story) -> dict[str, Any] | None:
    """Return succeeded requests per 24 hours at the pace of the last phase that time decided, else of the longest."""
    run = _run(story)
    timed = [step.begin.phase for step in story.steps if not step.begin.iterations]
    phases = timed[-1:] or sorted(run.totals.phases(), key=run.totals.active_s)[-1:]
    if not phases or not run.totals.active_s(phases[0]):
        return None
    phase, seconds = phases[0], run.totals.active_s(phases[0])
    succeeded = sum(row.count - row.failed for row in run.totals.operation_sums(phase))
    return {"phase": phase, "seconds": seconds, "succeeded": succeeded, "per_day": succeeded / seconds * _DAY_S}
