"""What the settings say about the data: which resources, how many documents, whose rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dms_load_test.app.user_modules import fault_of, load_module
from dms_load_test.edfi.dependencies import DependencyGraph
from dms_load_test.errors import ConfigError
from dms_load_test.generators import DISTRICT, DataOptions, Optional
from dms_load_test.generators.naming import Naming
from dms_load_test.generators.options import parse_counts, select_resources
from dms_load_test.generators.override_file import parse_overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dms_load_test.config import Settings
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.generators import Rule, World

_REGISTRY = "GENERATORS"
"""The name that a user's module gives its rules by resource."""


def chosen_resources(settings: Settings, model: ApiModel) -> frozenset[str]:
    """Return the resources that are wanted, and all that their documents must refer to.

    Raises: ConfigError: a name matches nothing, what is excluded is needed, or nothing is left.
    """
    groups = {"district": DISTRICT.keys() & model.resources.keys(), "all": model.resources.keys()}
    wanted = select_resources(settings.resources, model.resources, groups, "--resources")
    excluded = select_resources(settings.exclude, model.resources, groups, "--exclude")
    if not wanted - excluded:
        why = f"--exclude {','.join(settings.exclude)} leaves nothing of it" if wanted else "the target has none of it"
        raise ConfigError(f"--resources {','.join(settings.resources)}: {why}; choose more")
    graph = DependencyGraph.build(model, ())
    complete = graph.closure(wanted - excluded)
    for name in sorted(complete & excluded):
        referrer = min(graph.referrers(name) & complete, default="a chosen resource")
        raise ConfigError(f"--exclude {name}: {referrer} refers to it; exclude that too, or leave {name} in")
    return complete


def data_options(settings: Settings, model: ApiModel, seed: int) -> DataOptions:
    """Return the choices about the data. Raises: ConfigError: one of them is wrong, or a file cannot be read."""
    overrides = settings.overrides
    return DataOptions(
        resources=chosen_resources(settings, model),
        optional=Optional(settings.optional_members),
        counts=parse_counts(settings.counts, model.resources),
        overrides=parse_overrides(_read(overrides), str(overrides), model, seed) if overrides else {},
        makers=_load_makers(settings.generators) if settings.generators else {},
        naming=naming_of(settings),
    )


def naming_of(settings: Settings) -> Naming:
    """Return how ids and names of the data differ from those of real data."""
    if settings.education_organization_ids is None:
        return Naming(settings.key_prefix)
    first, last = settings.education_organization_ids.split("-")
    return Naming(settings.key_prefix, range(int(first), int(last) + 1))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or 'is no UTF-8 text'}") from error


def _load_makers(path: Path) -> Mapping[str, Callable[[World], Rule]]:
    """Return the rules by resource that a user's module registers as `GENERATORS`."""
    try:
        module = load_module(path)
    except Exception as error:  # the file is the user's: whatever it raises is told as theirs
        raise ConfigError(f"--generators {fault_of(error, path)}") from error
    found: Any = getattr(module, _REGISTRY, None)
    if not isinstance(found, dict) or not all(callable(make) for make in found.values()):
        raise ConfigError(f'--generators {path}: expected {_REGISTRY} = {{"resource": function, ...}}')
    return found
