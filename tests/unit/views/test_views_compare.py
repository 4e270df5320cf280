"""Comparisons in words."""

from math import inf

import pytest

from dms_load_test.metrics.difference import FIGURES, Change, Row
from dms_load_test.metrics.pairs import Subject
from dms_load_test.views.compare import floors_text


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
