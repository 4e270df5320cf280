"""What becomes of a document: create, upsert, update, delete, read. Joins the rules with the store.

Checks come in DMS's order; each raises `Refused`. Nothing here waits, so each call is atomic among all others.
"""

from __future__ import annotations

from functools import lru_cache
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dms_load_test.emulator import problems
from dms_load_test.emulator.cascade import Cascade
from dms_load_test.emulator.changelog import Change
from dms_load_test.emulator.claims import UNLIMITED, Access, authorize, authorize_namespace
from dms_load_test.emulator.descriptors import Descriptors
from dms_load_test.emulator.etag import etag, if_match_holds, if_none_match_hits, schema_epoch
from dms_load_test.emulator.flavors import DMS
from dms_load_test.emulator.problems import Refused
from dms_load_test.emulator.resource import Resource
from dms_load_test.emulator.store import Stored, pack
from dms_load_test.emulator.uniqueness import Checked, refuse_taken_key, refuse_taken_shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.emulator.body import Document, Findings
    from dms_load_test.emulator.flavors import Flavor
    from dms_load_test.emulator.store import Found, Store

_encode = msgspec.json.Encoder().encode


class Conditions(NamedTuple):
    """Under which conditions a request may act: its conditional headers, empty where absent, and its rights."""

    if_match: str = ""
    if_none_match: str = ""
    access: Access = UNLIMITED


class State(NamedTuple):
    """A document as an answer shows it: its id as text, its unquoted entity tag, and whether it is new."""

    id: str
    etag: str
    created: bool = False


class _Resolved(NamedTuple):
    """What a document refers to: numbers of its descriptors, targets by reference object, path -> what is missing."""

    descriptors: list[int]
    linked: list[tuple[Document, Found]]
    unresolved: dict[str, list[str]]


class Documents:
    """All documents of the API. `new_id` makes 16-byte ids, `now_s` is the time of day in whole seconds."""

    def __init__(
        self,
        model: ApiModel,
        store: Store,
        new_id: Callable[[], bytes],
        now_s: Callable[[], int],
        flavor: Flavor = DMS,
    ) -> None:
        self.store = store
        self.flavor = flavor
        self.format_id = flavor.format_id
        self.epoch = schema_epoch(model)
        self.resources = {
            name: Resource(model, schema, store.numbers[name], flavor.folds_names)
            for name, schema in model.resources.items()
        }
        self.descriptors = Descriptors(model, store)
        self._by_number = {resource.number: resource for resource in self.resources.values()}
        self._cascade = Cascade(store, self._by_number, flavor, now_s)
        self._new_id = new_id
        self._now_s = now_s

    def upsert(self, resource: Resource, posted: Any, conditions: Conditions) -> State:
        """Create a document, or update the one with the same natural key.

        Raises:
            Refused: if a rule forbids it.
        """
        if type(posted) is dict and "id" in posted:
            raise Refused(problems.client_assigned_id())
        document, found = resource.body.check(posted)
        authorize(conditions.access, resource.schema, "Create")
        checked = self._checked(resource, document, self._resolve(found), "Create", conditions.access)
        existing = self.store.by_key(checked.own_key)
        if existing is None:
            return self._create(resource, checked, conditions)
        if conditions.if_none_match:
            self._refuse_if_none_match_hits(existing, conditions)
        return self._write(resource, existing, checked, conditions)

    def update(self, resource: Resource, identifier: bytes, posted: Any, conditions: Conditions) -> State:
        """Replace the document with this id.

        Raises:
            Refused: if a rule forbids it, or there is none.
        """
        expected_id = self.format_id(identifier) if self.flavor.repeats_id else ""
        document, found = resource.body.check(posted, expected_id)
        authorize(conditions.access, resource.schema, "Update")
        resolved = self._resolve(found)
        existing = self._of(resource, identifier)
        if existing is not None:
            self._authorize_present(resource, existing, "Update", conditions.access)
            self._refuse_fixed_key_change(resource, document, existing)
        checked = self._checked(resource, document, resolved, "Update", conditions.access)
        if existing is None:
            if conditions.if_match:
                raise Refused(problems.nothing_to_match())
            raise Refused(problems.nothing_to_update())
        if checked.own_key != existing.own_key:
            refuse_taken_key(self.store, resource, checked, existing.number)
        self._refuse_if_none_match_hits(existing, conditions)
        return self._write(resource, existing, checked, conditions)

    def delete(self, resource: Resource, identifier: bytes, conditions: Conditions) -> bool:
        """Delete the document with this id; tell whether there was one.

        Raises:
            Refused: if others refer to it, or a condition does not hold.
        """
        authorize(conditions.access, resource.schema, "Delete")
        existing = self._of(resource, identifier)
        if existing is None:
            if conditions.if_match:
                raise Refused(problems.nothing_to_match())
            return False
        self._authorize_present(resource, existing, "Delete", conditions.access)
        self._refuse_unless_match(existing, conditions)
        referring = self.store.referring_resources(existing.number)
        if referring:
            names = sorted(self._by_number[number].schema.name for number in referring)
            raise Refused(problems.dependent_items(names))
        with self.store.transaction():
            self.store.delete(existing)
            key = _encode(resource.keys.named(msgspec.json.decode(existing.body)))
            change = Change(self.store.next_version(values=1), existing.id, key)
            self.store.changes.note_delete(resource.number, existing.own_key, change)
        self.descriptors.forget(existing)
        return True

    def read(self, resource: Resource, identifier: bytes, access: Access = UNLIMITED) -> Stored | None:
        """Return the document with this id.

        Raises:
            Refused: if the client may not read it.
        """
        authorize(access, resource.schema, "Read")
        stored = self._of(resource, identifier)
        if stored is not None and "Read" in access.claim_set.by_namespace:
            self._authorize_present(resource, stored, "Read", access)
        return stored

    def shown(self, stored: Stored) -> bytes:
        """Return the JSON of a document as a client sees it."""
        tag = etag(stored.version, self.epoch)
        modified = _date_time(stored.modified_s)
        return b'%b,"_etag":"%b","_lastModifiedDate":"%b"}' % (stored.body[:-1], tag.encode(), modified)

    def is_current(self, stored: Stored, conditions: Conditions) -> bool:
        """Tell whether the client has this state already (`If-None-Match`)."""
        header = conditions.if_none_match
        return bool(header) and if_none_match_hits(header, stored.version, self.epoch)

    def _of(self, resource: Resource, identifier: bytes) -> Stored | None:
        stored = self.store.by_id(identifier)
        return stored if stored is not None and stored.resource == resource.number else None

    def _checked(
        self, resource: Resource, document: Document, resolved: _Resolved, action: str, access: Access
    ) -> Checked:
        """Return what may be written: of its references none is unresolved, its namespace is the client's."""
        targets = self._link(resolved)
        authorize_namespace(access, resource.schema, action, document)
        keys = resource.keys
        shared_key = keys.shared(document) if keys.shared else None
        return Checked(document, keys.own(document), shared_key, targets)

    def _authorize_present(self, resource: Resource, stored: Stored, action: str, access: Access) -> None:
        """Check the namespace of a document as it is."""
        if action in access.claim_set.by_namespace:
            authorize_namespace(access, resource.schema, action, msgspec.json.decode(stored.body))

    def _resolve(self, found: Findings) -> _Resolved:
        """Write descriptors in their stored spelling, and find what references point to.

        Raises:
            Refused: if a descriptor is unknown; the problem lists unresolved references, too.
        """
        numbers, unknown = self.descriptors.resolve(found)
        unresolved: dict[str, list[str]] = {}
        linked: list[tuple[Document, Found]] = []
        for path, rule, holder in found.references:
            target = self.store.find(rule.key(holder), shared=rule.shared)
            if target is None:
                unresolved[path] = [f"The referenced {rule.name} item does not exist."]
            else:
                linked.append((holder, target))
        if unknown:
            raise Refused(problems.unknown_descriptors(unresolved | unknown))
        return _Resolved(numbers, linked, unresolved)

    def _link(self, resolved: _Resolved) -> bytes:
        """Write links into references; return the targets' numbers.

        Raises:
            Refused: if a reference points to nothing.
        """
        if resolved.unresolved:
            raise Refused(problems.unresolved_references(resolved.unresolved))
        numbers = resolved.descriptors
        for holder, target in resolved.linked:
            resource = self._by_number[target.resource]
            holder["link"] = {"rel": resource.schema.name, "href": f"{resource.path}/{self.format_id(target.id)}"}
            numbers.append(target.number)
        return pack(numbers)

    def _create(self, resource: Resource, checked: Checked, conditions: Conditions) -> State:
        if conditions.if_match:
            raise Refused(problems.nothing_to_match())
        refuse_taken_shared_key(self.store, resource, checked, 0, "create a new")
        identifier = self._new_id()
        with self.store.transaction():
            version = self.store.next_version(values=2)
            stored = self._stored(resource, checked, identifier, version)
            number = self.store.insert(stored)
        self.descriptors.learn(resource.schema, checked.document, number)
        return State(self.format_id(identifier), etag(version, self.epoch), created=True)

    def _write(self, resource: Resource, existing: Stored, checked: Checked, conditions: Conditions) -> State:
        """Write a new state, unless it is the present one."""
        self._refuse_unless_match(existing, conditions)
        if resource.schema.is_descriptor:
            checked = checked._replace(document={**checked.document, **_name_of_descriptor(existing)})
        identifier = self.format_id(existing.id)
        if _is_same(existing, checked.document, identifier):
            return State(identifier, etag(existing.version, self.epoch))
        moved = checked.own_key != existing.own_key
        with self.store.transaction():
            version = self.store.next_version(values=2 if moved else 1)
            stored = self._stored(resource, checked, existing.id, version)
            self.store.replace(existing, stored._replace(number=existing.number))
            if moved:
                self._cascade.carry(resource, existing, checked, version + 1)
        self.descriptors.learn(resource.schema, checked.document, existing.number)
        return State(identifier, etag(version, self.epoch))

    def _stored(self, resource: Resource, checked: Checked, identifier: bytes, version: int) -> Stored:
        body = _encode({"id": self.format_id(identifier), **checked.document})
        own, shared = checked.own_key, checked.shared_key
        return Stored(0, resource.number, identifier, own, shared, version, self._now_s(), checked.targets, body)

    def _refuse_fixed_key_change(self, resource: Resource, document: Document, existing: Stored) -> None:
        if not resource.schema.allow_identity_updates and resource.keys.own(document) != existing.own_key:
            raise Refused(problems.key_change(resource.schema.name))

    def _refuse_unless_match(self, existing: Stored, conditions: Conditions) -> None:
        if conditions.if_match and not if_match_holds(conditions.if_match, existing.version, self.epoch):
            raise Refused(problems.etag_mismatch())

    def _refuse_if_none_match_hits(self, existing: Stored, conditions: Conditions) -> None:
        if conditions.if_none_match and if_none_match_hits(conditions.if_none_match, existing.version, self.epoch):
            raise Refused(problems.exists_already())


def _name_of_descriptor(existing: Stored) -> Document:
    """Return the key as it is stored: documents repeat this spelling, so that another case of it may not replace it."""
    stored = msgspec.json.decode(existing.body)
    return {member: stored[member] for member in ("namespace", "codeValue")}


def _is_same(existing: Stored, document: Document, identifier: str) -> bool:
    """Order of members does not make another document."""
    new = _encode({"id": identifier, **document})
    return new == existing.body or msgspec.json.decode(existing.body) == {"id": identifier, **document}


@lru_cache(maxsize=1024)
def _date_time(seconds: int) -> bytes:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds)).encode()
