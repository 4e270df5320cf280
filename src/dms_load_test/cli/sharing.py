"""The options of `run` and `resume` about the processes and machines that share its load."""

from __future__ import annotations

from typing import Annotated

import typer

from dms_load_test.cli.application import with_options

WorkersOption = Annotated[
    str | None,
    typer.Option("--workers", metavar="N", help="Processes that share the load, or auto: one a physical core."),
]
SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", metavar="URL", help="Dask scheduler whose workers share it instead.")
]
WorkerLossOption = Annotated[
    str | None,
    typer.Option("--on-worker-loss", metavar="WHAT", help="continue or stop, where its part cannot be made up for."),
]


def sharing_settings(
    given: list[str] | None, workers: str | None, scheduler: str | None, on_worker_loss: str | None
) -> list[str]:
    """Return the assignments of `--set` with those that these options stand for."""
    return with_options(given, {"WORKERS": workers, "SCHEDULER": scheduler, "ON_WORKER_LOSS": on_worker_loss})
