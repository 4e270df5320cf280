"""How an emulator is set up: one frozen value, given to the app, the server and the process that runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 -- msgspec reads the annotation when a child process takes its options

BASE_PATHS = ("/api", "")
"""Bases under which everything is served; the first is the one that `EmulatorOptions.base_url` names."""
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- only compared with


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """Where the emulator listens, what it keeps and whom it knows.

    `port` 0 takes a free one. `data` is a SQLite file that survives restarts; `None` keeps documents in memory.
    `page_limit` is the greatest and the default page; `body_limit_bytes` the greatest request body.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path | None = None
    key: str = "emulator"
    secret: str = field(default="emulator-secret", repr=False)
    token_lifetime_s: int = 1800
    page_limit: int = 500
    body_limit_bytes: int = 10 * 1024 * 1024
    correlation_header: str = "correlationid"


def base_url(host: str, port: int) -> str:
    """Return the base URL of an emulator that listens there: `http://127.0.0.1:8080/api`.

    For an emulator that listens on every address it is the one of this machine.
    """
    host = _LOOPBACK_OF.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{BASE_PATHS[0]}"
