"""The layers laid over each other, validated once, all problems told together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dms_load_test.config.profiles import DEFAULT_PROFILE, Profile, find_profile, read_text
from dms_load_test.config.secret import WAYS, given_ways, loose_files, two_ways
from dms_load_test.config.settings import KEYS, Settings
from dms_load_test.config.sources import (
    FILE_NAME,
    Origin,
    Source,
    read_dotenv,
    read_environment,
    read_flags,
)
from dms_load_test.config.values import UnfitError
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

HOME_VARIABLE = "DMS_LOAD_TEST_HOME"
_DEFAULT = Origin("default", "default")
_MOST_SHOWN = 200
"""Characters of a wrong value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as `dms-load-test config` shows it: secrets masked."""

    name: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings of a run, the origin of each by variable name, and the profile that took part.

    `profile_given`: whether it was asked for, or stood in. `warnings` tell what is legal and yet not well: names
    without effect, files that others can read.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    profile: Profile
    profile_given: bool = True
    warnings: tuple[str, ...] = ()

    def rows(self) -> tuple[Row, ...]:
        """Return every setting with its value as a file would hold it, in the order of `KEYS`."""
        values = {name: key.text_of(getattr(self.settings, key.field)) for name, key in KEYS.items()}
        return tuple(Row(name, value, self.origins[name]) for name, value in values.items())


def home(environment: Mapping[str, str], current: Path) -> Path:
    """Return the project folder: `DMS_LOAD_TEST_HOME`, which the scripts set, else the current directory."""
    return Path(environment.get(HOME_VARIABLE) or current)


def load_settings(
    profile: str | None, flags: Mapping[str, str], environment: Mapping[str, str], directory: Path
) -> Effective:
    """Return what is in force: `flags > environment > profile > .env.load-test > defaults`.

    Without a profile, DEFAULT_PROFILE takes part below `.env.load-test`: nobody asked for it to overrule their file.

    `flags` and `environment` map variable names (`VUS_LOAD_PHASE`) to texts; `directory` holds `.env.load-test` and
    `.env.profiles`. An empty text means None where a setting may be None, and so takes back what a lower layer says.
    Paths written in a file are relative to `directory`, those of flags and environment to the current directory.

    Raises: ConfigError with one line for each wrong value and unknown name: what was expected, and where it stands.
    """
    chosen = find_profile(profile or DEFAULT_PROFILE, directory)
    own, sizes = _own_file(directory), read_dotenv(chosen.text, "profile", chosen.path)
    files = (own, sizes) if profile else (sizes, own)
    texts = (*files, read_environment(environment), read_flags(flags))
    layers = [_checked(source) for source in texts]
    fields, origins = _laid_over(layers)
    settings = _rooted(Settings.model_validate(fields), origins, directory)
    wrong = {name for source, layer in zip(texts, layers, strict=True) for name in source.values.keys() - layer.values}
    problems = [problem for layer in layers for problem in layer.problems]
    problems += [problem for layer in texts for problem in two_ways(layer)]
    problems += [
        f"{text} ({_places(names, origins)})" for names, text in _contradictions(settings) if wrong.isdisjoint(names)
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    warnings = [warning for layer in texts for warning in layer.warnings]
    warnings += loose_files(settings, {directory / FILE_NAME: own, Path(chosen.path): sizes})
    return Effective(settings, MappingProxyType(origins), chosen, bool(profile), tuple(warnings))


def _laid_over(layers: list[Source]) -> tuple[dict[str, str], dict[str, Origin]]:
    """Return the fields' texts and the origins that are in force; `layers` begin with the lowest."""
    texts: dict[str, str] = {}
    origins = dict.fromkeys(KEYS, _DEFAULT)
    for layer in layers:
        if given_ways(layer):
            texts = {name: text for name, text in texts.items() if name not in WAYS}
            origins |= dict.fromkeys(WAYS, _DEFAULT)
        texts |= layer.values
        origins |= layer.origins
    return {KEYS[name].field: text for name, text in texts.items()}, origins


def _own_file(directory: Path) -> Source:
    path = directory / FILE_NAME
    return read_dotenv(read_text(path), FILE_NAME, str(path)) if path.exists() else Source({}, {})


def _checked(source: Source) -> Source:
    """Return the source without its wrong values: they become problems, even where a higher layer overrides them."""
    try:
        Settings.model_validate({KEYS[name].field: text for name, text in source.values.items()})
    except ValidationError as error:
        wrong = {str(detail["loc"][0]).upper(): detail for detail in error.errors(include_input=False)}
    else:
        return source
    told = [
        f"{name}: {_reason(name, text, wrong[name])} ({source.origins[name].where})"
        for name, text in source.values.items()
        if name in wrong
    ]
    return Source(
        {name: text for name, text in source.values.items() if name not in wrong},
        {name: origin for name, origin in source.origins.items() if name not in wrong},
        (*source.problems, *told),
        source.warnings,
    )


def _reason(name: str, text: str, detail: ErrorDetails) -> str:
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, UnfitError):
        return str(error)
    # What stands before an @ may be a password.
    shown = text.rpartition("@")[2] if "@" in text else text
    shown = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."
    return f'expected {KEYS[name].expected}, not "{"..." if KEYS[name].is_secret else shown}"'


def _rooted(settings: Settings, origins: Mapping[str, Origin], directory: Path) -> Settings:
    """Make relative paths that stand in files relative to `directory`."""
    paths = {key.field: getattr(settings, key.field) for key in KEYS.values() if key.is_path}
    return settings.model_copy(
        update={field: directory / path for field, path in paths.items() if path and origins[field.upper()].is_file}
    )


def _places(names: tuple[str, ...], origins: Mapping[str, Origin]) -> str:
    return "; ".join(f"{name}: {origins[name].where}" for name in names)


def _contradictions(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with values that are right by themselves but not together, with the settings' names."""
    secret = next((way for way in WAYS if getattr(settings, way.lower()) is not None), "CLIENT_SECRET").lower()
    yield from _lonely(settings, "client_id", secret)
    yield from _lonely(settings, secret, "client_id")
    yield from _lonely(settings, "config_service_client_id", "config_service_client_secret")
    yield from _lonely(settings, "config_service_client_secret", "config_service_client_id")
    yield from _lonely(settings, "client_key", "client_certificate")
    if settings.think_time_min > settings.think_time_max:
        yield ("THINK_TIME_MIN", "THINK_TIME_MAX"), "THINK_TIME_MIN: more than THINK_TIME_MAX"
    for name, key in KEYS.items():
        path = getattr(settings, key.field)
        if key.is_path and key.field != "results_dir" and path and not path.is_file():
            yield (name,), f"{name}: {path} is a folder" if path.is_dir() else f"{name}: no such file: {path}"


def _lonely(settings: Settings, given: str, needed: str) -> Iterator[tuple[tuple[str, ...], str]]:
    if getattr(settings, given) is not None and getattr(settings, needed) is None:
        names = (given.upper(), needed.upper())
        yield names, f"{names[1]}: missing; {names[0]} is of no use without it"
