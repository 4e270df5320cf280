"""What all commands share: the application, its exit codes, the options that several have, the settings in force."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.config import Effective
    from dms_load_test.metrics.verdict import Verdict

PASSED, BUG, THRESHOLD_FAILED, CONFIG, INTERRUPTED, SCENARIO, ABORTED, TARGET = 0, 1, 99, 104, 105, 107, 108, 110
"""k6's codes where k6 has one (99 to 108); 110 is ours."""
VERDICTS = {
    "passed": PASSED,
    "target lost": TARGET,
    "scenario raised": SCENARIO,
    "aborted": ABORTED,
    "interrupted": INTERRUPTED,
}
"""Exit code by the verdict's kind; every other kind is a failed test."""

_IN_ORDER = (
    *("run", "smoke", "doctor", "plan", "profiles", "config"),
    *("report", "history", "compare", "export"),
    *("inventory", "clean", "resume", "send"),
    *("resources", "generate", "setup-client", "emulator"),
)
"""The commands as `--help` lists them: what is needed first, first."""


class _Commands(TyperGroup):
    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(self.commands, key=_IN_ORDER.index)

    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except typer.Abort:  # Ctrl-C or the end of input at a question, which Typer would end with 1
            raise KeyboardInterrupt from None


app = typer.Typer(
    name="dms-load-test",
    cls=_Commands,
    help="Load testing for Ed-Fi APIs: realistic data for every resource, honest latency.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _no_secrets(assignments: list[str] | None) -> list[str] | None:
    """Return what was given. Raises: ConfigError: a secret is among it, or an address with a password."""
    if assignments:
        from dms_load_test.config import parse_assignments
        from dms_load_test.config.secret import is_secret

        for name, value in (pair for text in assignments for pair in parse_assignments([text]).items()):
            if is_secret(name, value):
                raise ConfigError(
                    f"--set {name}: a secret on the command line can be read by others; set it in the environment "
                    "or in .env.load-test"
                )
    return assignments


def _not_empty(parameter: typer.CallbackParam, given: str | None) -> str | None:
    """Return what was given. Raises: ConfigError: it is empty, as a variable without a value leaves it."""
    if given is not None and not given.strip():
        option = parameter.opts[0]
        raise ConfigError(f"{option}: it is empty; is a variable not set? Give it a value, or leave {option} out")
    return given


def _profile_option(without: str) -> Any:
    """Return the option; `without` tells what holds where it is not given."""
    text = f"Named set of sizes, see `profiles`; {without}."
    return typer.Option("--profile", "-p", help=text, callback=_not_empty)


def _target_option(without: str) -> Any:
    """Return the option; `without` tells what holds where it is not given and no setting names a target."""
    text = f"Base URL of the Ed-Fi API, else API_BASE_URL{without}."
    return typer.Option("--target", help=text, callback=_not_empty)


ProfileOption = Annotated[str | None, _profile_option("else dev, which .env.load-test overrules")]
ResumeProfileOption = Annotated[str | None, _profile_option("else the run's own")]
SmokeProfileOption = Annotated[str | None, _profile_option("else smoke")]
TargetOption = Annotated[str | None, _target_option("")]
EarlierTargetOption = Annotated[str | None, _target_option(", or the run's own")]
LoadTargetOption = Annotated[str | None, _target_option("; without one an embedded emulator")]
StandardTargetOption = Annotated[str | None, _target_option("; without one the embedded standard")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting; may be repeated.", callback=_no_secrets),
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Repeat the data and choices of a run on purpose.")]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="The run: its folder, or its name's start or end; else the latest.")
]
ResultsOption = Annotated[Path | None, typer.Option("--results", help="Folder of the run folders.")]
ProductionOption = Annotated[
    bool, typer.Option("--i-know-this-is-production", help="Let the guard pass a target that looks like production.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the verdict, a sentence.")]


def with_options(given: list[str] | None, options: Mapping[str, object]) -> list[str]:
    """Return the assignments of `--set`, then those of the options that were given (are not None)."""
    return [*(given or ()), *(f"{name}={value}" for name, value in options.items() if value is not None)]


def exit_with(verdict: Verdict) -> NoReturn:
    """End the command with the code of a verdict."""
    raise typer.Exit(VERDICTS.get(verdict.kind.value, THRESHOLD_FAILED))


def settings_in_force(
    profile: str | None,
    assignments: list[str] | None,
    *,
    target: str | None = None,
    results: Path | None = None,
    seed: int | None = None,
) -> Effective:
    """Return the settings that the options make. Raises: ConfigError: as `load_settings`."""
    from dms_load_test.config import home, load_settings, parse_assignments

    flags = parse_assignments(assignments or ())
    options = {"API_BASE_URL": target, "RESULTS_DIR": results, "SEED": seed}
    flags |= {name: str(value) for name, value in options.items() if value is not None}
    return load_settings(profile, flags, os.environ, home(os.environ, Path.cwd()))
