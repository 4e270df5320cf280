"""Parts of a record are written in rounds, over some seconds: readers take in whole ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms_load_test.results.events import Part


class Rounds:
    """Holds parts back until their round is whole.

    A round's first line tells its seconds, the later ones its requests: of a run that was killed in between, rates
    would be too low. In records of versions that did not write `more`, each part counts as a round.
    """

    def __init__(self) -> None:
        self._held: list[Part] = []

    def completed(self, part: Part) -> list[Part]:
        """Take in the next part; return all of its round if it is the last one, else nothing."""
        self._held.append(part)
        if part.more:
            return []
        whole, self._held = self._held, []
        return whole
