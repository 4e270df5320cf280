"""A record read while it is written: each call gives what was appended since the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.results.record import decode_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dms_load_test.results.events import Event

_MOST_BYTES = 1 << 20
"""Read at a time, so that a day's record does not stand in memory."""


class RecordFollower:
    """Reads a record from its beginning; the file may come into being later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._lines = 0

    def new_events(self) -> Iterator[Event]:
        """Yield the events of all lines completed since the last call. Raises: ConfigError: the record is damaged."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            while lines := file.readlines(_MOST_BYTES):
                for line in lines:
                    if not line.endswith(b"\n"):
                        return  # still being written: it is read again, whole
                    self._offset += len(line)
                    self._lines += 1
                    event = decode_line(line, f"{self._path}, line {self._lines}")
                    if event is not None:
                        yield event
