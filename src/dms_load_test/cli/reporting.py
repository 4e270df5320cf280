"""The command that makes a report."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import Annotated

import typer

from dms_load_test.cli.application import ResultsOption, app, settings_in_force


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="The run: its folder, or its name's start or end; else the latest.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; else report.html in the run's folder.")] = None,
    results: ResultsOption = None,
) -> None:
    """Make a run's HTML report from its record. Runs that were killed have a record, too."""
    from dms_load_test.app.report import make_report

    print(make_report(settings_in_force(None, None, results=results).settings.results_dir, run, out))
