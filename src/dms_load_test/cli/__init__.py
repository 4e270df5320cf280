"""The command line: arguments to a call of `app`, its outcome to an exit code. Nothing else knows exit codes.

Rules: heavy imports happen inside a command, so that `--help` is quick; a user's or target's mistake is one message on
standard error, never a traceback. A command stands in the module of its group.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from dms_load_test.cli import data, emulating, finished, loading, looking, operating, preparing
from dms_load_test.cli.application import ABORTED, CONFIG, INTERRUPTED, PASSED, SCENARIO, TARGET, app
from dms_load_test.errors import ConfigError, LoadTestError, ScenarioError, StorageError, TargetError

__all__ = ["app", "data", "emulating", "finished", "loading", "looking", "main", "operating", "preparing"]
_ERRORS: tuple[tuple[type[LoadTestError], int], ...] = (
    (ConfigError, CONFIG),
    (TargetError, TARGET),
    (ScenarioError, SCENARIO),
    (StorageError, ABORTED),
)
_OURS = {2: CONFIG, 130: INTERRUPTED}
"""Typer's codes for wrong usage and Ctrl-C -> ours."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    try:
        app()
    except SystemExit as ended:
        code = _OURS.get(ended.code) if isinstance(ended.code, int) else None
        if code == INTERRUPTED:
            print("dms-load-test: interrupted", file=sys.stderr)
        sys.exit(ended.code if code is None else code)
    except LoadTestError as error:
        print(f"dms-load-test: {_safe(str(error))}", file=sys.stderr)
        sys.exit(next(code for kind, code in _ERRORS if isinstance(error, kind)))
    except KeyboardInterrupt:
        print("dms-load-test: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PASSED)
    sys.exit(PASSED)


def _safe(text: str) -> str:
    """Return a message, which may quote a server, without what terminals obey."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[
        bool, typer.Option("--version", help="Show the versions of program and libraries.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from dms_load_test.app.about import about_lines

        print("\n".join(about_lines()))
        raise typer.Exit
