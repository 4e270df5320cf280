"""How another machine's clock stands to ours, from questions and answers. Pure.

Source: Cristian's algorithm. The true offset lies within half of the round trip of what is measured, so the quickest
of some questions is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Question(NamedTuple):
    """When we asked, what the other's clock showed, when we heard it: each on its own clock, ns."""

    asked_ns: int
    theirs_ns: int
    heard_ns: int


def offset_ns(questions: Iterable[Question]) -> int:
    """Return theirs less ours, as the quickest question tells. Raises: ValueError if there is none."""
    quickest = min(questions, key=lambda question: question.heard_ns - question.asked_ns)
    middle_ns = (quickest.asked_ns + quickest.heard_ns) // 2
    return quickest.theirs_ns - middle_ns
