"""Comparisons in words."""

import io
from math import inf

import pytest
from rich.console import Console

from dms_load_test.metrics.difference import FIGURES, Change, Comparison, Kind, Row
from dms_load_test.metrics.pairs import Subject
from dms_load_test.views.compare import floors_text, print_comparison
from dms_load_test.views.history import HistoryRow, print_history


@pytest.mark.parametrize(
    ("floors", "text"),
    [
        ((0.074, 0.03, 1.86, inf, 0.0062), "rate 7.4 %, p50 3 %, p95 186 %, p99 too few, errors 0.62 points"),
        ((0.994, 0.997, inf, inf, inf), "rate 99 %, p50 100 %, p95 too few, p99 too few, errors too few"),
        ((inf,) * 5, "too few"),
    ],
)
def test_noise_floors_are_plain_numbers(floors, text):
    changes = {name: Change(1.0, 1.0, 0.0, floor=floor) for name, floor in zip(FIGURES, floors, strict=True)}

    assert floors_text(Row(Subject("load"), changes, (10, 10))) == text


def printed(show, what, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=False, legacy_windows=False, _environ={})
    show(console, what)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 99, 100, 120])
def test_changes_and_judgements_are_never_cut_however_long_names_are(width):
    changes = {name: Change(0.563, 2557.0, -0.123, 0.1, 0.001, Kind.BETTER) for name in FIGURES} | {
        "errors": Change(0.0, 0.0, 0.0, kind=Kind.TOO_FEW)
    }
    row = Row(Subject("load", "update", "studentEducationOrganizationResponsibilityAssociations"), changes, (9, 9))

    shown = printed(print_comparison, Comparison("a", "b", (row,), dict.fromkeys(FIGURES, 0.1), ()), width)

    (line,) = (line for line in shown.splitlines() if "2,557" in line)
    assert line.count("-12 %") == (4 if width == 120 else 2)
    assert line.rstrip().endswith(row.kind.value)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_history_never_cuts_the_names_of_runs_or_figures(width):
    name = "20261126T190049Z-readwrite-3b17"
    figures = (7230, 1234.5, 0.421, 57.4, 1234.5, 0.125)
    rows = [HistoryRow(name, "p", "t", "integrity violations", "full of words", *figures)]

    shown = printed(print_history, rows, width)

    assert name in shown
    assert "57.4" in shown
    assert ("7,230" in shown) == (width == 120)
    assert "…" not in shown
