"""Figures and names as short texts, the same in every view. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BARS = "▁▂▃▄▅▆▇█"


def milliseconds(us: float) -> str:
    """Three significant digits: `0.421`, `4.21`, `42.1`, `421`, `4,210`; from 10 s on in seconds: `42.1 s`."""
    ms = us / 1000
    if ms >= 10_000:  # noqa: PLR2004 - five digits of milliseconds are hard to read
        return f"{ms / 1000:,.1f} s"
    if ms >= 99.95:  # noqa: PLR2004 - rounds to 100
        return f"{ms:,.0f}"
    if ms >= 9.995:  # noqa: PLR2004 - rounds to 10.0
        return f"{ms:.1f}"
    return f"{ms:.2f}" if ms >= 0.9995 else f"{ms:.3f}"  # noqa: PLR2004 - rounds to 1.00


def rate(per_s: float) -> str:
    """A number per second: `1,920`, `19.2`, `0.3`."""
    return f"{per_s:,.0f}" if per_s >= 99.95 else f"{per_s:.1f}"  # noqa: PLR2004 - rounds to 100


def share(hits: int, total: int) -> str:
    """A percentage that never rounds a failure away: `0 %`, `<0.1 %`, `3.4 %`, `>99.9 %`, `100 %`."""
    if total == 0:
        return "-"
    percent = 100 * hits / total
    if hits == 0 or hits >= total:
        return f"{percent:.0f} %"
    if percent < 0.1:  # noqa: PLR2004 - would be shown as 0.0
        return "<0.1 %"
    return ">99.9 %" if percent > 99.9 else f"{percent:.1f} %"  # noqa: PLR2004 - would be shown as 100.0


def cell_text(value: str | float | None) -> str:
    """A cell of a table whose columns are not known beforehand: numbers to four digits, a dash for nothing."""
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004 - no exponents


def clock(seconds: float) -> str:
    """A duration to the second: `0:07`, `12:30`, `1:02:03`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def took(seconds: float) -> str:
    """How long something took: `0.34 s`, `7.2 s`, then as a clock: `12:30`."""
    if seconds >= 59.95:  # noqa: PLR2004 - rounds to a minute
        return clock(seconds)
    return f"{seconds:.1f} s" if seconds >= 0.995 else f"{seconds:.2f} s"  # noqa: PLR2004 - rounds to 1.0


def plural(count: int, one: str, many: str = "") -> str:
    """`1 threshold`, `3 thresholds`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def short_resource(resource: str, width: int) -> str:
    """A resource's name in at most `width` characters: with Ed-Fi's `EdOrg`, then with its middle left out."""
    if len(resource) > width:
        resource = resource.replace("ducationOrganization", "dOrg")
    if len(resource) <= width:
        return resource
    tail = (width - 1) // 2
    return f"{resource[: width - 1 - tail]}…{resource[-tail:]}"


def printable(text: str, most: int = 400) -> str:
    """A server's words, safe for a terminal: on one line, without control characters, at most `most` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def sparkline(values: Sequence[float]) -> str:
    """One bar for each value, relative to the largest; empty without values."""
    top = max(values, default=0)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in values)


def closed_model(phases: Iterable[str]) -> str:
    """What response times of phases do not show in which users wait for answers."""
    return (
        f"{', '.join(phases)}: closed model. Users wait for answers before they ask again, so a stall of the target "
        "lowers the rate; it does not show in the times of the requests it held back."
    )
