"""Sends a run's meters to an OpenTelemetry collector while the run goes on, from a thread that follows its record.

The run never waits for the collector: what could not be sent is in the next request, because sums count from the
beginning.
"""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from dms_load_test.app.metering import meter
from dms_load_test.errors import ConfigError, LoadTestError
from dms_load_test.monitor.fetch import fetch
from dms_load_test.results.events import Manifest
from dms_load_test.results.follow import RecordFollower
from dms_load_test.views.meters import Meters
from dms_load_test.views.otlp import otlp_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

EVERY_S = 10.0
_PATIENCE_S = 5.0
_PATH = "/v1/metrics"
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Collector:
    """Where to send: `endpoint` is the base URL, as in OTEL_EXPORTER_OTLP_ENDPOINT; `headers` may hold secrets."""

    endpoint: str
    headers: Mapping[str, str]

    @property
    def url(self) -> str:
        """The address of the metrics."""
        base = self.endpoint.rstrip("/")
        return base if base.endswith(_PATH) else base + _PATH


def parse_headers(text: str) -> dict[str, str]:
    """Return the headers of `name=value,other=value`, as OTEL_EXPORTER_OTLP_HEADERS has them: values percent-encoded.

    Raises: ConfigError: HTTP cannot carry one; later the error would quote it, and it may be a secret.
    """
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise ConfigError(
                "OTLP_HEADERS: a name or a value has characters that no HTTP header may have, such as the end of a "
                "line; expected name=value,other=value, with %, commas and blanks at the ends as %25, %2C and %20"
            )
    return headers


@contextmanager
def telemetry(
    collector: Collector | None, record: Path, note: Callable[[str], None], every_s: float = EVERY_S
) -> Iterator[None]:
    """Send what the record says while the context is open, and once at its end; nothing without a collector.

    `note` is told once, from the sending thread, that the collector cannot be reached.
    """
    if collector is None:
        yield
        return
    sender = _Sender(collector, record, note)
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(every_s):
            sender.send()
        sender.send()

    thread = threading.Thread(target=work, name="telemetry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(2 * _PATIENCE_S)


class _Sender:
    def __init__(self, collector: Collector, record: Path, note: Callable[[str], None]) -> None:
        self._collector = collector
        self._follower = RecordFollower(record)
        self._note = note
        self._meters = Meters()
        self._resource = {"service.name": "dms-load-test"}
        self._began_ns = time.time_ns()
        self._noted = False

    def send(self) -> None:
        """Take in what the record has gained, and send all sums."""
        try:
            for event in self._follower.new_events():
                if isinstance(event, Manifest):
                    self._resource |= {"service.instance.id": event.run_id, "service.version": event.tool_version}
                meter(self._meters, event)
            self._post()
        except (OSError, ValueError, LoadTestError) as error:
            if not self._noted:
                self._noted = True
                reason = getattr(error, "reason", error)
                self._note(f"The collector at {self._collector.endpoint} does not take the figures: {reason}.")

    def _post(self) -> None:
        body = otlp_request(self._meters, self._resource, self._began_ns, time.time_ns())
        request = urllib.request.Request(  # noqa: S310 - the setting allows http and https only
            self._collector.url,
            data=msgspec.json.encode(body),
            headers={"Content-Type": "application/json", **self._collector.headers},
            method="POST",
        )
        fetch(request, _PATIENCE_S)
