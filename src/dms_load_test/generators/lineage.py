"""How documents hang together by their natural keys: which ancestor a document has, and which documents an ancestor.

Words of this file:
- An *ancestor* of a document is a document whose whole natural key is part of its own, by references of references: a
  grade's ancestors are a section, a session, a school, a student, and more.
- The *landing* of an ancestor says in which columns of the natural key it arrives: two ancestors of one resource by
  different ways (a feeder school and the school it feeds) differ in it.
- An *axis* is the arithmetic between ordinals and those of an ancestor. It is what replaces looking things up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dms_load_test.edfi.schema import Reference, ResourceSchema
    from dms_load_test.generators.rule import Rule

    Key = Mapping[str, Any]
    Landing = frozenset[str]


class Axis(NamedTuple):
    """`of(ordinal)`: the ancestor's ordinal. `nth(ancestor, j)`: the j-th ordinal with that ancestor, or None.

    Different j give different ordinals. `fan`: for each ancestor that has documents at all, `nth` knows at least so
    many. `nth` itself is None where there is no such arithmetic.
    """

    of: Callable[[int], int]
    nth: Callable[[int, int], int | None] | None = None
    fan: int = 1


class Ancestry(NamedTuple):
    """One ancestor of a resource's documents. `landing`: representatives of columns, see `representatives`."""

    ancestor: str
    landing: Landing
    axis: Axis


@dataclass(frozen=True, slots=True)
class Made:
    """A resource whose documents can be made.

    `key(ordinal)`: the natural key, path by path. `count`: documents that others may refer to, ordinals from 0.
    `columns`: path -> representative of its column. `ancestry`: beginning with itself.
    """

    schema: ResourceSchema
    rule: Rule
    count: int
    key: Callable[[int], Key]
    columns: Mapping[str, str]
    ancestry: tuple[Ancestry, ...]

    def column(self, path: str) -> str:
        """Return what stands for all paths that are one with `path`."""
        return self.columns.get(path, path)


def representatives(schema: ResourceSchema) -> dict[str, str]:
    """Return path -> representative of its column, for the paths that key unification makes one with others."""
    column: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    for left, right in schema.equal:
        one = members.pop(column.get(left, left), {left})
        other = members.pop(column.get(right, right), {right}) if column.get(right, right) not in one else set()
        joined = one | other
        chosen = min(joined)
        members[chosen] = joined
        column |= dict.fromkeys(joined, chosen)
    return column


def itself(schema: ResourceSchema, columns: Mapping[str, str]) -> Ancestry:
    """Return the ancestry that every resource has: each document is its own ancestor."""
    landing = frozenset(columns.get(path, path) for path in schema.identity)
    return Ancestry(schema.resource, landing, Axis(of=_same, nth=_only))


def target_path(reference: Reference, leaf: str, target: ResourceSchema) -> str:
    """Return the identity path of `target` that a member repeats; a subclass may rename its superclass's only key."""
    path = reference.keys.get(leaf, "")
    if reference.target != target.resource and target.superclass_identity and len(target.identity) == 1:
        return target.identity[0]
    return path


def arriving(at: str, reference: Reference, target: Made, columns: Mapping[str, str]) -> Iterator[Ancestry]:
    """Yield the ancestries of `target` as they arrive, by the reference at path `at`, in a resource's columns."""
    arrives: dict[str, str] = {}
    for leaf in reference.leaves:
        path = f"{at}.{leaf.name}"
        arrives[target.column(target_path(reference, leaf.name, target.schema))] = columns.get(path, path)
    for ancestor, landing, axis in target.ancestry:
        if landing <= arrives.keys():
            yield Ancestry(ancestor, frozenset(arrives[column] for column in landing), axis)


def _same(ordinal: int) -> int:
    return ordinal


def _only(ancestor: int, j: int) -> int | None:
    return None if j else ancestor
