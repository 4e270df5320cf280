"""Commands about what runs have left: go on, clean up, send one document again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dms_load_test.cli.application import (
    THRESHOLD_FAILED,
    VERDICTS,
    ProductionOption,
    ProfileOption,
    QuietOption,
    ResultsOption,
    SetOption,
    TargetOption,
    app,
    settings_in_force,
)

if TYPE_CHECKING:
    from dms_load_test.config import Effective

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or the start or end of it.")]


@app.command()
def resume(
    run: RunArgument = "",
    profile: ProfileOption = None,
    target: TargetOption = None,
    results: ResultsOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,  # noqa: FBT002 - Typer's form of a switch
    known_production: ProductionOption = False,  # noqa: FBT002 - as above
) -> None:
    """Go on with a run whose load was interrupted: what is missing is sent, then its other phases run."""
    from dms_load_test.app.earlier import address_of, earlier_run
    from dms_load_test.app.run import run_test

    effective = settings_in_force(profile, settings, target=target, results=results)
    earlier = earlier_run(effective.settings.results_dir, run)
    _guard(effective, address_of(effective.settings, earlier.manifest), known=known_production)
    verdict = run_test(effective, "", quiet=quiet, continues=earlier)
    raise typer.Exit(VERDICTS.get(verdict.kind.value, THRESHOLD_FAILED))


def _guard(effective: Effective, url: str, *, known: bool) -> None:
    from dms_load_test.config.production import refuse_production

    refuse_production(effective.settings, url, known=known)
