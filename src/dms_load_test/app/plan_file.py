"""Plan files: several scenarios in one run, as YAML.

    target: ${API_BASE_URL:-http://localhost:8080/api}
    profile: dev
    settings:
      STUDENT_COUNT: 500
    run:
      - smoke
      - scenario: load
      - beside:
          - scenario: readwrite
            thresholds: ["http_req_duration{operation:read}: p(95)<500"]
          - scenario: changes
            settings: {DURATION_READWRITE_PHASE: 1m}

An empty `target` or `profile` is the same as none. Whatever is wrong is told with file and line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from dms_load_test.app.earlier import DATA_SETTINGS
from dms_load_test.app.programs import ONE_OF_EVERYTHING, overridden
from dms_load_test.app.scenario_files import SUFFIX, resolve
from dms_load_test.config import KEYS, Settings
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.scenarios.program import Item, Program, phase_name
from dms_load_test.scenarios.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_TOP = ("target", "profile", "settings", "run")
_ITEM = ("scenario", "name", "thresholds", "settings", "shape")
ITEM_SETTINGS = frozenset(
    {
        "vus_load_phase",
        "vus_readwrite_phase",
        "duration_load_phase",
        "duration_readwrite_phase",
        "think_time_min",
        "think_time_max",
        "rate_readwrite_phase",
        "readwrite_mix",
        "readwrite_reads",
        "readwrite_weights",
        "readwrite_batch",
        "popularity",
        "audit_ratio",
        "page_sizes",
        "filter_size",
        "filter_most",
        "contention_documents",
        "shape_peak",
        "knee_start_rate",
        "knee_most_rate",
        "knee_most_vus",
        "knee_hold",
        "knee_p95_rise",
        "knee_errors",
        "soak_duration",
        "thresholds_smoke",
        "thresholds_load",
        "thresholds_readwrite",
    }
)
"""What scenarios read of the settings; all others are the run's: its target, documents, workers, results."""
_DEFAULTS = Settings.model_validate({})
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan: the program, and what stands above it for the whole run. `settings` are by variable name."""

    program: Program
    profile: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


class _Reader:
    """Reads the nodes of one file; each has a line, which errors are told with."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self._environment = environment

    def error(self, node: yaml.Node, text: str) -> ConfigError:
        return ConfigError(f"{self.path}:{node.start_mark.line + 1}: {text}")

    def members(self, node: yaml.Node, what: str, allowed: tuple[str, ...] = ()) -> dict[str, yaml.Node]:
        """Return the members of a mapping; all names will do where none are `allowed`."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what}: expected names with values, such as {', '.join(allowed) or 'NAME: value'}")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self.text(key, what)
            if allowed and name not in allowed:
                raise self.error(key, f'"{name}" is not known here; expected {", ".join(allowed)}')
            if name in found:
                raise self.error(key, f'"{name}" stands here twice')
            found[name] = value
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(node, f"{what}: expected a list")
        return list(node.value)

    def text(self, node: yaml.Node, what: str) -> str:
        """Return a scalar as it is written, with its variables filled in."""
        if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL:
            raise self.error(node, f"{what}: expected a text or a number")
        return _VARIABLE.sub(lambda found: self._variable(found, node), node.value)

    def _variable(self, found: re.Match[str], node: yaml.Node) -> str:
        name, default = found.groups()
        value = self._environment.get(name) or default
        if value is None:
            raise self.error(node, f"${{{name}}} is not set in the environment; set it, or write ${{{name}:-default}}")
        return value


def read_plan_file(path: Path, environment: Mapping[str, str]) -> PlanFile:
    """Read a plan file.

    Raises:
        ConfigError: It cannot be read, or something in it is wrong; the message tells file and line.
        ScenarioError: The file of a scenario in it is wrong.
    """
    reader = _Reader(path, environment)
    root = _compose(path)
    top = reader.members(root, "a plan", _TOP)
    if "run" not in top:
        raise reader.error(root, "run: is missing; it lists the scenarios, such as [smoke, load, readwrite]")
    read = [_turn(reader, node) for node in reader.items(top["run"], "run")]
    _check_names(reader, [found for turn in read for found in turn])
    settings = _settings(reader, top)
    # Empty is what a variable without a value leaves, and is not given: "" would be stronger than .env.load-test.
    target = reader.text(top["target"], "target") if "target" in top else ""
    profile = reader.text(top["profile"], "profile") if "profile" in top else ""
    if target:
        settings = {"API_BASE_URL": target, **settings}
    return PlanFile(Program(tuple(tuple(item for item, _ in turn) for turn in read)), profile or None, settings)


def _compose(path: Path) -> yaml.Node:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: {what}; expected a plan file") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}:1: no YAML: {error}") from error
    except RecursionError:
        raise ConfigError(f"{path}: brackets are nested too deeply; expected run: with a list of scenarios") from None
    if root is None:
        raise ConfigError(f"{path}:1: the file is empty; expected run: with a list of scenarios")
    return root


def _turn(reader: _Reader, node: yaml.Node) -> list[tuple[Item, yaml.Node]]:
    if isinstance(node, yaml.MappingNode) and any(key.value == "beside" for key, _ in node.value):
        beside = reader.members(node, "beside", ("beside",))["beside"]
        return [_item(reader, part) for part in reader.items(beside, "beside")]
    return [_item(reader, node)]


def _item(reader: _Reader, node: yaml.Node) -> tuple[Item, yaml.Node]:
    if isinstance(node, yaml.ScalarNode):
        scenario = _scenario(reader, node)
        return Item(scenario=scenario, name=phase_name(scenario)), node
    body = reader.members(node, "a scenario", _ITEM)
    if "scenario" not in body:
        raise reader.error(node, "scenario: is missing; it names what to run, such as readwrite")
    scenario = _scenario(reader, body["scenario"])
    shape = reader.text(body["shape"], "shape") if "shape" in body else ""
    if shape and shape not in SHAPES:
        raise reader.error(body["shape"], f'shape "{shape}": expected one of {", ".join(SHAPES)}')
    item = Item(
        scenario=scenario,
        name=reader.text(body["name"], "name") if "name" in body else phase_name(scenario),
        thresholds=_thresholds(reader, body["thresholds"]) if "thresholds" in body else None,
        settings=_item_settings(reader, body, scenario),
        shape=shape,
    )
    return item, node


def _item_settings(reader: _Reader, body: Mapping[str, yaml.Node], scenario: str) -> dict[str, str]:
    """Return the settings of an item: others than scenarios read would do nothing, and secrets would go to workers."""
    found = _settings(reader, body)
    read = {*ITEM_SETTINGS, *(set(DATA_SETTINGS) - ONE_OF_EVERYTHING.keys() if resolve(scenario).smallest else ())}
    for name in found:
        if KEYS[name].field not in read:
            raise reader.error(
                body["settings"], f"{name}: {scenario} does not read it; what is for the whole run stands beside `run`"
            )
    return found


def _scenario(reader: _Reader, node: yaml.Node) -> str:
    """Return a scenario's name, or the path of its file, which is relative to the plan's folder."""
    name = reader.text(node, "scenario")
    full = str(reader.path.parent / name) if name.endswith(SUFFIX) else name
    try:
        resolve(full)
    except ConfigError as error:
        raise reader.error(node, str(error)) from error
    return full


def _thresholds(reader: _Reader, node: yaml.Node) -> tuple[str, ...]:
    """Return thresholds; those on a built-in metric are checked here, those on a scenario's own when it is planned."""
    texts = []
    for part in reader.items(node, "thresholds"):
        text = reader.text(part, "thresholds")
        try:
            parse_threshold(text)
        except ConfigError as error:
            if "unknown metric" not in str(error):
                raise reader.error(part, str(error)) from error
        texts.append(text)
    return tuple(texts)


def _settings(reader: _Reader, body: Mapping[str, yaml.Node]) -> dict[str, str]:
    """Return the settings of a mapping, each checked by itself."""
    if "settings" not in body:
        return {}
    found = {}
    for name, node in reader.members(body["settings"], "settings").items():
        found[name] = reader.text(node, name)
        if name not in KEYS:
            raise reader.error(node, f"{name}: no such setting; `dms-load-test config` lists all")
        try:
            overridden(_DEFAULTS, {name: found[name]})
        except ConfigError as error:
            raise reader.error(node, str(error)) from error
    return found


def _check_names(reader: _Reader, items: list[tuple[Item, yaml.Node]]) -> None:
    """Each phase has a name of its own: its figures are kept under it."""
    seen: dict[str, int] = {}
    for item, node in items:
        if item.name in seen:
            raise reader.error(
                node, f'"{item.name}" is the name of line {seen[item.name]}, too; give one another `name`'
            )
        seen[item.name] = node.start_mark.line + 1
