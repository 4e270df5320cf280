"""The YAML file of overrides: resource, field, and what the field is to be.

    students:
      birthCity: Springfield                                # a constant
      generationCodeSuffix: {choices: {Jr.: 3, III: 1}}     # weighted choices; a list weighs all alike
      lastSurname: {mimesis: person.surname}                # drawn with Mimesis
      preferredFirstName: {template: "{firstName} B."}      # made of other fields of the same object, if any is there
    studentSchoolAssociations:
      fullTimeEquivalency: {range: [0.5, 1.0]}              # whole numbers, decimals or dates, both ends included

Fields of nested objects and collections are written with dots: `addresses.city`. What a natural key holds, and what
repeats it, cannot be overridden: other documents refer to it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from itertools import accumulate
from math import inf
from reprlib import Repr
from string import Formatter
from typing import TYPE_CHECKING, Any

import yaml

from dms_load_test.edfi.schema import walk_collections, walk_leaves
from dms_load_test.errors import ConfigError
from dms_load_test.generators.draws import GOLDEN, MASK
from dms_load_test.generators.given import given_problem
from dms_load_test.generators.lineage import representatives
from dms_load_test.generators.overrides import Override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Leaf, ResourceSchema
    from dms_load_test.generators.overrides import Key, Value
    from dms_load_test.generators.rule import Document

_DRAWN = 500
"""Values that a Mimesis provider is asked for, once; documents draw from them."""

_SHORT = Repr()
"""Shows a wrong value, which may be of any length."""
_SHORT.maxstring = 200

_BOUNDS = (int, float, date, datetime)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file something stands, for messages."""

    file: str
    line: int
    field: str

    def wrong(self, text: str) -> ConfigError:
        return ConfigError(f"{self.file}:{self.line}: {self.field}: {text}")


@dataclass(frozen=True, slots=True)
class _Field:
    """The field that something is given for. `beside`: the fields of the same object."""

    leaf: Leaf
    place: _Place
    beside: frozenset[str]
    seed: int

    def wrong(self, text: str) -> ConfigError:
        return self.place.wrong(text)


def parse_overrides(text: str, file: str, model: ApiModel, seed: int) -> dict[str, tuple[Override, ...]]:
    """Read a file of overrides; `file` is its name, for messages.

    Raises: ConfigError: it is no such file; the message names file, line and field.
    """
    found = {}
    root = _compose(text, file)
    for resource, fields, place in _entries(root, _Place(file, 1, "the file")) if root else ():
        schema = model.resources.get(resource)
        if schema is None:
            raise place.wrong(_unknown("the target has no such resource", resource, model.resources))
        leaves = _leaves(schema)
        found[resource] = tuple(
            _override(name, node, at, schema, leaves, seed) for name, node, at in _entries(fields, place)
        )
    return found


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}:{line}: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{file}:{line}: character {error.character:#06x} is not allowed in YAML") from error
    except RecursionError:
        raise ConfigError(f"{file}: brackets are nested too deeply; expected resources, fields and values") from None


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
    holder = name.rpartition(".")[0]
    beside = frozenset(last for at, _, last in (other.rpartition(".") for other in leaves) if at == holder)
    return Override(_steps(name, schema), _value(_plain(node, place), _Field(leaf, place, beside, seed)))


def _steps(name: str, schema: ResourceSchema) -> tuple[tuple[str, Key], ...]:
    """Return the way to a field: each name with the key of its collection, if the field is part of that."""
    keys = {path.removeprefix("$.").replace("[*]", ""): found.key for path, found in walk_collections(schema.body)}
    names = name.split(".")
    steps: list[tuple[str, Key]] = []
    for depth, part in enumerate(names, start=1):
        key, rest = keys.get(".".join(names[:depth]), ()), ".".join(names[depth:])
        steps.append((part, tuple(tuple(path.split(".")) for path in key) if rest in key else ()))
    return tuple(steps)


def _plain(node: yaml.Node, place: _Place) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    # A tag for something else than plain data, the 31st of February, `!!bool 7`: PyYAML leaves most of it to Python.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise place.wrong(f"no plain value ({getattr(error, 'problem', None) or error})") from error
    finally:
        loader.dispose()


def _value(given: Any, field: _Field) -> Value:
    if not isinstance(given, dict):
        constant = _checked(given, field)
        return lambda _, __: constant
    if len(given) != 1 or (kind := next(iter(given))) not in _KINDS:
        raise field.wrong(f"expected a value or one of {', '.join(_KINDS)}")
    return _KINDS[kind](given[kind], field)


def _choices(given: Any, field: _Field) -> Value:
    weighted = list(given.items()) if isinstance(given, dict) else []
    if isinstance(given, list):
        weighted = [(value, 1) for value in given]
    if not weighted or not all(isinstance(weight, int | float) and 0 < weight < inf for _, weight in weighted):
        raise field.wrong("choices: expected a list of values, or values with weights above 0")
    values = [_checked(value, field) for value, _ in weighted]
    ends = list(accumulate(weight for _, weight in weighted))
    return lambda bits, _: values[bisect_right(ends, _fraction(bits) * ends[-1])]


def _range(given: Any, field: _Field) -> Value:
    if not isinstance(given, list) or len(given) != 2 or not _are_ordered(*given):  # noqa: PLR2004 - from and to
        raise field.wrong("range: expected [least, most] of one kind, numbers or dates")
    if field.leaf.descriptor:
        raise field.wrong("range: expected choices, for a descriptor")
    low, high = given
    for bound in given:
        _checked(bound, field)
    if isinstance(low, date):
        days = (high - low).days + 1
        return lambda bits, _: (low + timedelta(days=int(_fraction(bits) * days))).isoformat()
    if isinstance(low, int):
        return lambda bits, _: low + int(_fraction(bits) * (high - low + 1))
    places = max(len(repr(bound).partition(".")[2]) for bound in given) + 1
    places = min(places, field.leaf.digits[1]) if field.leaf.digits else places
    return lambda bits, _: round(low + _fraction(bits) * (high - low), places)


def _are_ordered(low: Any, high: Any) -> bool:
    if type(low) is not type(high) or type(low) not in _BOUNDS:
        return False
    if isinstance(low, datetime) and (low.tzinfo is None) != (high.tzinfo is None):
        return False
    return bool(low <= high)


def _template(given: Any, field: _Field) -> Value:
    leaf = field.leaf
    if not isinstance(given, str) or leaf.kind != "string" or leaf.descriptor or leaf.enum or leaf.format:
        raise field.wrong('template: expected a text such as "{firstName}.{lastSurname}", for a text field')
    try:
        parts = [(text, name, bool(spec or conversion)) for text, name, spec, conversion in Formatter().parse(given)]
    except ValueError as error:
        raise field.wrong(f"template: {error}") from error
    # Names alone: format() would look into values, and pad them to any length.
    if any(name is not None and (extra or not name.isidentifier()) for _, name, extra in parts):
        raise field.wrong('template: expected names of fields alone in braces, as in "{firstName} B."')
    for name in (name for _, name, _ in parts if name is not None and name not in field.beside):
        raise field.wrong(_unknown(f"template: there is no field {name} beside it", name, sorted(field.beside)))
    most = leaf.max_length

    def value(_: int, holder: Document) -> str | None:
        """Join the parts; fields that the object does not have are empty. None where that is no valid text."""
        joined = "".join(f"{text}{holder.get(name, '') if name else ''}" for text, name, _ in parts)
        made = joined.strip()[:most].rstrip()
        return None if given_problem(leaf, made) else made

    return value


def _mimesis(given: Any, field: _Field) -> Value:
    from mimesis import Generic, Locale  # noqa: PLC0415 -- 30 ms of start-up that hardly any run needs

    provider: Callable[[], Any] | None = Generic(locale=Locale.EN, seed=field.seed)  # type: ignore[assignment]  # walked down below
    for name in str(given).split("."):
        provider = None if name.startswith("_") else getattr(provider, name, None)
    if not callable(provider):
        raise field.wrong(f"mimesis: there is no provider {given}; write it as in person.full_name")
    try:
        drawn = [provider() for _ in range(_DRAWN)]
    except TypeError as error:
        raise field.wrong(f"mimesis: {given} cannot be called without arguments") from error
    leaf = field.leaf
    shaped = [str(value).strip() if leaf.kind == "string" else value for value in drawn]
    pool = list(dict.fromkeys(value for value in shaped if not given_problem(leaf, value)))
    if not pool:
        raise field.wrong(
            f"mimesis: {given} gives nothing that fits: {_SHORT.repr(shaped[0])} {given_problem(leaf, shaped[0])}"
        )
    return lambda bits, _: pool[int(_fraction(bits) * len(pool))]


_KINDS: Mapping[str, Callable[[Any, _Field], Value]] = {
    "choices": _choices,
    "range": _range,
    "template": _template,
    "mimesis": _mimesis,
}


def _checked(given: Any, field: _Field) -> Any:
    """Return a value as a document holds it. Raises: ConfigError: it is no valid value of the field."""
    leaf = field.leaf
    value = given.isoformat() if isinstance(given, date) else given
    if leaf.descriptor and isinstance(value, str | int) and not isinstance(value, bool) and "#" not in str(value):
        value = f"uri://ed-fi.org/{leaf.descriptor}#{value}"
    problem = given_problem(leaf, value)
    if problem:
        raise field.wrong(f"{_SHORT.repr(value)} {problem}")
    return value


def _fraction(bits: int) -> float:
    """Return a number from 0 to below 1, well mixed."""
    return ((bits * GOLDEN & MASK) >> 11) / (1 << 53)


def _unknown(text: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"{text}{f'; did you mean {near[0]}?' if near else ''}"
