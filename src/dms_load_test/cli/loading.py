"""Commands that load a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dms_load_test.cli.application import (
    THRESHOLD_FAILED,
    VERDICTS,
    ProfileOption,
    QuietOption,
    ResultsOption,
    SeedOption,
    SetOption,
    TargetOption,
    app,
    settings_in_force,
)

if TYPE_CHECKING:
    from dms_load_test.config import Effective


@app.command()
def run(
    profile: ProfileOption = None,
    phase: Annotated[str, typer.Option("--phase", help="smoke, load, readwrite or full.")] = "full",
    target: TargetOption = None,
    results: ResultsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,  # noqa: FBT002 - as above
) -> None:
    """Run the phases smoke, load and readwrite, or one of them after smoke."""
    effective = settings_in_force(profile, settings, target=target, results=results, seed=seed)
    _run(effective, phase, quiet=quiet)


@app.command()
def smoke(
    profile: ProfileOption = None,
    target: TargetOption = None,
    results: ResultsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,  # noqa: FBT002 - as above
) -> None:
    """Check target, credentials and permissions with one cycle on one descriptor."""
    effective = settings_in_force(profile or "smoke", settings, target=target, results=results, seed=seed)
    _run(effective, "smoke", quiet=quiet)


def _run(effective: Effective, phase: str, *, quiet: bool) -> NoReturn:
    from dms_load_test.app.run import run_test

    verdict = run_test(effective, phase, quiet=quiet)
    raise typer.Exit(VERDICTS.get(verdict.kind.value, THRESHOLD_FAILED))
