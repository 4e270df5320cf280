"""Runs compared with a base: read, printed, written to files; says whether any got worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dms_load_test.app.files import show_on_ci_page, write_text
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.difference import DEFAULT_LIMITS, Kind
from dms_load_test.results.comparison import compare_records
from dms_load_test.results.run_folder import find_run
from dms_load_test.views.compare import comparison_markdown, print_comparison
from dms_load_test.views.compare_html import comparisons_html
from dms_load_test.views.terminal import make_console

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """`limits` by figure; `everything` shows rows without change, too."""

    limits: Mapping[str, float]
    everything: bool = False
    markdown: Path | None = None
    html: Path | None = None


def compare_runs(results: Path, base: str, new: Sequence[str], options: CompareOptions) -> bool:
    """Compare each of `new` with `base`; return whether none of them is worse.

    Raises:
        ConfigError: A run is not found or cannot be read, or a file cannot be written.
    """
    console = make_console()
    first = find_run(results, base).record
    comparisons = [compare_records(first, find_run(results, name).record, options.limits) for name in new]
    for comparison in comparisons:
        print_comparison(console, comparison, everything=options.everything)
    markdown = "\n".join(comparison_markdown(each, everything=options.everything) for each in comparisons)
    if options.markdown:
        write_text(options.markdown, markdown)
    if options.html:
        write_text(options.html, comparisons_html(comparisons, everything=options.everything))
    show_on_ci_page(markdown)
    return all(comparison.kind is not Kind.WORSE for comparison in comparisons)


def parse_limits(texts: Iterable[str]) -> dict[str, float]:
    """Return the limits by figure; `texts` such as `p95=20%` change the defaults.

    Raises:
        ConfigError: A text names no figure or no share.
    """
    limits = dict(DEFAULT_LIMITS)
    for text in texts:
        name, equals, value = text.partition("=")
        share = _share(value)
        if name not in limits or not equals or share is None:
            raise ConfigError(f"--limit {text}: expected one of {', '.join(limits)}, then = and a share such as 10%")
        limits[name] = share
    return limits


def _share(text: str) -> float | None:
    try:
        value = float(text.removesuffix("%").strip())
    except ValueError:
        return None
    value = value / 100 if text.endswith("%") else value
    return value if 0 <= value < float("inf") else None
