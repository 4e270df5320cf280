"""How an emulator is set up: one frozen value, given to the app, the server and the process that runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 -- msgspec reads the annotation when a child process takes its options

from dms_load_test.emulator.flavors import FlavorName  # noqa: TC001 -- as Path

API_BASE = "/api"
"""The path base that `base_url` names; everything is served without one, too."""
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- only compared with
_DOCUMENTED_ADMIN_SECRET = "ValidClientSecret1234567890!Abcd"  # noqa: S105 -- DMS's published development default


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """Where the emulator listens, what it keeps, whom it knows and how it fails.

    `port` 0 takes a free one; on `cms_port`, if given, the same is served, for tools that expect the Configuration
    Service on a port of its own. `data` is a SQLite file that survives restarts; `None` keeps documents in memory.
    `page_limit` is the greatest page; `body_limit_bytes` the greatest request body.

    `empty` leaves the standard's descriptor values out. `allowed_origin` is that of pages that may use the API.

    `openapi` are documents of another API to emulate instead of the embedded standard, `dependencies` its load order.
    `rate_limit` is such as `20000/10s`, empty for none; `faults` are rules as `faults.parse_fault` reads them, `seed`
    decides their dice. `control_token` opens the control endpoint to those who send it, and to nobody else.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    cms_port: int | None = None
    data: Path | None = None
    key: str = "emulator"
    secret: str = field(default="emulator-secret", repr=False)
    claim_set: str = "EdFiSandbox"
    namespace_prefixes: tuple[str, ...] = ("uri://ed-fi.org", "uri://gbisd.edu", "uri://tpdm.ed-fi.org")
    admin_key: str = "DmsConfigurationService"
    admin_secret: str = field(default=_DOCUMENTED_ADMIN_SECRET, repr=False)
    token_lifetime_s: int = 1800
    flavor: FlavorName = "dms"
    empty: bool = False
    openapi: tuple[Path, ...] = ()
    dependencies: Path | None = None
    page_limit: int = 500
    body_limit_bytes: int = 10 * 1024 * 1024
    correlation_header: str = "correlationid"
    allowed_origin: str = "http://localhost:8082"
    rate_limit: str = ""
    faults: tuple[str, ...] = ()
    seed: int | None = None
    control_token: str = field(default="", repr=False)


def base_url(host: str, port: int) -> str:
    """Return the base URL of an emulator that listens there: `http://127.0.0.1:8080/api`.

    For an emulator that listens on every address it is the one of this machine.
    """
    host = _LOOPBACK_OF.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{API_BASE}"
