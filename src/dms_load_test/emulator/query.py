"""Filters of a collection, read and checked.

A filter becomes a condition on a member of the document; where filters give a whole natural key, or the whole key of
a reference, or a descriptor, the store is also told which rows to look at, so that such queries stay fast as it fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dms_load_test.edfi.schema import walk_leaves
from dms_load_test.emulator.fields import Wrong, compile_leaf, date_of
from dms_load_test.emulator.identity import reference_rule
from dms_load_test.emulator.ids import parse_id
from dms_load_test.emulator.paths import nested
from dms_load_test.emulator.problems import Refused, bad_request, invalid_data
from dms_load_test.emulator.selection import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Leaf, ResourceSchema
    from dms_load_test.emulator.descriptors import Descriptors
    from dms_load_test.emulator.identity import DocumentKeys
    from dms_load_test.emulator.paging import Parameter
    from dms_load_test.emulator.store import Store

    ParseId = Callable[[str], bytes | None]


class _Condition(NamedTuple):
    path: str
    leaf: Leaf
    value: Any


class QueryRules:
    """The filters of one resource."""

    def __init__(self, model: ApiModel, schema: ResourceSchema, keys: DocumentKeys) -> None:
        leaves = dict(walk_leaves(schema.body))
        self._fields = {name.lower(): (name, path, leaves[path]) for name, path in schema.query.items()}
        self._identity = schema.identity
        self._equal = tuple(pair for pair in schema.equal if "[*]" not in "".join(pair))
        self._keys = keys
        self._references = tuple((reference, reference_rule(model, reference)) for reference in schema.body.references)

    def conditions(
        self, parameters: Mapping[str, Parameter], store: Store, descriptors: Descriptors, parse: ParseId = parse_id
    ) -> Filter | None:
        """Return the conditions, or `None` where no document can meet them.

        Raises:
            Refused: for unknown fields and wrong values.
        """
        parsed = self._parse(parameters)
        known = _with_descriptors(parsed, descriptors)
        if known is None:
            return None
        conditions, targets = known
        fields = {condition.path: condition.value for condition in conditions}
        referenced = self._referenced(nested(fields), store)
        if None in referenced:
            return None
        return Filter(
            targets=tuple(dict.fromkeys((*targets, *(number for number in referenced if number is not None)))),
            fields=tuple(fields.items()),
            own_key=self._own_key(fields),
            id=_identifier(parameters, parse),
        )

    def _parse(self, parameters: Mapping[str, Parameter]) -> list[_Condition]:
        unknown = [
            parameter.name for name, parameter in parameters.items() if name not in self._fields and name != "id"
        ]
        if unknown:
            raise Refused(
                bad_request(*(f"The query field '{name}' is not valid for this resource." for name in unknown))
            )
        conditions: list[_Condition] = []
        violations: dict[str, list[str]] = {}
        for key, parameter in parameters.items():
            if key == "id":
                continue
            name, path, leaf = self._fields[key]
            try:
                conditions.append(_Condition(path, leaf, _typed(leaf, parameter.value)))
            except Wrong:
                violations[f"$.{name}"] = [f"The value '{parameter.value}' is not valid for {name}."]
        if violations:
            raise Refused(invalid_data(violations))
        return conditions

    def _referenced(self, document: Mapping[str, Any], store: Store) -> list[int | None]:
        """Return the numbers of the documents that wholly given references name; `None` for one that is not there."""
        numbers: list[int | None] = []
        for reference, rule in self._references:
            holder = document.get(reference.name, {})
            if len(holder) == len(reference.leaves):
                found = store.find(rule.key(holder), shared=rule.shared)
                numbers.append(found.number if found else None)
        return numbers

    def _own_key(self, fields: Mapping[str, Any]) -> bytes | None:
        """Return the natural key if the filters give all of it, members counted that must equal a given one."""
        given = dict(fields)
        for _ in self._equal:
            for left, right in self._equal:
                if left in given:
                    given.setdefault(right, given[left])
                elif right in given:
                    given[left] = given[right]
        complete = all(path in given for path in self._identity)
        return self._keys.own(nested(given)) if complete else None


def _typed(leaf: Leaf, text: str) -> Any:
    """Any text may be asked for; a number, a date or a boolean has to be one. Of a date with a time the day counts."""
    if leaf.format == "date":
        try:
            return date_of(text)
        except ValueError:
            raise Wrong(text) from None
    return text if leaf.kind == "string" and not leaf.format else compile_leaf(leaf)(text)


def _with_descriptors(
    conditions: Sequence[_Condition], descriptors: Descriptors
) -> tuple[list[_Condition], list[int]] | None:
    """Return the conditions with descriptors in their stored spelling and those' numbers; `None` if one is unknown."""
    spelled: list[_Condition] = []
    numbers: list[int] = []
    for condition in conditions:
        if not condition.leaf.descriptor:
            spelled.append(condition)
            continue
        value = descriptors.find(condition.leaf.descriptor, condition.value)
        if value is None:
            return None
        spelled.append(condition._replace(value=value.uri))
        if condition.path.count(".") == 1:  # a descriptor inside a reference is no link of this document
            numbers.append(value.number)
    return spelled, numbers


def _identifier(parameters: Mapping[str, Parameter], parse: ParseId) -> bytes | None:
    parameter = parameters.get("id")
    if parameter is None:
        return None
    identifier = parse(parameter.value)
    if identifier is None:
        raise Refused(invalid_data({"$.id": [f"The value '{parameter.value}' is not valid for id."]}))
    return identifier
