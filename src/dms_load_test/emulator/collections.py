"""Reading collections: pages by offset or cursor, partitions, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dms_load_test.emulator.claims import authorize, needs_namespace
from dms_load_test.emulator.paging import OPEN_END, PageSizes, take_page, take_partition_count, take_window, write_token
from dms_load_test.emulator.problems import Refused, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dms_load_test.emulator.changelog import Change
    from dms_load_test.emulator.claims import Access
    from dms_load_test.emulator.documents import Documents
    from dms_load_test.emulator.paging import Page, Parameter, Parameters, Window
    from dms_load_test.emulator.resource import Resource
    from dms_load_test.emulator.selection import Filter
    from dms_load_test.emulator.store import Stored

_PAGES_PER_PARTITION = 5
"""A partition is no smaller than this many full pages."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page as JSON; `total_count` and `next_token` where they are to be told."""

    body: bytes
    total_count: int | None = None
    next_token: str = ""


class Collections:
    """The collections of all resources. `page_limit` is the greatest page."""

    def __init__(self, documents: Documents, page_limit: int) -> None:
        self._documents = documents
        self._store = documents.store
        self._sizes = PageSizes(min(documents.flavor.default_page, page_limit), page_limit)

    def query(self, resource: Resource, parameters: Parameters, access: Access) -> Listing:
        """Return a page of documents.

        Raises:
            Refused: for wrong parameters, unknown fields and wrong values, and if the client may not read.
        """
        page, window = take_page(parameters, self._sizes), take_window(parameters)
        conditions = self._conditions(resource, parameters, window, access)
        if conditions is None:
            return Listing(b"[]", 0 if page.total_count else None)
        total = self._store.count(resource.number, conditions) if page.total_count else None
        if page.numbers is not None:
            conditions = replace(conditions, numbers=page.numbers, by_version=False)
        found = self._store.page(resource.number, conditions, page.limit, page.offset)
        body = b"[%b]" % b",".join(map(self._documents.shown, found))
        return Listing(body, total, _next_token(found, page, conditions))

    def partitions(self, resource: Resource, parameters: Parameters, access: Access) -> list[str]:
        """Return page tokens that divide the collection.

        Raises:
            Refused: as `query`.
        """
        count, window = take_partition_count(parameters), take_window(parameters)
        conditions = self._conditions(resource, parameters, window, access)
        total = self._store.count(resource.number, conditions) if conditions else 0
        if conditions is None or not total:
            return []
        size = max(-(-total // count), self._sizes.greatest * _PAGES_PER_PARTITION)
        starts = [self._store.number_at(resource.number, conditions, place) for place in range(0, total, size)]
        numbers = [number for number in starts if number is not None]
        ends = [*(number - 1 for number in numbers[1:]), OPEN_END]
        return [write_token(first, last) for first, last in zip(numbers, ends, strict=True)]

    def deletes(self, resource: Resource, parameters: Parameters, access: Access) -> Listing:
        """Return what was deleted.

        Raises:
            Refused: for wrong parameters.
        """
        page, versions = self._change_parameters(parameters)
        authorize(access, resource.schema, "ReadChanges")
        rows = [
            b'{"id":"%b","changeVersion":%d,"keyValues":%b}' % (self._id(change), change.version, change.old)
            for change in self._store.changes.deletes(resource.number, versions)
        ]
        return _listing(rows, page)

    def key_changes(self, resource: Resource, parameters: Parameters, access: Access) -> Listing:
        """Return whose natural key changed.

        Raises:
            Refused: for wrong parameters.
        """
        page, versions = self._change_parameters(parameters)
        authorize(access, resource.schema, "ReadChanges")
        rows = [
            b'{"id":"%b","changeVersion":%d,"oldKeyValues":%b,"newKeyValues":%b}'
            % (self._id(change), change.version, change.old, change.new)
            for change in self._store.changes.key_changes(resource.number, versions)
        ]
        return _listing(rows, page)

    def _conditions(
        self, resource: Resource, parameters: Mapping[str, Parameter], window: Window, access: Access
    ) -> Filter | None:
        documents = self._documents
        conditions = resource.query.conditions(
            parameters, self._store, documents.descriptors, documents.flavor.parse_id
        )
        authorize(access, resource.schema, "Read")
        if conditions is None:
            return None
        if needs_namespace(access, resource.schema, "Read"):
            conditions = replace(conditions, namespaces=access.namespace_prefixes)
        if window.versions is None:
            return conditions
        return replace(conditions, versions=window.versions, by_version=window.has_end)

    def _id(self, change: Change) -> bytes:
        return self._documents.format_id(change.id).encode()

    def _change_parameters(self, parameters: Parameters) -> tuple[Page, tuple[int, int]]:
        others = {name: parameters.pop(name) for name in ("pagetoken", "pagesize") if name in parameters}
        page, window = take_page(parameters, self._sizes), take_window(parameters)
        unknown = [parameter.name for parameter in (*others.values(), *parameters.values())]
        if unknown:
            raise Refused(
                bad_request(
                    *(f"The query field '{name}' is not valid for this Change Query endpoint." for name in unknown)
                )
            )
        return page, window.versions or (0, OPEN_END)


def _next_token(found: Sequence[Stored], page: Page, conditions: Filter) -> str:
    """Return where the next page starts; rows in order of their versions have no such place."""
    if not found or conditions.by_version:
        return ""
    end = page.numbers[1] if page.numbers else OPEN_END
    return write_token(found[-1].number + 1, end)


def _listing(rows: Sequence[bytes], page: Page) -> Listing:
    shown = rows[page.offset : page.offset + page.limit]
    return Listing(b"[%b]" % b",".join(shown), len(rows) if page.total_count else None)
