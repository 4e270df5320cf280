"""Commands about what runs have left: go on, clean up, send one document again."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dms_load_test.cli.application import (
    CONFIG,
    TARGET,
    THRESHOLD_FAILED,
    ProductionOption,
    ProfileOption,
    QuietOption,
    ResultsOption,
    SetOption,
    TargetOption,
    app,
    exit_with,
    settings_in_force,
)
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from dms_load_test.app.checks import Check
    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.config import Effective

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or the start or end of it.")]


@app.command("setup-client")
def setup_client(
    delete: Annotated[bool, typer.Option("--delete", help="Delete what was made, instead.")] = False,
    target: TargetOption = None,
    settings: SetOption = None,
) -> None:
    """Make the API client at the Configuration Service. Its credentials are written to .env.load-test."""
    from dms_load_test.app.setup_client import Workplace, delete_client, set_up_client
    from dms_load_test.config import home

    effective = settings_in_force(None, settings, target=target)
    (delete_client if delete else set_up_client)(effective.settings, Workplace(home(os.environ, Path.cwd()), print))


@app.command()
def doctor(
    profile: ProfileOption = None,
    target: TargetOption = None,
    settings: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Look at everything that a run depends on. Each line says what to do; nothing is left on the target."""
    from dms_load_test.app.doctor import examine, failed_in_configuration
    from dms_load_test.config import home

    effective = settings_in_force(profile, settings, target=target)
    base_url = effective.settings.api_base_url
    if base_url is None:
        raise ConfigError("no target: set API_BASE_URL or --target; without one a run has an emulator of its own")

    def show(check: Check) -> None:
        if not as_json:
            print(_hanging(f"{check.state:<8} {check.name:<14} ", check.text), flush=True)
            if check.advice:
                print(_hanging(f"{'':<23} -> ", check.advice), flush=True)

    found = examine(effective, base_url, home(os.environ, Path.cwd()), show)
    if as_json:
        print(json.dumps([asdict(check) for check in found], indent=2))
    if any(check.state == "failed" for check in found):
        raise typer.Exit(CONFIG if failed_in_configuration(found) else TARGET)


def _hanging(head: str, text: str) -> str:
    """Return a line; in a terminal its text is wrapped between words, beside its head."""
    if not sys.stdout.isatty():
        return head + text
    width = shutil.get_terminal_size().columns
    indent = " " * len(head)
    lines = textwrap.wrap(text, max(width - len(head), 20), break_long_words=False, break_on_hyphens=False)
    return head + f"\n{indent}".join(lines)


@app.command()
def resume(
    run: RunArgument = "",
    profile: ProfileOption = None,
    target: TargetOption = None,
    results: ResultsOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,
    known_production: ProductionOption = False,
) -> None:
    """Go on with a run whose load was interrupted. What is missing is sent, then its other phases run."""
    from dms_load_test.app.run import Wishes, run_test
    from dms_load_test.scenarios.program import Program

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
    from dms_load_test.app.stock import document_lines, inventory_lines

    folder = settings_in_force(None, None, results=results).settings.results_dir
    for line in document_lines(folder, run) if ids else inventory_lines(folder, run):
        print(line)


@app.command()
def clean(
    run: RunArgument = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    target: TargetOption = None,
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
    target: TargetOption = None,
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


def with_client(effective: Effective) -> Effective:
    """Offer to make a client where there is none, a Configuration Service is set, and a user is there to answer."""
    from dms_load_test.app.setup_client import Workplace, set_up_client
    from dms_load_test.config import home
    from dms_load_test.config.dotenv_file import read_client

    settings = effective.settings
    if settings.client_id or not settings.config_service_url or not sys.stdin.isatty():
        return effective
    if not typer.confirm(f"There are no credentials. Make a client at {settings.config_service_url}?"):
        return effective
    place = Workplace(home(os.environ, Path.cwd()), print)
    set_up_client(settings, place)
    return replace(effective, settings=settings.model_copy(update=read_client(place.file)))


def _asked(question: str) -> bool:
    """Ask a user who is there. Raises: ConfigError: nobody is."""
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to confirm; give --yes")
    return typer.confirm(question)


def _earlier(effective: Effective, run: str, *, known: bool) -> tuple[EarlierRun, str]:
    """Return a run and where its target is now. Raises: ConfigError: there is none, or it looks like production."""
    from dms_load_test.app.earlier import address_of, earlier_run
    from dms_load_test.config.production import refuse_production

    settings = effective.settings
    earlier = earlier_run(settings.results_dir, run)
    base_url = address_of(settings, earlier.manifest)
    refuse_production(settings, base_url, known=known)
    return earlier, base_url
