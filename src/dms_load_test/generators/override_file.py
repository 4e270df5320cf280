"""The YAML file of overrides: resource, field, and what the field is to be.

    students:
      birthCity: Springfield                                # a constant
      generationCodeSuffix: {choices: {Jr.: 3, III: 1}}     # weighted choices; a list weighs all alike
      lastSurname: {mimesis: person.surname}                # drawn with Mimesis
      preferredFirstName: {template: "{firstName} B."}      # made of other fields of the same object
    studentSchoolAssociations:
      fullTimeEquivalency: {range: [0.5, 1.0]}              # whole numbers, decimals or dates, both ends included

Fields of nested objects and collections are written with dots: `addresses.city`. What a natural key holds, and what
repeats it, cannot be overridden: other documents refer to it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import accumulate
from string import Formatter
from typing import TYPE_CHECKING, Any

import yaml

from dms_load_test.edfi.schema import walk_leaves
from dms_load_test.errors import ConfigError
from dms_load_test.generators.draws import GOLDEN, MASK
from dms_load_test.generators.fitting import leaf_problem
from dms_load_test.generators.lineage import representatives
from dms_load_test.generators.overrides import Override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Leaf, ResourceSchema
    from dms_load_test.generators.overrides import Value
    from dms_load_test.generators.rule import Document

_DRAWN = 500
"""Values that a Mimesis provider is asked for, once; documents draw from them."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file something stands, for messages."""

    file: str
    line: int
    field: str

    def wrong(self, text: str) -> ConfigError:
        return ConfigError(f"{self.file}:{self.line}: {self.field}: {text}")


def parse_overrides(text: str, file: str, model: ApiModel, seed: int) -> dict[str, tuple[Override, ...]]:
    """Read a file of overrides; `file` is its name, for messages.

    Raises: ConfigError: it is no such file; the message names file, line and field.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}:{line}: {error.problem}") from error
    if root is None:
        return {}
    found = {}
    for resource, fields, place in _entries(root, _Place(file, 1, "the file")):
        schema = model.resources.get(resource)
        if schema is None:
            raise place.wrong(_unknown("the target has no such resource", resource, model.resources))
        leaves = _leaves(schema)
        found[resource] = tuple(
            _override(name, node, at, schema, leaves, seed) for name, node, at in _entries(fields, place)
        )
    return found


def _entries(node: yaml.Node, place: _Place) -> list[tuple[str, yaml.Node, _Place]]:
    """Return (name, value, place) of the entries of a mapping."""
    if not isinstance(node, yaml.MappingNode):
        raise place.wrong("expected names with values below it")
    within = "" if place.field == "the file" else f"{place.field}."
    return [
        (str(key.value), value, _Place(place.file, key.start_mark.line + 1, f"{within}{key.value}"))
        for key, value in node.value
    ]


def _leaves(schema: ResourceSchema) -> dict[str, tuple[str, Leaf]]:
    """Return field as written -> (path, leaf)."""
    return {path.removeprefix("$.").replace("[*]", ""): (path, leaf) for path, leaf in walk_leaves(schema.body)}


def _override(
    name: str,
    node: yaml.Node,
    place: _Place,
    schema: ResourceSchema,
    leaves: Mapping[str, tuple[str, Leaf]],
    seed: int,
) -> Override:
    if name not in leaves:
        raise place.wrong(_unknown(f"{schema.resource} has no such field", name, leaves))
    path, leaf = leaves[name]
    if path in schema.identity or path in representatives(schema) or "Reference." in path:
        raise place.wrong("is part of a natural key or repeats one; it cannot be overridden")
    return Override(tuple(name.split(".")), _value(_plain(node, place), leaf, place, seed))


def _plain(node: yaml.Node, place: _Place) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:  # a tag for something else than plain data, the 31st of February
        raise place.wrong(f"no plain value ({getattr(error, 'problem', None) or error})") from error
    finally:
        loader.dispose()


def _value(given: Any, leaf: Leaf, place: _Place, seed: int) -> Value:
    if not isinstance(given, dict):
        constant = _checked(given, leaf, place)
        return lambda _, __: constant
    if len(given) != 1 or (kind := next(iter(given))) not in _KINDS:
        raise place.wrong(f"expected a value or one of {', '.join(_KINDS)}")
    return _KINDS[kind](given[kind], leaf, place, seed)


def _choices(given: Any, leaf: Leaf, place: _Place, _seed: int) -> Value:
    weights = given if isinstance(given, dict) else dict.fromkeys(given, 1) if isinstance(given, list) else {}
    if not weights or not all(isinstance(weight, int | float) and weight > 0 for weight in weights.values()):
        raise place.wrong("choices: expected a list of values, or values with weights above 0")
    values = [_checked(value, leaf, place) for value in weights]
    ends = list(accumulate(weights.values()))
    return lambda bits, _: values[bisect_right(ends, _fraction(bits) * ends[-1])]


def _range(given: Any, leaf: Leaf, place: _Place, _seed: int) -> Value:
    if not isinstance(given, list) or len(given) != 2 or type(given[0]) is not type(given[1]) or given[0] > given[1]:  # noqa: PLR2004 - from and to
        raise place.wrong("range: expected [least, most] of one kind")
    low, high = given
    for bound in given:
        _checked(bound, leaf, place)
    if isinstance(low, date):
        days = (high - low).days + 1
        return lambda bits, _: (low + timedelta(days=int(_fraction(bits) * days))).isoformat()
    if isinstance(low, int):
        return lambda bits, _: low + int(_fraction(bits) * (high - low + 1))
    places = max(len(repr(bound).partition(".")[2]) for bound in given) + 1
    places = min(places, leaf.digits[1]) if leaf.digits else places
    return lambda bits, _: round(low + _fraction(bits) * (high - low), places)


def _template(given: Any, leaf: Leaf, place: _Place, _seed: int) -> Value:
    if not isinstance(given, str) or leaf.kind != "string":
        raise place.wrong('template: expected a text such as "{firstName}.{lastSurname}", for a text field')
    try:
        parts = [(text, name, bool(spec or conversion)) for text, name, spec, conversion in Formatter().parse(given)]
    except ValueError as error:
        raise place.wrong(f"template: {error}") from error
    # Names alone: format() would look into values, and pad them to any length.
    if any(name is not None and (extra or not name.isidentifier()) for _, name, extra in parts):
        raise place.wrong('template: expected names of fields alone in braces, as in "{firstName} B."')
    most = leaf.max_length

    def value(_: int, holder: Document) -> Any:
        """Join the parts; fields that the object does not have are empty."""
        made = (f"{text}{holder.get(name, '') if name else ''}" for text, name, _ in parts)
        return "".join(made)[:most].strip()

    return value


def _mimesis(given: Any, leaf: Leaf, place: _Place, seed: int) -> Value:
    from mimesis import Generic, Locale  # noqa: PLC0415 -- 30 ms of start-up that hardly any run needs

    provider: Callable[[], Any] | None = Generic(locale=Locale.EN, seed=seed)  # type: ignore[assignment]  # walked down below
    for name in str(given).split("."):
        provider = None if name.startswith("_") else getattr(provider, name, None)
    if not callable(provider):
        raise place.wrong(f"mimesis: there is no provider {given}; write it as in person.full_name")
    try:
        drawn = [provider() for _ in range(_DRAWN)]
    except TypeError as error:
        raise place.wrong(f"mimesis: {given} cannot be called without arguments") from error
    shaped = [str(value).strip() if leaf.kind == "string" else value for value in drawn]
    pool = [value for value in dict.fromkeys(shaped) if not leaf_problem(leaf, value)]
    if not pool:
        raise place.wrong(f"mimesis: {given} gives nothing that fits: {shaped[0]!r} {leaf_problem(leaf, shaped[0])}")
    return lambda bits, _: pool[int(_fraction(bits) * len(pool))]


_KINDS: Mapping[str, Callable[[Any, Leaf, _Place, int], Value]] = {
    "choices": _choices,
    "range": _range,
    "template": _template,
    "mimesis": _mimesis,
}


def _checked(given: Any, leaf: Leaf, place: _Place) -> Any:
    """Return a value as a document holds it. Raises: ConfigError: it is no valid value of the field."""
    value = given.isoformat() if isinstance(given, date) else given
    if leaf.descriptor and "#" not in str(value):
        value = f"uri://ed-fi.org/{leaf.descriptor}#{value}"
    problem = leaf_problem(leaf, value)
    if problem:
        raise place.wrong(f"{value!r} {problem}")
    return value


def _fraction(bits: int) -> float:
    """Return a number from 0 to below 1, well mixed."""
    return ((bits * GOLDEN & MASK) >> 11) / (1 << 53)


def _unknown(text: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"{text}{f'; did you mean {near[0]}?' if near else ''}"
