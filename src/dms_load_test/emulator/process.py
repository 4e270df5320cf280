"""An emulator in a process of its own, for a run without a target and for tests.

How the two talk: the parent writes the options as one line of JSON to the child's standard input (so no secret is on
a command line) and keeps that pipe open; the child writes its base URL as one line when it is ready. When the pipe
closes, because the parent closed it or died, the child ends. That works alike on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from dms_load_test.emulator.options import BASE_PATHS, EmulatorOptions
from dms_load_test.emulator.server import serve
from dms_load_test.errors import LoadTestError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP_PATIENCE_S = 10.0
_SHOWN_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that answers. `base_url` ends in `/api`; `pid` is its process."""

    base_url: str
    options: EmulatorOptions
    pid: int

    @property
    def cms_url(self) -> str:
        """Where the Configuration Service is: on the same port, under a base of its own."""
        return self.base_url.removesuffix(BASE_PATHS[0]) + "/config"

    @property
    def key(self) -> str:
        """The client's key."""
        return self.options.key

    @property
    def secret(self) -> str:
        """The client's secret."""
        return self.options.secret


@contextmanager
def start_emulator(options: EmulatorOptions | None = None, patience_s: float = 30.0) -> Iterator[RunningEmulator]:
    """Run an emulator in another process while the context is open; without options on a free loopback port.

    Raises:
        TargetError: if it is not healthy within `patience_s`.
    """
    options = options or EmulatorOptions(port=0)
    with tempfile.TemporaryFile() as errors:
        child = _spawn(errors)
        try:
            url = _hand_over(child, options, patience_s)
            if url is None or not _is_healthy(url, patience_s):
                raise TargetError(f"the emulator did not start: {_said(errors) or f'no answer in {patience_s:g} s'}")
            yield RunningEmulator(url, options, child.pid)
        finally:
            _stop(child)


def _spawn(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child in a group of its own: Ctrl-C is for the parent, who stops the child when it is done."""
    new_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    command = [sys.executable, "-m", "dms_load_test.emulator"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, **new_group)  # noqa: S603 -- our own interpreter and module


def _hand_over(child: subprocess.Popen[bytes], options: EmulatorOptions, patience_s: float) -> str | None:
    """Give the child its options and return the base URL it names; `None` if it ends or is too slow."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(msgspec.json.encode(options, enc_hook=str) + b"\n")
        child.stdin.flush()
    except OSError:
        return None
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(child.stdout,), daemon=True)
    reader.start()
    reader.join(patience_s)
    return lines[0].decode().strip() or None if lines else None


def _is_healthy(url: str, patience_s: float) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{url}/health", timeout=patience_s
        ) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 -- OK
    except (urllib.error.URLError, OSError):
        return False


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode("utf-8", "replace").strip()[-_SHOWN_ERROR_CHARACTERS:]


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Close the pipe, wait, and kill what does not end."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # the child is gone already
    try:
        child.wait(_STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def run_child() -> None:
    """Be the child: take the options from standard input, serve, and end when standard input does."""
    options = msgspec.json.decode(
        sys.stdin.buffer.readline(), type=EmulatorOptions, dec_hook=lambda kind, value: kind(value)
    )
    try:
        serve(options, _announce)
    except LoadTestError as error:
        sys.exit(str(error))


def _announce(url: str, stop: Callable[[], None]) -> None:
    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer's lock could be held when the interpreter ends
            pass
        stop()

    threading.Thread(target=wait_for_end, daemon=True).start()
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
