"""Write what the code says about itself into the documentation: settings, commands, exit codes, the data path.

`python scripts/docs.py` writes; a test calls `pages()` and compares. Text outside of the marks is written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from data_path import picture
from typer.testing import CliRunner

from dms_load_test.cli import app, application
from dms_load_test.config import KEYS
from dms_load_test.metrics.catalog import METRICS
from dms_load_test.metrics.thresholds import AGGREGATIONS
from dms_load_test.metrics.totals import TAGS

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
_HEADING = re.compile(r"# === (.+) ===|#([A-Z0-9_]+)=")
_WIDTH = 80


def settings_tables() -> str:
    """Return a table for each group of `.env.example`, with what `config` knows of its settings."""
    lines: list[str] = []
    for heading, name in _HEADING.findall((ROOT / ".env.example").read_text(encoding="utf-8")):
        if heading:
            lines += ["", f"## {heading}", "", "| setting | default | meaning | write |", "|---|---|---|---|"]
            continue
        key = KEYS[name]
        default = f"`{key.default}`" if key.default else ""
        lines.append(f"| `{name}` | {_cell(default)} | {_cell(key.description)} | {_cell(key.expected)} |")
    return "\n".join(lines)


def command_sections() -> str:
    """Return a section for each command: its help, as the terminal shows it."""
    names = sorted(filter(None, (one.name or _name_of(one.callback) for one in app.registered_commands)))
    lines = ["", " · ".join(f"[{name}](#{name})" for name in names)]
    for name in names:
        lines += ["", f"## {name}", "", "```text", _help(name), "```"]
    return "\n".join(lines)


def _name_of(function: Callable[..., object] | None) -> str:
    return getattr(function, "__name__", "").replace("_", "-")


def _help(command: str) -> str:
    shown = CliRunner().invoke(app, [command, "--help"], prog_name="dms-load-test", terminal_width=_WIDTH)
    lines = (line.rstrip() for line in shown.output.strip().splitlines())
    return "\n".join(lines)


def exit_codes() -> str:
    """Return the table of exit codes."""
    meanings = (
        ("PASSED", "passed; also where the reader of the output left, as `\\| head` does"),
        (
            "THRESHOLD_FAILED",
            "a threshold or a check failed, less than 95 % of the plan was done, or a run is worse than its base",
        ),
        (
            "CONFIG",
            "an argument or a setting is wrong, or this machine has too little disk or open files; nothing was written",
        ),
        (
            "INTERRUPTED",
            "interrupted, also at a question, by SIGTERM or a closed terminal; the results so far are written",
        ),
        ("SCENARIO", "a scenario raised"),
        (
            "ABORTED",
            (
                "ended early as was asked for: ABORT_ON_4XX, STOP_ON_FIRST_FAILURE; "
                "or what is to be written cannot be, as on a full disk"
            ),
        ),
        ("TARGET", "the target is not ready, not usable, or stopped answering"),
        ("BUG", "our bug"),
    )
    rows = (f"| {getattr(application, name)} | {meaning} |" for name, meaning in meanings)
    return "\n".join(["", "| exit code | meaning |", "|---|---|", *rows])


def metric_table() -> str:
    """Return the table of metrics: what each is, its functions and its tags."""
    lines = ["", "| metric | what it is | functions | tags |", "|---|---|---|---|"]
    for name, metric in METRICS.items():
        functions = ", ".join("p(N)" if function == "p" else function for function in AGGREGATIONS[metric.kind])
        lines.append(f"| `{name}` | {_cell(metric.help)} | {functions} | {_tags(metric.tags)} |")
    return "\n".join(lines)


def _tags(tags: tuple[str, ...]) -> str:
    return "all" if tags == TAGS else ", ".join(tags)


PARTS = {
    ("docs/configuration.md", "settings"): settings_tables,
    ("docs/commands.md", "commands"): command_sections,
    ("docs/commands.md", "exit codes"): exit_codes,
    ("docs/metrics.md", "metrics"): metric_table,
}
"""(page, name of the marks) -> what stands between them."""


def pages() -> dict[str, str]:
    """Return every file that holds something generated, by path from the root, as it should be.

    Raises: LookupError: a page lacks its marks.
    """
    found = {"docs/images/data-path.svg": picture()}
    for (page, name), make in PARTS.items():
        text = found.get(page) or (ROOT / page).read_text(encoding="utf-8")
        begin, end = f"<!-- {name}: begin, by scripts/docs.py -->", f"<!-- {name}: end -->"
        if begin not in text or end not in text:
            raise LookupError(f'{page}: the marks "{begin}" and "{end}" are missing')
        before, rest = text.split(begin, 1)
        found[page] = f"{before}{begin}\n{make().strip()}\n{end}{rest.split(end, 1)[1]}"
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for path, content in pages().items():
        (ROOT / path).write_text(content, encoding="utf-8")
