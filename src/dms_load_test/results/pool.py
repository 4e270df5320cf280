"""Documents to choose from, in memory, and how an id is kept: 16 bytes for the usual spellings."""

from __future__ import annotations

from array import array

HYPHENATED, PLAIN, TEXT = 0, 1, 2
"""How the server spells an id: as a UUID with hyphens, as 32 hexadecimal digits, or otherwise."""
_ID_BYTES = 16


class Pool:
    """The free documents of one resource, in no order: arrays, because objects would take ten times the memory."""

    __slots__ = ("_ids", "_ordinals", "_places", "_spellings", "_texts")

    def __init__(self) -> None:
        self._ordinals = array("Q")
        self._spellings = bytearray()
        self._ids = bytearray()
        self._texts: dict[int, str] = {}
        self._places: array[int] | None = None
        """Ordinal -> place, -1 where it is none: 8 bytes a document, once documents are asked for by ordinal."""

    def __len__(self) -> int:
        return len(self._ordinals)

    def put(self, ordinal: int, spelling: int, stored: bytes | str) -> None:
        """Add a document at the end."""
        if self._places is not None:
            self._note_place(ordinal, len(self._ordinals))
        self._ordinals.append(ordinal)
        self._spellings.append(spelling)
        if isinstance(stored, str):
            self._texts[ordinal] = stored
            self._ids += bytes(_ID_BYTES)
        else:
            self._ids += stored

    def place_of(self, ordinal: int) -> int:
        """Return the place of a document, -1 where it is not among the free ones."""
        if self._places is None:
            self._places = array("q")
            for place, known in enumerate(self._ordinals):
                self._note_place(known, place)
        return self._places[ordinal] if ordinal < len(self._places) else -1

    def _note_place(self, ordinal: int, place: int) -> None:
        assert self._places is not None
        if ordinal >= len(self._places):
            self._places.extend([-1] * (ordinal + 1 - len(self._places)))
        self._places[ordinal] = place

    def pop(self, at: int) -> tuple[int, str]:
        """Take the document at a place out; the last one fills the gap."""
        ordinal, spelling = self._ordinals[at], self._spellings[at]
        stored = bytes(self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES])
        last_ordinal, last_spelling = self._ordinals.pop(), self._spellings.pop()
        last_id = self._ids[-_ID_BYTES:]
        del self._ids[-_ID_BYTES:]
        if self._places is not None:
            self._places[last_ordinal] = at
            self._places[ordinal] = -1
        if at < len(self._ordinals):
            self._ordinals[at], self._spellings[at] = last_ordinal, last_spelling
            self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES] = last_id
        return ordinal, spell(spelling, self._texts.pop(ordinal) if spelling == TEXT else stored)


def store(document_id: str) -> tuple[int, bytes | str]:
    """Return how an id is spelled and what is kept of it: 16 bytes for the usual spellings, else the text."""
    try:
        stored = bytes.fromhex(document_id.replace("-", ""))
    except ValueError:
        return TEXT, document_id
    if len(stored) != _ID_BYTES:
        return TEXT, document_id
    digits = stored.hex()
    if document_id == _hyphenated(digits):
        return HYPHENATED, stored
    return (PLAIN, stored) if document_id == digits else (TEXT, document_id)


def spell(spelling: int, stored: bytes | str) -> str:
    """Return an id as the server spells it."""
    if isinstance(stored, str):
        return stored
    return stored.hex() if spelling == PLAIN else _hyphenated(stored.hex())


def _hyphenated(digits: str) -> str:
    # A fifth of the time of `str(UUID(...))`, once for each create and each choice.
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
