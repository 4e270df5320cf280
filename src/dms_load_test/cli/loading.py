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
    from dms_load_test.app.dashboard import DashboardWish
    from dms_load_test.config import Effective

KeepOption = Annotated[
    bool, typer.Option("--keep", help="Let the dashboard stay after the run until Ctrl-C; implies --dashboard.")
]


@app.command()
def run(
    profile: ProfileOption = None,
    phase: Annotated[str, typer.Option("--phase", help="smoke, load, readwrite or full.")] = "full",
    target: TargetOption = None,
    results: ResultsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,  # noqa: FBT002 - as above
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Show the run in a browser while it goes on.")] = False,  # noqa: FBT002 - as above
    host: Annotated[
        str, typer.Option("--dashboard-host", help="Address of the dashboard; others than loopback ask for a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--dashboard-port", help="Port of the dashboard; 0 takes a free one.", min=0, max=65535)
    ] = 5665,
    keep: KeepOption = False,  # noqa: FBT002 - as above
) -> None:
    """Run the phases smoke, load and readwrite, or one of them after smoke."""
    from dms_load_test.app.dashboard import DashboardWish

    effective = settings_in_force(profile, settings, target=target, results=results, seed=seed)
    wish = DashboardWish(host, port, keep) if dashboard or keep else None
    _run(effective, phase, quiet=quiet, dashboard=wish)


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


def _run(effective: Effective, phase: str, *, quiet: bool, dashboard: DashboardWish | None = None) -> NoReturn:
    from dms_load_test.app.run import run_test

    verdict = run_test(effective, phase, quiet=quiet, dashboard=dashboard)
    raise typer.Exit(VERDICTS.get(verdict.kind.value, THRESHOLD_FAILED))
