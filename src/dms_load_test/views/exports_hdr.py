"""HdrHistogram's interval log, version 1.3, in microseconds; a tag for each phase, operation and outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.views.exports import Interval, RunExport


def hdr_log(run: RunExport) -> Iterator[str]:
    """Yield the lines of the log. Interval maxima are in milliseconds."""
    began = run.started_at.timestamp()
    yield f"#[Response times of {run.run_id} in microseconds]\n"
    yield "#[Histogram log format version 1.3]\n"
    yield f"#[StartTime: {began:.3f} (seconds since epoch), {run.started_at:%Y-%m-%dT%H:%M:%SZ}]\n"
    yield f"#[BaseTime: {began:.3f} (seconds since epoch)]\n"
    yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    for moment in run.moments():
        for interval in moment.times:
            largest_ms = interval.distribution().max_us / 1000
            began_s = max(0.0, interval.t - interval.seconds)
            yield f"Tag={_tag(interval)},{began_s:.3f},{interval.seconds:.3f},{largest_ms:.3f},{interval.text}\n"


def _tag(interval: Interval) -> str:
    return f"{interval.phase}.{interval.operation}.{'ok' if interval.ok else 'failed'}".replace(",", "_")
