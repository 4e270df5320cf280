"""The dashboard beside a run: started in a process of its own, and taken leave of.

How the two talk: the parent writes the options as one line of JSON to the child's standard input (so no token is on a
command line) and keeps that pipe open; the child writes its address as one line when it is ready. When the pipe
closes, because the parent closed it or died, the child shows the browsers the last state and ends.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from dms_load_test.engine.address import is_loopback
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFAULT_PORT = 5665
"""As k6's dashboard."""
_START_PATIENCE_S = 20.0
_STOP_PATIENCE_S = 8.0
_SHOWN_ERROR_CHARACTERS = 1000


class DashboardOptions(msgspec.Struct, frozen=True):
    """Where the dashboard listens (port 0: a free one), whose record it shows, and the token that it asks for."""

    record: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str = ""


@dataclass(frozen=True, slots=True)
class DashboardWish:
    """A dashboard as a user asks for it; with `keep` it stays after the run until it is closed."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    keep: bool = False


class DashboardBeside:
    """What a run knows of its dashboard."""

    def __init__(self, keep: Callable[[], None]) -> None:
        self.keep = keep
        """Wait until the user closes it, if that was asked for."""


@contextmanager
def dashboard_beside(wish: DashboardWish | None, record: Path, say: Callable[[str], None]) -> Iterator[DashboardBeside]:
    """Serve what a user asked for, perhaps nothing, while the context is open. Raises: ConfigError."""
    if wish is None:
        yield DashboardBeside(lambda: None)
        return

    def stay() -> None:
        if wish.keep:
            say(f"The dashboard stays at {url} until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()

    with start_dashboard(dashboard_options(record, wish.host, wish.port)) as url:
        say(f"Dashboard: {url}")
        yield DashboardBeside(stay)


def dashboard_options(record: Path, host: str, port: int) -> DashboardOptions:
    """Return the options; an address that others can reach gets a token."""
    token = "" if is_loopback(host) else secrets.token_urlsafe(16)
    return DashboardOptions(str(record), host, port, token)


def address(options: DashboardOptions, port: int) -> str:
    """Return what to open in a browser."""
    host = options.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}/" + (f"?token={options.token}" if options.token else "")


@contextmanager
def start_dashboard(options: DashboardOptions) -> Iterator[str]:
    """Serve a dashboard while the context is open; give its address.

    Raises:
        ConfigError: It cannot listen there, or does not start.
    """
    with tempfile.TemporaryFile() as errors:
        child = _spawn(errors)
        try:
            url = _hand_over(child, options)
            if not url:
                raise ConfigError(f"the dashboard did not start: {_said(errors) or 'no answer'}")
            yield url
        finally:
            _stop(child)


def _spawn(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child in a group of its own: Ctrl-C is for the parent, who stops the child when it is done."""
    new_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    command = [sys.executable, "-m", "dms_load_test.app.dashboard_server"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, **new_group)  # noqa: S603 -- our own interpreter and module


def _hand_over(child: subprocess.Popen[bytes], options: DashboardOptions) -> str:
    """Give the child its options and return the address it names; empty if it ends or is too slow."""
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(OSError):  # it ended: then it names no address
        child.stdin.write(msgspec.json.encode(options) + b"\n")
        child.stdin.flush()
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(child.stdout,), daemon=True)
    reader.start()
    reader.join(_START_PATIENCE_S)
    return lines[0].decode().strip() if lines else ""


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode("utf-8", "replace").strip()[-_SHOWN_ERROR_CHARACTERS:]


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Close the pipe, wait, and kill what does not end."""
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(OSError):  # the child is gone already
        child.stdin.close()
    try:
        child.wait(_STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
