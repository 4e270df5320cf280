"""The rows of an inventory's journal, and what they tell of documents: pure, but for the query that gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CREATED, DELETED, FOUND = 0, 1, 2
APART = 4
"""Added to the state of what is not as its ordinal says: it exists and is cleaned up, and is not chosen."""
BY_DOCUMENT = """
SELECT resource, ordinal, spelling, id, state, phase, rowid FROM journal
WHERE :resource IS NULL OR resource = :resource ORDER BY resource, ordinal, rowid
"""


class Row(NamedTuple):
    """One row; `number` is its place in the journal."""

    resource: int
    ordinal: int
    spelling: int
    stored: bytes | str
    state: int
    phase: int
    number: int


def alive(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the last row of each document that exists; one that was found again is as the row before it tells.

    `rows` are in the order of BY_DOCUMENT.
    """
    last: Row | None = None
    for row in rows:
        if last is not None and last[:2] == row[:2]:
            if row.state == FOUND and last.state in {CREATED, FOUND}:
                row = row._replace(state=last.state, phase=last.phase, number=last.number)  # noqa: PLW2901 - still it
        elif last is not None and last.state != DELETED:
            yield last
        last = row
    if last is not None and last.state != DELETED:
        yield last
