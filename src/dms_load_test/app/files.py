"""Text files that a user, or the CI job, asked for by name."""

from __future__ import annotations

import os
from pathlib import Path

from dms_load_test.errors import ConfigError
from dms_load_test.results.storage import whole_file

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub Actions shows the Markdown in the file of that name on the page of the job."""


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all. Raises: ConfigError: if that is not possible."""
    try:
        with whole_file(path) as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose a file that can be written") from error


def require_place(path: Path, option: str) -> None:
    """Look whether a file can be made, before what it is for. Raises: ConfigError: it cannot."""
    problem = ""
    if not path.parent.is_dir():
        problem = f"there is no folder {path.parent}"
    elif path.exists() and not path.is_file():
        problem = "it is no regular file"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "it cannot be written"
    if problem:
        raise ConfigError(f"{option} {path}: {problem}; choose a file that can be written")


def show_on_ci_page(markdown: str) -> None:
    """Append to the page of the CI job, where there is one. Raises: ConfigError: if that is not possible."""
    if not os.environ.get(_STEP_SUMMARY):
        return
    path = Path(os.environ[_STEP_SUMMARY])
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(markdown)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a file that can be written") from error
