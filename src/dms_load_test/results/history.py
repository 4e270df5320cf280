"""The runs of a results folder in a line each: read from `summary.json`, or from the record where a run left none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.errors import ConfigError
from dms_load_test.results.events import Manifest
from dms_load_test.results.record import FILE_NAME
from dms_load_test.results.run import read_run
from dms_load_test.results.run_folder import RunFolder
from dms_load_test.results.summary import VERSION, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class PastRun:
    """Key figures of a run, of one of its phases: operations a second, percentiles in ms, failed operations by all.

    Figures are None where the phase had no operations; `verdict` is `partial` for a run that was killed. Emulators of
    runs' own are one `target`.
    """

    run_id: str
    profile: str
    target: str
    verdict: str
    phase: str
    operations: int
    rate_per_s: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    failed_ratio: float | None


def past_runs(results: Path, phase: str = "") -> Iterator[PastRun]:
    """Yield the runs of a folder, the oldest first; of `phase`, or else of the last phase that each of them had.

    Folders whose record cannot be read are left out. Memory: one summary at a time.
    """
    for record in sorted(results.glob(f"*/{FILE_NAME}")):
        try:
            summary = _summary(RunFolder(record.parent))
        except ConfigError:
            continue
        yield _past_run(summary, phase)


def _summary(folder: RunFolder) -> Mapping[str, Any]:
    try:
        summary = msgspec.json.decode(folder.summary.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        summary = {}
    is_whole = summary.get("version") == VERSION and "begun_phases" in summary  # earlier ones had no such member
    return summary if is_whole else summarize(read_run(folder.record))


def _past_run(summary: Mapping[str, Any], phase: str) -> PastRun:
    wanted = (phase,) if phase else tuple(reversed(summary["begun_phases"]))
    phases = {each["phase"]: each for each in summary["phases"] if each["operations"]}
    found = next((phases[name] for name in wanted if name in phases), None)
    verdict = summary["verdict"]["kind"] if summary["verdict"] else "partial"
    figures = _figures(found) if found else (0, None, None, None, None, None)
    manifest = msgspec.convert(summary["manifest"], Manifest)
    return PastRun(
        manifest.run_id,
        manifest.profile,
        "the embedded emulator" if manifest.has_own_emulator else manifest.target,
        "partial" if summary["partial"] else verdict,
        found["phase"] if found else phase,
        *figures,
    )


def _figures(phase: Mapping[str, Any]) -> tuple[int, float, float, float, float, float]:
    metrics, sums = phase["metrics"], [row for row in phase["operations"] if row["resource"] is None]
    count, failed = sum(row["count"] for row in sums), sum(row["failed"] for row in sums)
    times = metrics.get("crud_operation_duration") or {}
    p50, p95, p99 = (float(times.get(name, 0.0)) for name in ("p(50)", "p(95)", "p(99)"))
    rate_per_s = count / phase["seconds"] if phase["seconds"] else 0.0
    return count, rate_per_s, p50, p95, p99, failed / count if count else 0.0
