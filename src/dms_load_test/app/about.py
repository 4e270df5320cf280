"""What this program is made of, for a bug report: its version, the data standard that it holds, its libraries."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files

import msgspec

from dms_load_test import __version__

_NAME = re.compile(r"[A-Za-z0-9._-]+")


class _Standard(msgspec.Struct):
    """What is read of the embedded standard's file: its name and version."""

    project: str
    version: str


def about_lines() -> list[str]:
    """Return lines: our version, the data standard, Python, then each library."""
    raw = files("dms_load_test.edfi").joinpath("data/ds-5.2.json").read_bytes()
    standard = msgspec.json.decode(raw, type=_Standard)
    libraries = [f"{name} {found}" for name in _libraries() if (found := _version_of(name))]
    return [
        f"dms-load-test {__version__}",
        f"data standard {standard.project} {standard.version}",
        f"Python {platform.python_version()} on {platform.platform()}",
        *libraries,
    ]


def _libraries() -> list[str]:
    """Return what the installed package asks for; extras come last."""
    wanted = sorted(requires("dms-load-test") or (), key=lambda text: "extra ==" in text)
    tools = ("extra == 'dev'", 'extra == "dev"')
    names = [_NAME.match(text) for text in wanted if not text.endswith(tools)]
    return [name.group() for name in names if name is not None]


def _version_of(name: str) -> str:
    """Return a library's version, empty where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
