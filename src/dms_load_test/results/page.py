"""What dashboard and report show, as plain values: objects, lists, texts, numbers. Its tables: `page_tables`.

Times are in microseconds. Nothing is formatted or escaped here: that is the views' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.histogram import merged
from dms_load_test.metrics.tally import CRUD
from dms_load_test.results.charts import charts_of
from dms_load_test.results.page_tables import percentiles, run_of, table_values
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.metrics.totals import Totals
    from dms_load_test.results.run import Run
    from dms_load_test.results.story import StepStory, Story

_RECENT = 3
_STEADY_AFTER = 0.02


def page_of(story: Story) -> dict[str, Any]:
    """Return everything that a page shows of a run that goes on, ended or was killed."""
    return {**head_values(story), **step_values(story), **table_values(story), "charts": charts_of(story)}


def head_values(story: Story) -> dict[str, Any]:
    """Return what changes each second, at a cost of about a millisecond."""
    run = run_of(story)
    manifest = run.manifest
    return {
        "run_id": manifest.run_id,
        "target": manifest.target,
        "profile": manifest.profile,
        "started_at": manifest.started_at,
        "state": "finished" if run.ending else "running",
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


def _verdict(run: Run) -> dict[str, Any] | None:
    if run.verdict is None:
        return None
    verdict = run.verdict
    return {
        "passed": verdict.passed,
        "sentence": verdict.sentence,
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
    run, sums = run_of(story), story.sums
    recent = story.counts.slices[-_RECENT:]
    recent_s = sum(s.seconds for s in recent)
    seconds = sum(story.now.active_ns.values()) / NS_PER_S
    times = _exact_times(run.totals) if run.ending else story.whole
    return {
        "requests": sums["requests"],
        "failed": sums["failed"],
        "per_s": sums["requests"] / seconds if seconds else 0.0,
        "now_per_s": sum(s.requests.total() for s in recent) / recent_s if recent_s else 0.0,
        "users": story.now.users,
        "users_max": story.now.users_max,
        **percentiles(times),
        "sent_bytes": sums["sent_bytes"],
        "received_bytes": sums["received_bytes"],
    }


def _exact_times(totals: Totals) -> Distribution:
    return merged(series.response for key, series in totals.sums.items() if key.operation in CRUD)


def _step(story: Story, step: StepStory) -> dict[str, Any]:
    begin = step.begin
    done, dropped = _iterations(story, step)
    return {
        "phase": begin.phase,
        "step": begin.step,
        "users": begin.users,
        "resources": sorted(begin.planned),
        "planned": begin.iterations,
        "done": done,
        "dropped": dropped,
        "seconds": step.seconds,
        "requests": step.requests,
        "failed": step.failed,
        "per_s": step.requests / step.seconds if step.seconds else 0.0,
        **percentiles(step.times),
        "reason": step.reason,
    }


def _iterations(story: Story, step: StepStory) -> tuple[int, int]:
    """Return (completed, dropped) of a step: its phase's, which parts tell, where it is its phase's only step."""
    totals, phase = run_of(story).totals, step.begin.phase
    if sum(other.begin.phase == phase for other in story.steps) > 1 or phase not in totals.tally.iterations:
        return step.iterations, step.dropped
    completed, dropped = totals.tally.iterations[phase].count, sum(totals.drops(phase).values())
    return max(step.iterations, completed), max(step.dropped, dropped)


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
