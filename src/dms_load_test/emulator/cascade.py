"""A changed natural key reaches the documents that repeat it, and those that repeat theirs.

A document that repeats the key by two ways contradicts itself until both have reached it, so what has to be equal is
looked at when all is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.emulator.changelog import Change
from dms_load_test.emulator.uniqueness import Checked, refuse_taken_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.emulator.flavors import Flavor
    from dms_load_test.emulator.resource import Resource
    from dms_load_test.emulator.store import Store, Stored

    Document = dict[str, Any]

_encode = msgspec.json.Encoder().encode


class Cascade:
    """Carries changed keys on, within the caller's transaction. `now_s` is the time of day in whole seconds."""

    def __init__(
        self, store: Store, resources: Mapping[int, Resource], flavor: Flavor, now_s: Callable[[], int]
    ) -> None:
        self._store = store
        self._resources = resources
        self._format_id = flavor.format_id
        self._now_s = now_s

    def carry(self, resource: Resource, before: Stored, changed: Checked, version: int) -> None:
        """Remember a changed key, and write it into all documents that repeat it.

        `before` is the document as it was, `version` that of its key.

        Raises:
            Refused: if a document would contradict itself, or have the key of another.
        """
        reached: dict[int, Resource] = {}
        self._carry(resource, before, changed, version, reached)
        for number, rewritten in reached.items():
            rewritten.body.refuse_unequal(msgspec.json.decode(self._store.by_number(number).body))

    def _carry(
        self, resource: Resource, before: Stored, changed: Checked, version: int, reached: dict[int, Resource]
    ) -> None:
        if not (resource.schema.is_descriptor or resource.schema.superclass):
            named = resource.keys.named
            old, new = _encode(named(msgspec.json.decode(before.body))), _encode(named(changed.document))
            change = Change(version, before.id, old, new)
            self._store.changes.note_key_change(resource.number, changed.own_key, change)
        href = f"{resource.path}/{self._format_id(before.id)}"
        for referrer in self._store.referrers(before.number):
            referring = self._resources[referrer.resource]
            document = msgspec.json.decode(referrer.body)
            referring.rewriter.rewrite(document, resource.schema, href, changed.document)
            self._rewrite(referring, referrer, document, reached)
            if referring.body.has_equal_members:
                reached[referrer.number] = referring

    def _rewrite(self, resource: Resource, before: Stored, document: Document, reached: dict[int, Resource]) -> None:
        """Write the state that a change elsewhere led to, and pass it on if it changed this document's key too."""
        keys = resource.keys
        shared_key = keys.shared(document) if keys.shared else None
        changed = Checked(document, keys.own(document), shared_key, before.targets)
        moved = changed.own_key != before.own_key
        if moved:
            refuse_taken_key(self._store, resource, changed, before.number)
        version = self._store.next_version(values=2 if moved else 1)
        after = before._replace(
            own_key=changed.own_key,
            shared_key=shared_key,
            version=version,
            modified_s=self._now_s(),
            body=_encode(document),
        )
        self._store.replace(before, after)
        if moved:
            self._carry(resource, before, changed, version + 1, reached)
