"""Natural keys as 16 bytes: what says that two documents are the same one, and what a reference points to.

Rules of this file: a key is a hash of the resource's name and of the identity's values in the standard's order, each
value in one spelling (descriptor values in lower case); identity members that must be equal count once. A subclass
document has two keys: its own, and that of its superclass, which all subclasses share.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.emulator.paths import value_reader
from dms_load_test.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.edfi.schema import ApiModel, Reference, ResourceSchema

    Document = Mapping[str, Any]

_encode = msgspec.json.Encoder().encode


def key_of(owner: str, values: Sequence[object]) -> bytes:
    """Return the 16-byte key of the document of `owner` (a resource or an abstract name) with these values."""
    return blake2b(_encode([owner, *values]), digest_size=16).digest()


def descriptor_key(resource: str, uri: str) -> bytes:
    """Return the key of a descriptor document."""
    return key_of(resource, (uri.lower(),))


def descriptor_uri(document: Document) -> str:
    """Return what other documents write to refer to a descriptor document."""
    return f"{document['namespace']}#{document['codeValue']}"


@dataclass(frozen=True, slots=True)
class DocumentKeys:
    """How one resource's documents are identified. `shared` is the superclass's key, `None` without superclass."""

    own: Callable[[Document], bytes]
    shared: Callable[[Document], bytes] | None
    values: Callable[[Document], tuple[tuple[str, object], ...]]
    """The identity as (member, value), for messages."""
    named: Callable[[Document], dict[str, object]]
    """The identity by the names of its query fields, for change queries."""


def document_keys(model: ApiModel, schema: ResourceSchema) -> DocumentKeys:
    """Compile how documents of `schema` are identified."""
    paths = _distinct(schema)
    shared = None
    if schema.superclass in model.abstract:
        renamed = bool(schema.superclass_identity)
        shared_paths = schema.identity if renamed else model.abstract[schema.superclass].identity
        shared = _hasher(schema.superclass, shared_paths)
    readers = tuple((path.rpartition(".")[2], value_reader(path)) for path in paths)
    fields = {path: name for name, path in schema.query.items()}
    named = tuple((fields.get(path, path.rpartition(".")[2]), value_reader(path)) for path in paths)
    return DocumentKeys(
        own=_descriptor_hasher(schema.resource) if schema.is_descriptor else _hasher(schema.resource, paths),
        shared=shared,
        values=lambda document: tuple((name, read(document)) for name, read in readers),
        named=lambda document: {name: read(document) for name, read in named},
    )


@dataclass(frozen=True, slots=True)
class ReferenceRule:
    """How one reference finds its target: `shared` where the target is a superclass; `name` is for messages."""

    name: str
    shared: bool
    key: Callable[[Document], bytes]


def reference_rule(model: ApiModel, reference: Reference) -> ReferenceRule:
    """Compile how a complete reference object finds its target.

    Raises:
        TargetError: if the reference's members do not make up the target's identity.
    """
    members = tuple((member, member.endswith("Descriptor")) for member in _members_in_identity_order(model, reference))
    target = reference.target

    def key(document: Document) -> bytes:
        values = [document[member].lower() if folds else document[member] for member, folds in members]
        return key_of(target, values)

    shared = target in model.abstract
    return ReferenceRule(target if shared else model.resources[target].name, shared, key)


def _members_in_identity_order(model: ApiModel, reference: Reference) -> list[str]:
    if reference.target in model.abstract:
        groups = [{path} for path in model.abstract[reference.target].identity]
    else:
        schema = model.resources[reference.target]
        equals = _equal_groups(schema)
        groups = [equals[path] for path in _distinct(schema)]
    return [_member_for(reference, group) for group in groups]


def _member_for(reference: Reference, group: set[str]) -> str:
    for member, path in reference.keys.items():
        if path in group:
            return member
    for member in reference.keys:
        if any(path.endswith(f".{member}") for path in group):
            return member
    raise TargetError(f"reference {reference.name} to {reference.target} has no member for {', '.join(sorted(group))}")


def _distinct(schema: ResourceSchema) -> tuple[str, ...]:
    """Return the identity's paths without those that repeat an earlier one's value."""
    equals = _equal_groups(schema)
    kept: list[str] = []
    for path in schema.identity:
        if not any(path in equals[earlier] for earlier in kept):
            kept.append(path)
    return tuple(kept)


def _equal_groups(schema: ResourceSchema) -> dict[str, set[str]]:
    """Return each identity path's group of paths whose values are equal in every valid document."""
    groups = {path: {path} for path in schema.identity}
    for left, right in schema.equal:
        if left in groups and right in groups:
            joined = groups[left] | groups[right]
            for path in joined:
                groups[path] = joined
    return groups


def _hasher(owner: str, paths: Sequence[str]) -> Callable[[Document], bytes]:
    readers = tuple((value_reader(path), path.endswith("Descriptor")) for path in paths)

    def key(document: Document) -> bytes:
        return key_of(owner, [_spelled(read(document), folds=folds) for read, folds in readers])

    return key


def _spelled(value: Any, *, folds: bool) -> Any:
    return value.lower() if folds and type(value) is str else value


def _descriptor_hasher(resource: str) -> Callable[[Document], bytes]:
    return lambda document: descriptor_key(resource, descriptor_uri(document))
