"""Which documents a query means, as SQL. Pure: the store runs it.

Every value is bound; the text is made of constants, and of the number and path that an index is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.emulator.member_indexes import member, source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that documents meet, all of them.

    `targets`: numbers of documents they refer to; `fields`: (JSON path, value); `own_key`: their natural key;
    `id`: their id; `numbers` and `versions`: inclusive ranges, of the order of creation and of the last change.
    """

    targets: tuple[int, ...] = ()
    fields: tuple[tuple[str, str | float], ...] = ()
    own_key: bytes | None = None
    id: bytes | None = None
    numbers: tuple[int, int] | None = None
    versions: tuple[int, int] | None = None
    namespaces: tuple[str, ...] | None = None
    """Their own namespace starts with one of these; `None` where it does not matter."""
    by_version: bool = False
    """Ordered by the last change instead of creation."""

    @property
    def is_one(self) -> bool:
        """Whether they name one document: an index finds it, however many refer to the same targets."""
        return self.own_key is not None or self.id is not None

    @property
    def walks_links(self) -> bool:
        """Whether the links to a target lead to the documents."""
        return bool(self.targets) and not self.is_one

    @property
    def is_scan(self) -> bool:
        """Whether nothing but members tells which documents to read, so that without an index all are read."""
        return bool(self.fields) and not (self.targets or self.is_one)


class Selection(NamedTuple):
    """FROM and WHERE with their values, the column that holds the documents' numbers, and the one to order by.

    SQLite reads and sorts all rows if told to order the walked links by their documents' numbers, though they are so.
    """

    clauses: str
    values: Sequence[object]
    number: str
    order: str


def select(resource: int, conditions: Filter, leading_target: int | None = None, indexed: str = "") -> Selection:
    """Return how to read the documents of a resource that meet the conditions.

    Where they refer to targets and are not about one document, the links of `leading_target` (else the first) are
    walked, which are in order of the referrers already. `indexed` is the path of one of the fields, which has an index.
    """
    parts = [
        *_led(resource, conditions, leading_target, indexed),
        *_optional("d.own_key=?", conditions.own_key),
        *_optional("d.id=?", conditions.id),
        *_optional("d.number BETWEEN ? AND ?", conditions.numbers),
        *_optional("d.version BETWEEN ? AND ?", conditions.versions),
        *(_equal(path, value, indexed) for path, value in conditions.fields),
        *_in_namespaces(conditions.namespaces),
    ]
    number = "l.referrer" if conditions.walks_links else "d.number"
    return Selection(
        clauses=f"{_source(resource, conditions, indexed)} WHERE {' AND '.join(text for text, _ in parts)}",
        values=[value for _, values in parts for value in values],
        number=number,
        order="d.version" if conditions.by_version else number,
    )


def _source(resource: int, conditions: Filter, indexed: str) -> str:
    if conditions.walks_links:
        return "FROM links l CROSS JOIN documents d ON d.number=l.referrer"
    return source(resource, indexed) if indexed else "FROM documents d"


def _equal(path: str, value: str | float, indexed: str) -> tuple[str, Sequence[object]]:
    return (
        (f"{member(path, 'd.body')}=?", (value,)) if path == indexed else ("json_extract(d.body, ?)=?", (path, value))
    )


def _led(
    resource: int, conditions: Filter, leading_target: int | None, indexed: str
) -> Iterator[tuple[str, Sequence[object]]]:
    if indexed:
        yield f"d.resource={resource:d}", ()
        return
    first = None
    if conditions.walks_links:
        first = conditions.targets[0] if leading_target is None else leading_target
        yield "l.target=? AND l.resource=?", (first, resource)
    else:
        yield "d.resource=?", (resource,)
    for target in conditions.targets:
        if target != first:
            yield "EXISTS (SELECT 1 FROM links WHERE target=? AND resource=? AND referrer=d.number)", (target, resource)


def _in_namespaces(namespaces: tuple[str, ...] | None) -> Iterator[tuple[str, Sequence[object]]]:
    if namespaces is not None:
        each = "substr(json_extract(d.body, '$.namespace'), 1, length(?))=?"
        values = [prefix for prefix in namespaces for _ in range(2)]
        yield f"({' OR '.join([each] * len(namespaces))})", values


def _optional(text: str, value: bytes | tuple[int, int] | None) -> Iterator[tuple[str, Sequence[object]]]:
    if value is not None:
        yield text, value if isinstance(value, tuple) else (value,)
