"""Files for other tools, made from a record: at the end of a run, or later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.app.files import show_on_ci_page
from dms_load_test.errors import ConfigError
from dms_load_test.load.plan import Table
from dms_load_test.load.virtual_user import Violation
from dms_load_test.results.convert import distribution_of
from dms_load_test.results.events import Detail, Second
from dms_load_test.results.record import read_record
from dms_load_test.results.run import read_run
from dms_load_test.results.run_folder import find_run
from dms_load_test.results.storage import whole_file
from dms_load_test.results.summary import write_summary
from dms_load_test.views.exports import Interval, Moment, RunExport
from dms_load_test.views.exports_csv import failures_csv, history_csv, stats_csv
from dms_load_test.views.exports_hdr import hdr_log
from dms_load_test.views.exports_junit import junit_xml
from dms_load_test.views.exports_k6 import k6_summary
from dms_load_test.views.exports_markdown import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from dms_load_test.results.events import DetailRow
    from dms_load_test.results.run import Run
    from dms_load_test.results.run_folder import RunFolder

_Lines = Callable[[RunExport], Iterable[str]]


def _k6(run: RunExport) -> Iterable[str]:
    return (msgspec.json.format(msgspec.json.encode(k6_summary(run)), indent=4).decode(), "\n")


FORMATS: Mapping[str, Mapping[str, _Lines]] = {
    "csv": {"stats.csv": stats_csv, "stats_history.csv": history_csv, "failures.csv": failures_csv},
    "junit": {"junit.xml": lambda run: (junit_xml(run),)},
    "markdown": {"summary.md": lambda run: (markdown(run),)},
    "hdr": {"latency.hlog": hdr_log},
    "k6": {"k6-summary.json": _k6},
}
"""Format -> file -> what writes it. To add an export, add a line."""
SUMMARY = "summary"
"""The format of `summary.json`, which every run writes."""


def parse_formats(text: str) -> tuple[str, ...]:
    """Return the formats of `csv,junit` or `csv junit`; `none` is none, `all` all.

    Raises:
        ConfigError: One is unknown.
    """
    names = text.replace(",", " ").split()
    if names == ["all"]:
        return (SUMMARY, *FORMATS)
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in (SUMMARY, *FORMATS)]
    if unknown or not names:
        expected = ", ".join((SUMMARY, *FORMATS))
        raise ConfigError(f'exports "{text}": expected some of {expected}, separated by commas, or "all" or "none"')
    return tuple(dict.fromkeys(names))


def export_run(results: Path, name: str, formats: Iterable[str], into: Path | None = None) -> list[Path]:
    """Write the exports of an earlier run into its folder, or into another; return the files.

    Raises:
        ConfigError: The run is not found or cannot be read, or a file cannot be written.
    """
    folder = find_run(results, name)
    return write_exports(read_run(folder.record), folder.record, formats, into or folder.path)


def export_after(folder: RunFolder, run: Run, formats: Iterable[str], k6_summary_file: Path | None) -> list[str]:
    """Write what a run that just ended is to leave, and show it on the page of the CI job, where there is one.

    Return what could not be written, and why: a run has its verdict whether or not a file of it can be written.
    """
    export = _export(run, folder.record)
    jobs: list[Callable[[], object]] = [
        partial(write_exports, run, folder.record, (name,), folder.path) for name in formats
    ]
    if k6_summary_file is not None:
        jobs.append(partial(_write_k6_summary, k6_summary_file, export))
    jobs.append(partial(show_on_ci_page, markdown(export)))
    troubles = []
    for job in jobs:
        try:
            job()
        except ConfigError as error:
            troubles.append(f"Not exported: {error}")
    return troubles


def _write_k6_summary(path: Path, export: RunExport) -> None:
    try:
        with whole_file(path) as opened:
            opened.writelines(_k6(export))
    except OSError as error:
        raise ConfigError(f"--summary-export {path}: {error.strerror}; choose another file") from error


def write_exports(run: Run, record: Path, formats: Iterable[str], into: Path) -> list[Path]:
    """Write exports of a run and its record; return the files. Raises: ConfigError: as `export_run`."""
    export = _export(run, record)
    written = []
    path = into
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name in formats:
            if name == SUMMARY:
                path = into / "summary.json"
                write_summary(path, run)
                written.append(path)
            for file, lines in FORMATS.get(name, {}).items():
                path = into / file
                with whole_file(path) as opened:
                    opened.writelines(lines(export))
                written.append(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose a folder that can be written") from error
    return written


def _export(run: Run, record: Path) -> RunExport:
    manifest = run.manifest
    return RunExport(
        run_id=manifest.run_id,
        started_at=datetime.fromisoformat(manifest.started_at),
        target=manifest.target,
        profile=manifest.profile,
        duration_s=run.recorded_s,
        totals=run.totals,
        verdict=run.verdict,
        accounts=run.accounts,
        notes=(*manifest.notes, *(note.text for note in run.notes)),
        moments=partial(moments_of, record),
        facts={"Data standard": manifest.data_standard, "Seed": str(manifest.seed)},
        tables=[(line.phase, Table(line.title, line.columns, line.rows, line.note)) for line in run.tables],
        violations=[
            (line.phase, Violation(line.kind, line.resource, line.document_id, line.ordinal, line.detail))
            for line in run.violations
        ],
    )


def moments_of(record: Path) -> Iterator[Moment]:
    """Yield a record's seconds, each with the times whose interval ends there. Raises: ConfigError: damaged."""
    last: Moment | None = None
    for event in read_record(record):
        if isinstance(event, Second):
            if last is not None:
                yield last
            last = _moment(event)
        elif isinstance(event, Detail) and last is not None:
            last.times += [_interval(event, row) for row in event.rows]
    if last is not None:
        yield last


def _moment(second: Second) -> Moment:
    requests = sum(row.requests for row in second.rows)
    failed = sum(row.requests for row in second.rows if not row.ok)
    return Moment(second.t, second.seconds, second.users, requests, failed, second.received_bytes)


def _interval(detail: Detail, row: DetailRow) -> Interval:
    decode = partial(distribution_of, row.response)
    return Interval(detail.t, detail.seconds, row.phase, row.operation, row.ok, row.response.text, decode)
