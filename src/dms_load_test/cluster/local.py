"""A Dask cluster on the cores of this machine for the time of a run, and the settings that load generators need."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import dask
import psutil
from distributed import LocalCluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUIET = {
    "distributed.worker.profile.enabled": False,  # else it reads all stacks a hundred times a second
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.target": False,  # no results are kept in workers that could be written to disk
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.diagnostics.nvml": False,
    "distributed.comm.timeouts.connect": "10s",
}
"""What of Dask's own work would disturb the clock of a load generator."""


def spare_cores(*, emulator: bool) -> int:
    """Return how many workers suit this machine: its physical cores, less one for the emulator; at least one."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    return max(1, cores - emulator)


@asynccontextmanager
async def local_cluster(workers: int) -> AsyncIterator[LocalCluster]:
    """Start so many worker processes on the loopback interface; end them when the context is left."""
    with dask.config.set(QUIET):
        async with LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            asynchronous=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # its HTTP server cannot be left out; any port will do
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster:
            for nanny in cluster.workers.values():
                nanny.auto_restart = False  # a worker that is lost is lost: others have taken its work
            yield cluster
