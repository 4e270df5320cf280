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
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        code = _unwritten(error)
    sys.exit(code)


def _run() -> int | str | None:
    try:
        app()
    except SystemExit as ended:
        return _code_of(ended)
    except LoadTestError as error:
        print(f"dms-load-test: {_safe(str(error))}", file=sys.stderr)
        return next(code for kind, code in _ERRORS if isinstance(error, kind))
    except KeyboardInterrupt:
        return _interrupted()
    except OSError as error:
        from dms_load_test.results.storage import is_full

        if not is_full(error):
            raise
        return _unwritten(error)
    return PASSED


def _unwritten(error: OSError) -> int:
    _drop_output()
    print(f"dms-load-test: the output cannot be written: {error.strerror}; make space for it", file=sys.stderr)
    return ABORTED


def _code_of(ended: SystemExit) -> int | str | None:
    """Return our code for what Typer ends with."""
    if isinstance(ended.__context__, BrokenPipeError):  # whoever read has left, as `| head` does: no mistake
        _drop_output()
        return PASSED
    code = _OURS.get(ended.code, ended.code) if isinstance(ended.code, int) else ended.code
    return _interrupted() if code == INTERRUPTED and ended.code != INTERRUPTED else code


def _interrupted() -> int:
    print("dms-load-test: interrupted", file=sys.stderr)
    return INTERRUPTED


def _drop_output() -> None:
    """Send what is left of the output nowhere: Python would tell of it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


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
