"""The command line: arguments to a call of `app`, its outcome to an exit code. Nothing else knows exit codes.

Rules: heavy imports happen inside a command, so that `--help` is quick; a user's or target's mistake is one message on
standard error, never a traceback.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dms_load_test import __version__
from dms_load_test.errors import ConfigError, LoadTestError, ScenarioError, TargetError

if TYPE_CHECKING:
    from dms_load_test.config import Effective

PASSED, BUG, THRESHOLD_FAILED, CONFIG, INTERRUPTED, SCENARIO, ABORTED, TARGET = 0, 1, 99, 104, 105, 107, 108, 110
"""k6's codes where k6 has one (99 to 108); 110 is ours."""
_ERRORS: tuple[tuple[type[LoadTestError], int], ...] = (
    (ConfigError, CONFIG),
    (TargetError, TARGET),
    (ScenarioError, SCENARIO),
)
_VERDICTS = {
    "passed": PASSED,
    "target unusable": TARGET,
    "target lost": TARGET,
    "scenario raised": SCENARIO,
    "aborted": ABORTED,
    "interrupted": INTERRUPTED,
}
"""Exit code by the verdict's kind; every other kind is a failed test."""
_CLICK_USAGE = 2

app = typer.Typer(
    name="dms-load-test",
    help="Load testing for Ed-Fi APIs: realistic data for every resource, honest latency.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ProfileOption = Annotated[str | None, typer.Option("--profile", "-p", help="Named set of sizes; see `profiles`.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", help="Base URL of the Ed-Fi API; without one the embedded emulator is used.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Repeat the data and choices of a run on purpose.")]
ResultsOption = Annotated[Path | None, typer.Option("--results", help="Folder of the run folders.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only the summary, no progress.")]


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    try:
        app()
    except SystemExit as ended:
        sys.exit(CONFIG if ended.code == _CLICK_USAGE else ended.code)
    except LoadTestError as error:
        print(f"dms-load-test: {error}", file=sys.stderr)
        sys.exit(next(code for kind, code in _ERRORS if isinstance(error, kind)))
    except KeyboardInterrupt:
        print("dms-load-test: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PASSED)
    sys.exit(PASSED)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,  # noqa: FBT002 - Typer's form of a switch
) -> None:
    if version:
        print(f"dms-load-test {__version__}")
        raise typer.Exit


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
    effective = _effective(profile, settings, target=target, results=results, seed=seed)
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
    effective = _effective(profile or "smoke", settings, target=target, results=results, seed=seed)
    _run(effective, "smoke", quiet=quiet)


@app.command()
def emulator(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8080,
    data: Annotated[
        Path | None, typer.Option(help="SQLite file that keeps the documents; else they are in memory.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Key of the API client; else `emulator`.")] = None,
    secret: Annotated[
        str | None,
        typer.Option(help="Secret of the API client; else `emulator-secret`.", envvar="EMULATOR_SECRET"),
    ] = None,
) -> None:
    """Serve an emulated Ed-Fi API until Ctrl-C."""
    from dms_load_test.app.emulate import serve_emulator
    from dms_load_test.emulator import EmulatorOptions

    options = EmulatorOptions(host=host, port=port, data=data)
    options = replace(options, key=key or options.key, secret=secret or options.secret)
    serve_emulator(options, lambda text: print(text, flush=True))


@app.command()
def resources(
    target: TargetOption = None,
    graph: Annotated[str | None, typer.Option(help="`dot`: the references as a graph for Graphviz.")] = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """List the target's resources by dependency level; without a target those of the embedded standard."""
    from dms_load_test.app.inspect import resource_lines

    if graph not in {None, "dot"}:
        raise ConfigError(f'--graph {graph}: expected "dot"')
    for line in resource_lines(_effective(profile, settings, target=target).settings, as_dot=graph == "dot"):
        print(line)


@app.command()
def generate(
    resource: Annotated[str, typer.Argument(help="A resource, such as students.")],
    count: Annotated[int, typer.Option("--number", "-n", help="How many documents.", min=1)] = 10,
    first: Annotated[int, typer.Option(help="Ordinal of the first.", min=0)] = 0,
    target: TargetOption = None,
    seed: SeedOption = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """Print generated documents as JSON lines."""
    from dms_load_test.app.inspect import document_lines

    effective = _effective(profile, settings, target=target, seed=seed)
    write = sys.stdout.buffer.write
    for line in document_lines(effective.settings, resource, range(first, first + count)):
        write(line + b"\n")


@app.command()
def config(profile: ProfileOption = None, target: TargetOption = None, settings: SetOption = None) -> None:
    """Show every setting in force and where it comes from; secrets are masked."""
    from dms_load_test.app.inspect import setting_lines

    for line in setting_lines(_effective(profile, settings, target=target)):
        print(line)


@app.command()
def profiles() -> None:
    """List the profiles and what each is for."""
    from dms_load_test.config import home, list_profiles

    found = list_profiles(home(os.environ, Path.cwd()))
    width = max(len(profile.name) for profile in found)
    for profile in found:
        print(f"{profile.name:<{width}}  {profile.description}")


def _effective(
    profile: str | None,
    assignments: list[str] | None,
    *,
    target: str | None = None,
    results: Path | None = None,
    seed: int | None = None,
) -> Effective:
    from dms_load_test.config import home, load_settings, parse_assignments

    flags = parse_assignments(assignments or ())
    options = {"API_BASE_URL": target, "RESULTS_DIR": results, "SEED": seed}
    flags |= {name: str(value) for name, value in options.items() if value is not None}
    return load_settings(profile, flags, os.environ, home(os.environ, Path.cwd()))


def _run(effective: Effective, phase: str, *, quiet: bool) -> NoReturn:
    from dms_load_test.app.run import run_test

    verdict = run_test(effective, phase, quiet=quiet)
    raise typer.Exit(_VERDICTS.get(verdict.kind.value, THRESHOLD_FAILED))
