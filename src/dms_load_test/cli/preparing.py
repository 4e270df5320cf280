"""Commands before a first run: make the API client, and look at everything that a run depends on."""

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
    ProfileOption,
    SetOption,
    TargetOption,
    app,
    settings_in_force,
)
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from dms_load_test.app.checks import Check
    from dms_load_test.config import Effective


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
