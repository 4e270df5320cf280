"""The dashboard beside a run: a process of its own (`child.py`), which shows the browsers the last state and ends."""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.child import start_child
from dms_load_test.errors import ConfigError
from dms_load_test.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFAULT_PORT = 5665
"""As k6's dashboard."""
_START_PATIENCE_S = 20.0


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
    return f"http://{shown_host(options)}:{port}/" + (f"?token={options.token}" if options.token else "")


def shown_host(options: DashboardOptions) -> str:
    """Return the host as it stands in the address, IPv6 with brackets."""
    host = options.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    return f"[{host}]" if ":" in host else host


@contextmanager
def start_dashboard(options: DashboardOptions) -> Iterator[str]:
    """Serve a dashboard while the context is open; give its address.

    Raises:
        ConfigError: It cannot listen there, or does not start.
    """
    module = "dms_load_test.app.dashboard_server"
    with start_child(module, msgspec.json.encode(options), _START_PATIENCE_S) as child:
        if not child.address:
            raise ConfigError(f"the dashboard did not start: {child.said() or 'no answer'}")
        yield child.address
