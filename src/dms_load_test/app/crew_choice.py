"""Which crew a run has: this process alone, processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dms_load_test import __version__
from dms_load_test.app.crew import Alone
from dms_load_test.app.scenario_files import SUFFIX, resolve
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dms_load_test.app.crew import Crew
    from dms_load_test.app.session import Session
    from dms_load_test.app.target import Target
    from dms_load_test.config import Settings
    from dms_load_test.engine.transport import Client
    from dms_load_test.engine.virtual_user import PhaseWorld
    from dms_load_test.results.run_folder import RunFolder
    from dms_load_test.scenarios import Workload

_NO_DASK = (
    "--workers and --scheduler need Dask, which is not installed; "
    "pip install distributed, or '.[cluster]' in the checkout"
)


@asynccontextmanager
async def crew_of(
    session: Session, client: Client, target: Target, workload: Workload, world: PhaseWorld, folder: RunFolder
) -> AsyncIterator[Crew]:
    """Return the crew that the settings ask for; its processes end with the context.

    Raises:
        ConfigError: There is no Dask, no such scheduler, or a worker is not fit; the work cannot be shared.
    """
    if workload.settings.scheduler is None and workload.settings.workers == "1":
        yield Alone(session, client, target, world)
        return
    _require_shareable(workload)
    async with _workers(session, target, workload, world, folder) as crew:
        yield crew


@asynccontextmanager
async def _workers(
    session: Session, target: Target, workload: Workload, world: PhaseWorld, folder: RunFolder
) -> AsyncIterator[Crew]:
    try:
        from dms_load_test.app.worker import job_of  # noqa: PLC0415 - as below
        from dms_load_test.app.workers import Workers  # noqa: PLC0415 - one process does without Dask
        from dms_load_test.cluster import link as links  # noqa: PLC0415 - as above
        from dms_load_test.cluster.admission import require_fit  # noqa: PLC0415 - as above
        from dms_load_test.cluster.post import hashes  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise ConfigError(_NO_DASK) from error
    settings, files = workload.settings, files_of(workload)
    count = _count(settings)
    async with links.dask_client(settings.scheduler, count) as dask:
        names = await links.workers_of(dask, count)
        crew = Workers(session, target, folder.inventory, stop_on_loss=settings.on_worker_loss == "stop")
        link = links.Link(dask, folder.run_id, crew.heard, crew.lost)
        require_fit(await link.describe(names, files), __version__, hashes(files))
        try:
            await crew.open(link, names, job_of(target, workload, world), local=settings.scheduler is None)
            session.note(f"{len(names)} workers share the load{_where(settings)}.")
            yield crew
        finally:
            await crew.close()


def _require_shareable(workload: Workload) -> None:
    if workload.settings.samples:
        raise ConfigError("SAMPLES writes down the requests of one process; leave it out, or WORKERS and SCHEDULER")
    alone = dict.fromkeys(item.name for item in workload.program.items if resolve(item.scenario).one_process)
    if alone:
        raise ConfigError(
            f"{', '.join(alone)}: needs all that is found out in one process, thus no workers; leave out WORKERS and "
            "SCHEDULER (--workers 1), or give it a run of its own"
        )


def files_of(workload: Workload) -> tuple[str, ...]:
    """Return the files that every worker needs beside this package: of TLS, of data, of scenarios."""
    settings = workload.settings
    files = (
        settings.ca_bundle,
        settings.client_certificate,
        settings.client_key,
        settings.overrides,
        settings.generators,
    )
    given = (str(file) for file in files if file is not None)
    scenarios = (item.scenario for item in workload.program.items if item.scenario.endswith(SUFFIX))
    return tuple(dict.fromkeys((*given, *scenarios)))


def _where(settings: Settings) -> str:
    return f", through the Dask scheduler {settings.scheduler}" if settings.scheduler else " on this machine"


def _count(settings: Settings) -> int:
    """Return how many workers are asked for; 0 for all that a scheduler has."""
    if settings.workers != "auto":
        return 0 if settings.scheduler and settings.workers == "1" else int(settings.workers)
    if settings.scheduler:
        return 0
    from dms_load_test.cluster.local import spare_cores  # noqa: PLC0415 - as above

    return spare_cores(emulator=settings.api_base_url is None)
