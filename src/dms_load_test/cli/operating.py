"""Commands about what runs have left: go on, clean up, send one document again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dms_load_test.cli.application import (
    THRESHOLD_FAILED,
    EarlierTargetOption,
    ProductionOption,
    QuietOption,
    ResultsOption,
    ResumeProfileOption,
    RunArgument,
    SetOption,
    app,
    exit_with,
    settings_in_force,
)
from dms_load_test.cli.sharing import SchedulerOption, WorkerLossOption, WorkersOption, sharing_settings
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.config import Effective


@app.command()
def resume(
    run: RunArgument = "",
    profile: ResumeProfileOption = None,
    target: EarlierTargetOption = None,
    results: ResultsOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    on_worker_loss: WorkerLossOption = None,
    known_production: ProductionOption = False,
) -> None:
    """Go on with a run whose load was interrupted. What is missing is sent, then its other phases run."""
    from dms_load_test.app.run import Wishes, run_test
    from dms_load_test.scenarios.program import Program

    settings = sharing_settings(settings, workers, scheduler, on_worker_loss)
    if profile is None:
        profile = _profile_of(settings_in_force(None, settings, results=results), run)
    effective = settings_in_force(profile, settings, target=target, results=results)
    earlier, _ = _earlier(effective, run, known=known_production)
    verdict = run_test(effective, Program(()), Wishes(quiet=quiet, continues=earlier))
    exit_with(verdict)


@app.command()
def inventory(
    run: RunArgument = "",
    ids: Annotated[bool, typer.Option("--ids", help="Each document that is left, as JSON lines.")] = False,
    results: ResultsOption = None,
) -> None:
    """Count what a run created, or list what is left of it."""
    from dms_load_test.app.inventory import document_lines, inventory_lines

    folder = settings_in_force(None, None, results=results).settings.results_dir
    for line in document_lines(folder, run) if ids else inventory_lines(folder, run):
        print(line)


@app.command()
def clean(
    run: RunArgument = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    target: EarlierTargetOption = None,
    results: ResultsOption = None,
    settings: SetOption = None,
    known_production: ProductionOption = False,
) -> None:
    """Delete what a run created, and account for it. The order is the reverse of dependency."""
    from dms_load_test.app.clean import clean_run

    effective = settings_in_force(None, settings, target=target, results=results)
    earlier, base_url = _earlier(effective, run, known=known_production)

    def confirm(what: str) -> bool:
        print(f"Run {earlier.folder.run_id}: {what} will be deleted.")
        return yes or _asked("Delete them?")

    account = clean_run(earlier, effective.settings, base_url, confirm, print)
    if account is None:
        print("Nothing was deleted.")
        return
    for line in account.lines():
        print(line)
    if not account.complete:
        raise typer.Exit(THRESHOLD_FAILED)


@app.command()
def send(
    resource: Annotated[str, typer.Argument(help="The document's resource, such as students.")],
    ordinal: Annotated[int, typer.Argument(help="The document's ordinal.", min=0)],
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="The run that it is of; else the latest.")] = "",
    target: EarlierTargetOption = None,
    results: ResultsOption = None,
    settings: SetOption = None,
    known_production: ProductionOption = False,
) -> None:
    """Send a document of a run again; show request and answer."""
    from dms_load_test.app.send import send_document

    effective = settings_in_force(None, settings, target=target, results=results)
    earlier, base_url = _earlier(effective, run, known=known_production)
    if not send_document(earlier, effective.settings, base_url, (resource, ordinal), print):
        raise typer.Exit(THRESHOLD_FAILED)


def _asked(question: str) -> bool:
    """Ask a user who is there. Raises: ConfigError: nobody is."""
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to confirm; give --yes")
    return typer.confirm(question)


def _profile_of(effective: Effective, run: str) -> str | None:
    """Return the profile that a run was asked to take."""
    from dms_load_test.app.earlier import earlier_run

    manifest = earlier_run(effective.settings.results_dir, run).manifest
    return manifest.profile if manifest.profile_given else None


def _earlier(effective: Effective, run: str, *, known: bool) -> tuple[EarlierRun, str]:
    """Return a run and where its target is now. Raises: ConfigError: there is none, or it looks like production."""
    from dms_load_test.app.earlier import address_of, earlier_run
    from dms_load_test.config.production import refuse_production

    settings = effective.settings
    earlier = earlier_run(settings.results_dir, run)
    base_url = address_of(settings, earlier.manifest)
    refuse_production(settings, base_url, known=known)
    return earlier, base_url
