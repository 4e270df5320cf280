"""The API that is emulated: the embedded standard, or what given OpenAPI documents describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.edfi.dependencies import parse_dependencies, write_dependencies
from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.standard import DataStandard, load_standard
from dms_load_test.errors import ConfigError, TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Emulated:
    """A data standard with its load order, as `/metadata/dependencies` lists it."""

    standard: DataStandard
    dependencies: Sequence[Any]


def load_emulated(openapi: Sequence[Path], dependencies: Path | None) -> Emulated:
    """Read the documents, or take the embedded standard where there are none.

    Descriptors that the embedded standard knows by name get its values.

    Raises:
        ConfigError: if a file cannot be read or describes no API.
    """
    embedded = load_standard()
    standard = _described(openapi, embedded) if openapi else embedded
    if dependencies is None:
        try:
            return Emulated(standard, write_dependencies(standard.model))
        except TargetError as error:
            raise ConfigError(f"--openapi: {error}; give the order by --dependencies") from error
    listed = _json(dependencies, "--dependencies")
    try:
        unknown = sorted({entry.resource for entry in parse_dependencies(listed)} - standard.model.resources.keys())
    except TargetError as error:
        raise ConfigError(f"--dependencies {dependencies}: {error}") from error
    if unknown:
        message = f"--dependencies {dependencies}: no OpenAPI document describes {', '.join(unknown[:10])}"
        raise ConfigError(message)
    return Emulated(standard, listed)


def _described(files: Sequence[Path], embedded: DataStandard) -> DataStandard:
    documents = [_json(file, "--openapi") for file in files]
    try:
        model = read_openapi(documents)
    except (TargetError, AttributeError, TypeError) as error:
        raise ConfigError(f"--openapi {', '.join(map(str, files))}: {error}") from error
    info = documents[0].get("info", {})
    known = {name: codes for name, codes in embedded.descriptor_values.items() if name in model.descriptors}
    return DataStandard(name="Ed-Fi", version=str(info.get("version", "")), model=model, descriptor_values=known)


def _json(file: Path, option: str) -> Any:
    try:
        return msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{option} {file}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{option} {file}: {error}; it has to be JSON") from error
