"""Where values come from: a dotenv file, the environment, `--set`. Texts only; their meaning is `Settings`' matter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from dotenv.parser import parse_stream

from dms_load_test.config.aliases import NAMES, UNUSED, translate
from dms_load_test.config.settings import KEYS
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_NAME: Final = ".env.load-test"
Layer = Literal["flag", "environment", "profile", ".env.load-test", "default"]
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "API_BASE_URL": "--target",
        "SEED": "--seed",
        "RESULTS_DIR": "--results",
        "RESOURCES": "--resources",
        "EXCLUDE": "--exclude",
        "COUNTS": "--count",
        "OPTIONAL_MEMBERS": "--optional",
        "OVERRIDES": "--overrides",
        "GENERATORS": "--generators",
        "WORKERS": "--workers",
        "SCHEDULER": "--scheduler",
        "ON_WORKER_LOSS": "--on-worker-loss",
        "SOAK_DURATION": "--then-soak",
        "EXPORTS": "--export",
        "SAMPLES": "--samples",
        "POSTGRES_URL": "--postgres",
        "HOST_METRICS_URL": "--host-metrics",
        "OTLP_ENDPOINT": "--otlp",
    }
)
"""Settings that have an option of their own beside `--set`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The layer that a value comes from, and where exactly, as a user finds it: `.env.load-test, line 3`."""

    layer: Layer
    where: str

    @property
    def is_file(self) -> bool:
        """Whether paths are meant relative to the project folder, as opposed to the current directory."""
        return self.layer not in {"flag", "environment"}


@dataclass(frozen=True, slots=True)
class Source:
    """One layer's texts by variable name, each with its origin, and what was wrong with the layer itself.

    `warnings` tell what has no effect.
    """

    values: Mapping[str, str]
    origins: Mapping[str, Origin]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_dotenv(text: str, layer: Layer, name: str) -> Source:
    """Read the dotenv file called `name`; the last of repeated keys counts. `${...}` stays as it is written."""
    values, origins, problems, warnings = {}, {}, [], []
    for binding in parse_stream(io.StringIO(text, newline=None)):
        written = binding.original.string
        # A binding begins with the blank lines above it.
        blank = written[: len(written) - len(written.lstrip())].count("\n")
        origin = Origin(layer, f"{name}, line {binding.original.line + blank}")
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{origin.where}: expected KEY=VALUE")
        elif binding.key is not None and binding.key in UNUSED:
            warnings.append(f"{binding.key} has no effect: {UNUSED[binding.key][1]} ({origin.where})")
        elif binding.key is not None and binding.key not in KEYS and binding.key not in NAMES:
            problems.append(_unknown(binding.key, origin))
        elif binding.key is not None and binding.value is not None:
            values[binding.key], origins[binding.key] = binding.value, origin
    return Source(*_own_names(values, origins), tuple(problems), tuple(warnings))


def read_environment(environment: Mapping[str, str]) -> Source:
    """Take the variables that are settings; all others are somebody else's."""
    values = {name: environment[name] for name in (*KEYS, *sorted(NAMES)) if name in environment}
    origins = {name: Origin("environment", f"environment variable {name}") for name in values}
    return Source(*_own_names(values, origins))


def read_flags(flags: Mapping[str, str]) -> Source:
    """Take what was given on the command line, by variable name."""
    known = {name: value for name, value in flags.items() if name in KEYS or name in NAMES}
    unknown = tuple(_unknown(name, _flag(name)) for name in flags if name not in known)
    return Source(*_own_names(known, {name: _flag(name) for name in known}), unknown)


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """Return the names and values of `--set KEY=VALUE` arguments; the last of repeated keys counts.

    Raises: ConfigError naming an argument that has no equals sign.
    """
    pairs = [text.partition("=") for text in texts]
    wrong = [
        f"--set {name}: expected KEY=VALUE, such as --set VUS_LOAD_PHASE=10" for name, sign, _ in pairs if not sign
    ]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _own_names(values: Mapping[str, str], origins: Mapping[str, Origin]) -> tuple[dict[str, str], dict[str, Origin]]:
    """Return values and origins by the settings' own names."""
    translated = translate(values)
    own = {name: value for name, value in values.items() if name in KEYS}
    own |= {setting: value for setting, (value, _) in translated.items()}
    places = {name: origins[name] for name in values if name in KEYS}
    places |= {setting: origins[alias] for setting, (_, alias) in translated.items()}
    return own, places


def _flag(name: str) -> Origin:
    option = OPTIONS.get(name)
    return Origin("flag", f"{option} or --set {name}" if option else f"--set {name}")


def _unknown(name: str, origin: Origin) -> str:
    near = get_close_matches(name.upper(), KEYS, n=1)
    hint = f"did you mean {near[0]}?" if near else "`dms-load-test config` lists all"
    if name in UNUSED:
        hint = UNUSED[name][1]
    return f"{name}: no such setting; {hint} ({origin.where})"
