"""A server in a process of its own that does not outlive its parent: what the parent does, and what the child does.

How the two talk: the parent writes the options as one line of JSON to the child's standard input (so no secret is on a
command line) and keeps that pipe open; the child writes its address as one line when it is ready. When the pipe closes,
because the parent closed it or died, the child ends. That works alike on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP_PATIENCE_S = 10.0
_SHOWN_ERROR_CHARACTERS = 2000


class Child:
    """A server as its parent knows it. `address` is empty where it named none."""

    def __init__(self, pid: int, address: str, errors: IO[bytes]) -> None:
        self.pid = pid
        self.address = address
        self._errors = errors

    def said(self) -> str:
        """Return the end of what it wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace").strip()[-_SHOWN_ERROR_CHARACTERS:]


@contextmanager
def start_child(module: str, options: bytes, patience_s: float) -> Iterator[Child]:
    """Run a module while the context is open, with `options` as JSON; it has `patience_s` to name its address."""
    with tempfile.TemporaryFile() as errors:
        process = _spawn(module, errors)
        try:
            yield Child(process.pid, _hand_over(process, options, patience_s), errors)
        finally:
            _stop(process)


def _spawn(module: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child in a group of its own: Ctrl-C is for the parent, who stops the child when it is done."""
    new_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    command = [sys.executable, "-m", module]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, **new_group)  # noqa: S603 -- our own interpreter and module


def _hand_over(process: subprocess.Popen[bytes], options: bytes, patience_s: float) -> str:
    """Give the child its options and return the address it names; empty if it ends or is too slow."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it ended: then it names no address
        process.stdin.write(options + b"\n")
        process.stdin.flush()
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(process.stdout,), daemon=True)
    reader.start()
    reader.join(patience_s)
    return lines[0].decode().strip() if lines else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, wait, and kill what does not end."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # the child is gone already
        process.stdin.close()
    try:
        process.wait(_STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def announce(address: str, on_end: Callable[[], None]) -> None:
    """As the child, name the address; `on_end` is called, in a thread of its own, when the parent wants an end."""

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer's lock could be held when the interpreter ends
            pass
        on_end()

    threading.Thread(target=wait_for_end, daemon=True).start()
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
