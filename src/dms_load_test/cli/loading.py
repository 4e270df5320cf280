"""Commands that load a target."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dms_load_test.cli.application import (
    LoadTargetOption,
    ProductionOption,
    ProfileOption,
    QuietOption,
    ResultsOption,
    SeedOption,
    SetOption,
    SmokeProfileOption,
    app,
    exit_with,
    settings_in_force,
    with_options,
)
from dms_load_test.cli.data import (
    CountOption,
    ExcludeOption,
    GeneratorsOption,
    OptionalOption,
    OverridesOption,
    ResourcesOption,
    data_settings,
)
from dms_load_test.cli.sharing import SchedulerOption, WorkerLossOption, WorkersOption, sharing_settings
from dms_load_test.cli.watching import (
    ExportOption,
    HostMetricsOption,
    OtlpOption,
    PostgresOption,
    SamplesOption,
    watching_settings,
)
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from dms_load_test.app.dashboard import DashboardWish
    from dms_load_test.app.plan_file import PlanFile
    from dms_load_test.app.run import Wishes
    from dms_load_test.config import Effective
    from dms_load_test.scenarios.program import Program

CleanOption = Annotated[bool, typer.Option("--clean-after", help="Delete what the run created, when it has ended.")]
PhaseOption = Annotated[str | None, typer.Option("--phase", help="smoke, load, readwrite or full, which is default.")]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option("--scenario", help="Scenarios instead, after smoke: names, or files that end in .py."),
]
ShapeOption = Annotated[str, typer.Option("--shape", help="Course of the load: volume, stress, soak, spike or step.")]
SoakOption = Annotated[
    str | None, typer.Option("--then-soak", help="After the scenario knee: so long at 70 % of it, such as 60m.")
]
DashboardOption = Annotated[bool, typer.Option("--dashboard", help="Show the run in a browser while it goes on.")]
HostOption = Annotated[
    str | None,
    typer.Option(
        "--dashboard-host", help="Its address, else 127.0.0.1; others than loopback ask for a token. Implies it."
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option("--dashboard-port", help="Its port, else 5665; 0 takes a free one. Implies it.", min=0, max=65535),
]
SummaryExportOption = Annotated[
    Path | None, typer.Option("--summary-export", help="File for the summary as k6 writes it.")
]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="Let the dashboard stay after the run until Ctrl-C; implies --dashboard.")
]


@app.command()
def run(
    plan: Annotated[Path | None, typer.Argument(help="A plan file: several scenarios in one run.")] = None,
    profile: ProfileOption = None,
    phase: PhaseOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = "",
    then_soak: SoakOption = None,
    target: LoadTargetOption = None,
    results: ResultsOption = None,
    seed: SeedOption = None,
    resources: ResourcesOption = None,
    exclude: ExcludeOption = None,
    count: CountOption = None,
    optional: OptionalOption = None,
    overrides: OverridesOption = None,
    generators: GeneratorsOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    on_worker_loss: WorkerLossOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,
    dashboard: DashboardOption = False,
    host: HostOption = None,
    port: PortOption = None,
    keep: KeepOption = False,
    export: ExportOption = None,
    summary_export: SummaryExportOption = None,
    samples: SamplesOption = False,
    postgres: PostgresOption = None,
    host_metrics: HostMetricsOption = None,
    otlp: OtlpOption = None,
    clean_after: CleanOption = False,
    known_production: ProductionOption = False,
) -> None:
    """Run a load test: smoke, load and readwrite. Or one of them after smoke, other scenarios, or a plan file."""
    from dms_load_test.app.program_choice import program_from
    from dms_load_test.app.run import Wishes

    settings = data_settings(settings, resources, exclude, count, optional, overrides, generators)
    settings = sharing_settings(settings, workers, scheduler, on_worker_loss)
    planned = _plan_file(plan, phase, scenario, shape) if plan else None
    program = planned.program if planned else program_from(phase, scenario or (), shape)
    settings = with_options(_with_plan(settings, planned), {"SOAK_DURATION": then_soak})
    settings = watching_settings(settings, export, postgres, host_metrics, otlp, samples=samples)
    profile = profile or (planned.profile if planned else None)
    effective = settings_in_force(profile, settings, target=target, results=results, seed=seed)
    _require_knee(program, then_soak)
    wish = _dashboard(host, port, dashboard=dashboard, keep=keep)
    wishes = Wishes(quiet=quiet, dashboard=wish, clean_after=clean_after, k6_summary=summary_export)
    _run(effective, program, wishes, known=known_production)


@app.command()
def smoke(
    profile: SmokeProfileOption = None,
    target: LoadTargetOption = None,
    results: ResultsOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    quiet: QuietOption = False,
    known_production: ProductionOption = False,
) -> None:
    """Check target, credentials and permissions with one cycle. It creates, reads, updates and deletes a descriptor."""
    effective = settings_in_force(profile or "smoke", settings, target=target, results=results, seed=seed)
    from dms_load_test.app.program_choice import program_from
    from dms_load_test.app.run import Wishes

    _run(effective, program_from("smoke", (), ""), Wishes(quiet=quiet), known=known_production)


def _require_knee(program: Program, then_soak: str | None) -> None:
    if then_soak is not None and "knee" not in program.scenarios:
        raise ConfigError("--then-soak: it comes after the scenario knee, which is not asked for; add --scenario knee")


def _dashboard(host: str | None, port: int | None, *, dashboard: bool, keep: bool) -> DashboardWish | None:
    """Return the dashboard that any of its options asks for."""
    from dms_load_test.app.dashboard import DashboardWish

    if not dashboard and not keep and host is None and port is None:
        return None
    return DashboardWish(host or "127.0.0.1", 5665 if port is None else port, keep)


def _with_plan(given: list[str], planned: PlanFile | None) -> list[str]:
    """Return the settings of a plan file, then those given, which are later and thus stronger."""
    return [*with_options(None, planned.settings if planned else {}), *given]


def _plan_file(path: Path, phase: str | None, scenarios: list[str] | None, shape: str) -> PlanFile:
    from dms_load_test.app.plan_file import read_plan_file

    if phase or scenarios or shape:
        raise ConfigError(f"{path} says what to run; --phase, --scenario and --shape have no place beside it")
    return read_plan_file(path, os.environ)


def _run(effective: Effective, program: Program, wishes: Wishes, *, known: bool) -> NoReturn:
    from dms_load_test.app.run import run_test
    from dms_load_test.cli.preparing import with_client
    from dms_load_test.config.production import refuse_production

    if effective.settings.api_base_url is not None:
        refuse_production(effective.settings, effective.settings.api_base_url, known=known)
        effective = with_client(effective)
    verdict = run_test(effective, program, wishes)
    exit_with(verdict)
