"""The runs of a results folder, listed."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from dms_load_test.app.files import write_text
from dms_load_test.errors import ConfigError
from dms_load_test.results.history import past_runs
from dms_load_test.views.history import HistoryRow, history_html, print_history
from dms_load_test.views.terminal import make_console

if TYPE_CHECKING:
    from pathlib import Path


def show_history(results: Path, profile: str, phase: str, last: int, html: Path | None) -> None:
    """Print the last runs of a folder, of one profile and phase where asked for; also write them as a page.

    Raises:
        ConfigError: There is none, or the page cannot be written.
    """
    runs = [HistoryRow(*astuple(run)) for run in past_runs(results, phase) if profile in ("", run.profile)]
    if not runs:
        raise ConfigError(f"{results}: no runs{f' of profile {profile}' if profile else ''}; see --results")
    if phase and not any(run.operations for run in runs):
        raise ConfigError(f"{results}: no run has a phase {phase} with operations; leave --phase out to see the runs")
    print_history(make_console(), runs[-last:])
    if html is not None:
        write_text(html, history_html(runs[-last:]))
