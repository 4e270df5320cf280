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


class Offset(NamedTuple):
    """Theirs less ours, and how far the truth may be off, ns."""

    ns: int
    error_ns: int


def offset(questions: Iterable[Question]) -> Offset:
    """Return the offset that the quickest question tells. Raises: ValueError if there is none."""
    quickest = min(questions, key=lambda question: question.heard_ns - question.asked_ns)
    middle_ns = (quickest.asked_ns + quickest.heard_ns) // 2
    return Offset(quickest.theirs_ns - middle_ns, (quickest.heard_ns - quickest.asked_ns + 1) // 2)
