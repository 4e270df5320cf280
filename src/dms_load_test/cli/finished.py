"""Commands about finished runs, from their records alone: report, compare, export, list."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import Annotated

import typer

from dms_load_test.cli.application import (
    PASSED,
    THRESHOLD_FAILED,
    ResultsOption,
    RunArgument,
    app,
    settings_in_force,
)


@app.command()
def report(
    run: RunArgument = "",
    out: Annotated[Path | None, typer.Option(help="File to write; else report.html in the run's folder.")] = None,
    results: ResultsOption = None,
) -> None:
    """Make a run's HTML report from its record. Runs that were killed have a record, too."""
    from dms_load_test.app.report import make_report

    print(make_report(settings_in_force(None, None, results=results).settings.results_dir, run, out))


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="The run to compare with: its folder, or its name's start or end.")],
    new: Annotated[list[str], typer.Argument(help="The runs to judge.")],
    results: ResultsOption = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="FIGURE=SHARE", help="Change to tolerate: rate, p50, p95, p99 or errors, as in p95=20%."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show resources without change, too.")] = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write the comparison as Markdown.")] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the comparison as a page.")] = None,
) -> None:
    """Tell whether runs are worse than a base. What limits or noise cover is not; exit code 99 if one is."""
    from dms_load_test.app.compare import CompareOptions, compare_runs, parse_limits

    options = CompareOptions(limits=parse_limits(limit or ()), everything=everything, markdown=markdown, html=html)
    folder = settings_in_force(None, None, results=results).settings.results_dir
    raise typer.Exit(PASSED if compare_runs(folder, base, new, options) else THRESHOLD_FAILED)


@app.command()
def export(
    run: RunArgument = "",
    formats: Annotated[
        str, typer.Option("--format", "-f", help="summary, csv, junit, markdown, hdr, k6, separated by commas; or all.")
    ] = "all",
    into: Annotated[Path | None, typer.Option(help="Folder to write to; else the run's.")] = None,
    results: ResultsOption = None,
) -> None:
    """Write a run's figures for other tools. They are made from its record alone."""
    from dms_load_test.app.exports import export_run, parse_formats

    folder = settings_in_force(None, None, results=results).settings.results_dir
    for path in export_run(folder, run, parse_formats(formats), into):
        print(path)


@app.command()
def history(
    results: ResultsOption = None,
    profile: Annotated[str, typer.Option("--profile", "-p", help="Only runs of this profile.")] = "",
    phase: Annotated[str, typer.Option(help="Figures of this phase; else of each run's last.")] = "",
    last: Annotated[int, typer.Option(help="How many runs.", min=1)] = 50,
    html: Annotated[Path | None, typer.Option(help="Also write the list and its trends as a page.")] = None,
) -> None:
    """List past runs with verdict and key figures. Runs that can be compared have a trend."""
    from dms_load_test.app.history import show_history

    folder = settings_in_force(None, None, results=results).settings.results_dir
    show_history(folder, profile, phase, last, html)
