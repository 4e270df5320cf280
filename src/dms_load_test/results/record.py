"""`record.jsonl`: one event a line, appended whole, so that a killed run leaves all but its last second.

A line that the disk did not take whole is taken back: a next one written behind its half would be damage.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.errors import ConfigError
from dms_load_test.results.events import VERSION, Event, Manifest
from dms_load_test.results.storage import writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import RawIOBase
    from pathlib import Path

FILE_NAME = "record.jsonl"
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_tag_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RecordWriter:
    """Appends events to an open file without a buffer. Use `open_record`."""

    def __init__(self, file: RawIOBase, path: Path) -> None:
        self._file = file
        self._path = path
        self._buffer = bytearray()
        self._whole_bytes = 0
        """The length of all lines that were written whole."""

    def write(self, event: Event) -> int:
        """Append one event, handed to the operating system; return the line's length in bytes.

        Raises: StorageError: the disk does not take it; then the record is as it was.
        """
        _encoder.encode_into(event, self._buffer)
        self._buffer += b"\n"
        with writing(self._path):
            try:
                self._append()
            except BaseException:  # whatever ended it: half a line must not stay
                with suppress(OSError):  # what it ended by is what is to be told
                    self._file.seek(self._whole_bytes)
                    self._file.truncate()
                raise
        self._whole_bytes += len(self._buffer)
        return len(self._buffer)

    def _append(self) -> None:
        """Write the buffer. A disk that gets full takes a part of it first, and says so with the next part only."""
        done = 0
        while done < len(self._buffer):
            done += self._file.write(self._buffer[done:]) or 0


@contextmanager
def open_record(path: Path) -> Iterator[RecordWriter]:
    """Create a record; it is taken away again if nothing came into it.

    Raises:
        ConfigError: The file exists, or its folder cannot be written.
        StorageError: The disk does not take all of it.
    """
    try:
        file = path.open("xb", buffering=0)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose a folder that can be written with --results") from error
    try:
        yield RecordWriter(file, path)
    finally:
        with writing(path):  # a disk across a network may tell only now that it did not take all
            file.close()
        with suppress(OSError):
            if not path.stat().st_size:
                path.unlink()


def read_record(path: Path) -> Iterator[Event]:
    """Yield a record's events in order, without holding more than one; a last line that was cut is left out.

    Events of kinds this version does not know are left out, too.

    Raises: ConfigError: if there is no such file, it is no record, is of a later version, or is damaged.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected the {FILE_NAME} of a run") from error
    with file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            event = decode_line(line, f"{path}, line {number}")
            if number == 1:
                _check_manifest(event, path)
            if event is not None:
                yield event


def decode_line(line: bytes, where: str) -> Event | None:
    """Return the event of a whole line, None for a kind that this version does not know. Raises: ConfigError."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError as error:
        if _is_unknown_kind(line):
            return None
        raise ConfigError(f"{where}: {error}; the record is damaged") from error


def _is_unknown_kind(line: bytes) -> bool:
    try:
        tag = _tag_decoder.decode(line).get("type", msgspec.Raw(b'""'))
    except msgspec.DecodeError:
        return False
    return bytes(tag).decode().strip('"') not in _KINDS


def _check_manifest(event: Event | None, path: Path) -> None:
    if not isinstance(event, Manifest):
        raise ConfigError(f"{path}: the first line is no manifest; expected the {FILE_NAME} of a run")
    if event.version > VERSION:
        raise ConfigError(f"{path}: record of version {event.version}; this program reads up to version {VERSION}")


_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in Event.__args__)
