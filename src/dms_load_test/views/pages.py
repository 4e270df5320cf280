"""HTML from a page's plain values: the same templates make the live dashboard and the report.

Every text may be a server's: Jinja2 escapes all of them, and a policy in the page forbids any script but ours.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from dms_load_test.errors import ConfigError
from dms_load_test.views.progress import with_unit
from dms_load_test.views.tables import observed_text
from dms_load_test.views.text import cell_text, clock, closed_model, milliseconds, rate, share, took

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEB = Path(__file__).with_name("web")
SCRIPTS = ("theme.js", "tables.js", "charts.js")
"""Of every page, in this order, after Plotly."""
_SHOWN_RESOURCES = 4

PARTS: Mapping[str, tuple[str, ...]] = {
    "summary": ("state", "verdict", "progress", "recorded_s"),
    "figures": ("state", "figures", "recorded_s"),
    "thresholds": ("thresholds",),
    "statuses": ("statuses",),
    "split": ("split",),
    "operations": ("operations",),
    "operations_left_out": ("operations_left_out",),
    "steps": ("steps",),
    "failures": ("failures",),
    "overhead": ("overhead",),
    "limited": ("overhead",),
    "generator": ("generator",),
    "accounts": ("accounts",),
    "checks": ("checks", "integrity_violations", "violations"),
    "violations": ("violations", "violations_left_out"),
    "findings": ("tables", "own", "statements"),
    "estimate": ("estimate", "hours"),
    "notes": ("notes", "closed"),
}
"""Parts that change while a run goes on (macro and element by this name), and the values that each is made of."""


def render_page(page: Mapping[str, Any], **more: Any) -> str:
    """Return a whole document; `more` is what differs between dashboard and report."""
    unset = {"live": False, "partial": False, "styles": None, "head_policy": None, "chart_data": None}
    return (
        _templates()
        .get_template("page.html.j2")
        .render(page=page, **{**unset, "scripts": (), "script_names": (), **more})
    )


def render_waiting() -> str:
    """Return the document for a run that has not begun: it reloads itself."""
    return _templates().get_template("waiting.html.j2").render()


def render_part(name: str, page: Mapping[str, Any]) -> str:
    """Return the inside of one of PARTS."""
    module = _templates().get_template("parts.html.j2").module
    arguments = (page, False) if name == "summary" else (page,)
    return str(getattr(module, name)(*arguments))


def web_text(name: str) -> str:
    """Return a file of the page's: styles or a script."""
    return (WEB / name).read_text(encoding="utf-8")


@cache
def plotly_file() -> Path:
    """Return Plotly's JavaScript in the installed package. Raises: ConfigError: if it is not there."""
    package = importlib.util.find_spec("plotly")  # found, not imported: that would take a second
    found = (
        [Path(place) / "package_data" / "plotly.min.js" for place in (package.submodule_search_locations or ())]
        if package
        else []
    )
    if not found or not found[0].is_file():
        raise ConfigError("the plotly package is missing, which the charts come from; install it: pip install plotly")
    return found[0]


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(WEB),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes": bytes_text,
        "cell": cell_text,
        "clock": clock,
        "closed_model": closed_model,
        "count": lambda number: f"{number:,}",
        "health": _health,
        "health_name": lambda name: _HEALTH.get(name, (name, 1.0, ""))[0],
        "ms": milliseconds,
        "ms_number": lambda us: with_unit(us).split(" ")[0],
        "ms_unit": lambda us: with_unit(us).split(" ")[1],
        "observed": observed_text,
        "rate": rate,
        "share": share,
        "some": _some,
        "took": took,
        "with_unit": with_unit,
    }
    return environment


_HEALTH = {
    "cpu_ratio": ("CPU, % of a core", 100.0, " %"),
    "loop_lag_p99_ms": ("event loop lag p99", 1.0, " ms"),
    "open_files": ("open files", 1.0, ""),
    "memory_bytes": ("memory", 1e-6, " MB"),
}
"""Name -> title, factor, unit; others are shown under the record's name."""


def _health(value: float, name: str) -> str:
    _, factor, unit = _HEALTH.get(name, (name, 1.0, ""))
    return f"{value * factor:,.3g}{unit}" if abs(value * factor) < 1000 else f"{value * factor:,.0f}{unit}"  # noqa: PLR2004 - no exponents


def bytes_text(count: int) -> str:
    """A number of bytes: `812 B`, `4.2 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - SI prefixes
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_RESOURCES
    return ", ".join(names[:_SHOWN_RESOURCES]) + (f" and {more} more" if more > 0 else "")
