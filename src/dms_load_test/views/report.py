"""The report: one file that needs nothing else, to be mailed, archived, printed and opened in ten years."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup

from dms_load_test.views.pages import SCRIPTS, plotly_file, render_page, web_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render_report(page: Mapping[str, Any]) -> str:
    """Return the report of a page's values. Raises: ConfigError: Plotly is not installed."""
    scripts = [plotly_file().read_text(encoding="utf-8"), *map(web_text, SCRIPTS)]
    return render_page(
        page,
        partial=page["state"] == "running",
        styles=Markup(web_text("style.css")),  # noqa: S704 - our own file, which no one else's text is in
        scripts=[Markup(text) for text in scripts],  # noqa: S704 - as above
        head_policy=_policy(scripts),
        chart_data=Markup(json_for_script(page["charts"])),  # noqa: S704 - escaped for where it stands
    )


def write_report(path: Path, page: Mapping[str, Any]) -> None:
    """Write the report in one piece. Raises: ConfigError: Plotly is not installed. OSError."""
    beside = path.with_suffix(".partial")
    text = render_report(page)
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)  # on a full disk its megabytes are missed
        raise


def json_for_script(value: Any) -> str:
    """Return JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = msgspec.json.encode(value).decode()
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def _policy(scripts: Sequence[str]) -> str:
    """Return a policy that lets run exactly these scripts and asks no server for anything."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{text}'" for text in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
