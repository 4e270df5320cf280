"""Draw the summary of a finished run as an SVG for the documentation: picture.py RUN_FOLDER OUT.svg."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from dms_load_test.load.plan import Table
from dms_load_test.results.run import read_run
from dms_load_test.views.summary import SummaryView, print_summary

_ROWS = 3
"""Rows of a phase's table that the picture has room for."""
_WEB_FONT = re.compile(r"@font-face\s*{[^}]*}")
"""Rich asks a content network for a font; the reader's own monospaced one will do."""


def draw(folder: Path, out: Path) -> None:
    """Write the picture of the run in `folder` to `out`."""
    run = read_run(folder / "record.jsonl")
    if run.verdict is None:
        sys.exit(f"{folder}: the run has no verdict")
    console = Console(record=True, width=100, force_terminal=True, highlight=False, file=io.StringIO())
    print_summary(
        console,
        SummaryView(
            totals=run.totals,
            verdict=run.verdict,
            accounts=tuple(run.accounts),
            notes=run.manifest.notes,
            phases=run.phases,
            folder=f"results/{folder.name}",
            tables=tuple((at.phase, Table(at.title, at.columns, at.rows, at.note)) for at in run.tables),
        ),
        _ROWS,
    )
    svg = console.export_svg(title="./run-load-test.sh --profile dev")
    out.write_text(_WEB_FONT.sub("", svg), encoding="utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
