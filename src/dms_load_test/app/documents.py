"""The documents of a run dealt out to workers, every n-th to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.results.inventory import RunInventory

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    Row = tuple[str, int, int, bytes | str]

_PILE = 10_000
"""Documents sent at a time: about half a megabyte."""


class Pile(NamedTuple):
    """Some documents of one worker's share."""

    worker: int
    rows: tuple[Row, ...]


def dealt(path: Path, workers: int) -> Generator[Pile, None, None]:
    """Yield the documents that exist in piles, by ordinal modulo `workers`; all in the thread of the first `next`."""
    hands: list[list[Row]] = [[] for _ in range(workers)]
    with RunInventory(path) as inventory:
        for document in inventory.choices():
            index = document[1] % workers
            hand = hands[index]
            hand.append(document)
            if len(hand) >= _PILE:
                yield Pile(index, tuple(hand))
                hand.clear()
    for index, hand in enumerate(hands):
        if hand:
            yield Pile(index, tuple(hand))
