"""No two documents have one natural key: refusing the write that would make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from dms_load_test.emulator import problems
from dms_load_test.emulator.problems import Refused

if TYPE_CHECKING:
    from dms_load_test.emulator.body import Document
    from dms_load_test.emulator.resource import Resource
    from dms_load_test.emulator.store import Store


class Checked(NamedTuple):
    """A document that may be written: all its references are resolved. `targets` are their numbers, packed."""

    document: Document
    own_key: bytes
    shared_key: bytes | None
    targets: bytes


def refuse_taken_key(store: Store, resource: Resource, checked: Checked, number: int) -> None:
    """Check the new key of document `number`.

    Raises:
        Refused: if another document has it.
    """
    if store.find(checked.own_key, shared=False) is not None:
        _refuse(resource, checked, "update a")
    refuse_taken_shared_key(store, resource, checked, number, "update a")


def refuse_taken_shared_key(store: Store, resource: Resource, checked: Checked, number: int, action: str) -> None:
    """Check the superclass's key of document `number`, 0 for one that is new. `action` is for the message.

    Raises:
        Refused: if another document has it.
    """
    if checked.shared_key is None:
        return
    other = store.find(checked.shared_key, shared=True)
    if other is not None and other.number != number:
        _refuse(resource, checked, action)


def _refuse(resource: Resource, checked: Checked, action: str) -> NoReturn:
    values = resource.keys.values(checked.document)
    raise Refused(problems.identity_conflict(action, resource.schema.name, values))
