"""An emulator in a process of its own, for a run without a target and for tests. How the two talk: `child.py`."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.child import announce, start_child
from dms_load_test.emulator.options import EmulatorOptions
from dms_load_test.emulator.server import serve
from dms_load_test.errors import LoadTestError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that answers. `base_url` ends in `/api`; `pid` is its process."""

    base_url: str
    options: EmulatorOptions
    pid: int

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
    encoded = msgspec.json.encode(options, enc_hook=str)
    with start_child("dms_load_test.emulator", encoded, patience_s) as child:
        trouble = _trouble(child.address, patience_s) if child.address else "it named no address"
        if trouble:
            raise TargetError(f"the emulator did not start: {child.said() or trouble}")
        yield RunningEmulator(child.address, options, child.pid)


def _trouble(url: str, patience_s: float) -> str:
    """Return why an emulator does not answer well; empty where it does."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/health", timeout=patience_s):
            return ""
    except urllib.error.HTTPError as error:
        return f"{url} answers {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return f"no answer from {url}: {getattr(reason, 'strerror', None) or reason}"


def run_child() -> None:
    """Be the child: take the options from standard input, serve, and end when standard input does."""
    options = msgspec.json.decode(
        sys.stdin.buffer.readline(), type=EmulatorOptions, dec_hook=lambda kind, value: kind(value)
    )
    try:
        serve(options, announce)
    except LoadTestError as error:
        sys.exit(str(error))
