"""Every single request, for those who ask for it: JSON lines, compressed, in files of bounded size.

The loop that times requests only appends to a buffer, about 1 us a request; compression and the disk are in a thread.
When that falls behind, requests are left out, and their number is told: the run never waits.
"""

from __future__ import annotations

import gzip
import json
import queue
import threading
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dms_load_test.sample import Sample

FILE_BYTES = 256 * 1024 * 1024
"""A file holds about this much text: some 700,000 requests, 15 MB compressed."""
MOST_FILES = 100
"""More than these make the oldest go."""
_BLOCK_BYTES = 256 * 1024
"""Handed over at a time: the thread then compresses for 3 ms, outside of Python's lock."""
_MOST_BLOCKS = 64
_FAST = 1


class SampleLog:
    """Writes samples while the context is open. `folder` gets `samples-0001.jsonl.gz` and so on, and `about.json`.

    `about` is what a reader needs beside: when the run began. Raises: OSError: the folder cannot be made.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, object], file_bytes: int = FILE_BYTES, most_files: int = MOST_FILES
    ) -> None:
        folder.mkdir()
        (folder / "about.json").write_text(json.dumps(dict(about), indent=2) + "\n", encoding="utf-8")
        self._folder = folder
        self._file_bytes, self._most_files = file_bytes, most_files
        self._encode = msgspec.json.Encoder().encode_into
        self._buffer = bytearray()
        self._in_buffer = 0
        self._blocks: queue.Queue[bytearray | None] = queue.Queue(_MOST_BLOCKS)
        self.left_out = 0
        """Requests that were not written because the disk was too slow, or that are in a file whose writing failed."""
        self.removed_files = 0
        """Old files that were deleted to stay within the bound."""
        self.error = ""
        """What went wrong with the disk."""
        self._thread = threading.Thread(target=self._work, name="samples", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._hand_over(wait=True)
        self._blocks.put(None)
        self._thread.join()

    def add(self, sample: Sample) -> None:
        """Append one sample."""
        buffer = self._buffer
        self._encode(sample, buffer, -1)
        buffer += b"\n"
        self._in_buffer += 1
        if len(buffer) >= _BLOCK_BYTES:
            self._hand_over(wait=False)

    def _hand_over(self, *, wait: bool) -> None:
        try:
            self._blocks.put(self._buffer, block=wait)
        except queue.Full:
            self.left_out += self._in_buffer
        self._buffer, self._in_buffer = bytearray(), 0

    def _work(self) -> None:
        blocks = iter(self._blocks.get, None)  # the end mark ends it for good, whichever file takes it
        for number, block in enumerate(blocks, start=1):
            self._write_file(number, block, blocks)

    def _write_file(self, number: int, block: bytearray, blocks: Iterator[bytearray]) -> None:
        """Fill one file, beginning with `block`. Where it fails, perhaps at its end only, all in it counts as lost."""
        requests, written = block.count(b"\n"), len(block)
        try:
            self._remove(number - self._most_files)
            with gzip.open(self._path(number), "wb", compresslevel=_FAST) as file:
                file.write(block)
                while written < self._file_bytes and (more := next(blocks, None)) is not None:
                    requests += more.count(b"\n")
                    written += len(more)
                    file.write(more)
        except OSError as error:
            self.error = self.error or str(error.strerror)
            self.left_out += requests

    def _remove(self, number: int) -> None:
        if number > 0:
            self._path(number).unlink(missing_ok=True)
            self.removed_files += 1

    def _path(self, number: int) -> Path:
        return self._folder / f"samples-{number:04}.jsonl.gz"
