"""Which workers may take part in a run. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.cluster.post import Description


def require_fit(workers: Mapping[str, Description], version: str, files: Mapping[str, str]) -> None:
    """Check that all workers run this version, have the same files (path -> SHA-256) and are free.

    Raises:
        ConfigError: One does not; the message names it and says what to do.
    """
    for address, worker in workers.items():
        where = f"worker {address} on {worker.host}"
        if worker.version != version:
            raise ConfigError(
                f"{where} runs dms-load-test {worker.version}, this is {version}; install the same version on all"
            )
        for path, digest in files.items():
            if path not in worker.files:
                raise ConfigError(f"{where} has no file {path}; copy it to the same place on every worker")
            if worker.files[path] != digest:
                raise ConfigError(f"{where} has another {path}; copy the same file to every worker")
        if worker.busy:
            raise ConfigError(f"{where} works for run {worker.busy}; wait until that has ended")
