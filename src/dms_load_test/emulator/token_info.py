"""What a token may do, as `/oauth/token_info` tells it: claims by resource, and its education organizations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from dms_load_test.edfi.schema import path_of
from dms_load_test.emulator.claims import ALL_ACTIONS
from dms_load_test.emulator.identity import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.edfi.schema import ResourceSchema
    from dms_load_test.emulator.claims import Access
    from dms_load_test.emulator.documents import Documents

_KIND = "EducationOrganization"
_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def token_info(documents: Documents, access: Access) -> dict[str, object]:
    """Return the answer for a client; of its education organizations those that exist."""
    granted = {name: access.claim_set.actions(name) for name in documents.resources}
    return {
        "active": True,
        "client_id": access.client_id,
        "namespace_prefixes": access.namespace_prefixes,
        "education_organizations": list(_education_organizations(documents, access)),
        "assigned_profiles": [],
        "claim_set": {"name": access.claim_set.name},
        "resources": [
            {"resource": path_of(name), "operations": [action for action in ALL_ACTIONS if action in actions]}
            for name, actions in granted.items()
            if actions
        ],
        "services": [],
    }


def _education_organizations(documents: Documents, access: Access) -> Iterator[dict[str, object]]:
    schemas = {resource.number: resource.schema for resource in documents.resources.values()}
    for number in access.education_organizations:
        found = documents.store.find(key_of(_KIND, [number]), shared=True)
        stored = documents.store.by_id(found.id) if found else None
        if stored is not None:
            schema, document = schemas[stored.resource], msgspec.json.decode(stored.body)
            yield {
                "education_organization_id": number,
                "name_of_institution": document.get("nameOfInstitution"),
                "type": f"edfi.{schema.name}",
                **dict(_ids(documents, schema, document)),
            }


def _ids(documents: Documents, schema: ResourceSchema, document: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the organization's own id and those of the organizations above it, by their names in snake case."""
    for path in schema.identity:
        name = path.rpartition(".")[2]
        yield _snake(name), document[name]
    for reference in schema.body.references:
        target = documents.resources.get(reference.target)
        if target is not None and target.schema.superclass == _KIND and reference.name in document:
            for leaf in reference.leaves:
                yield _snake(leaf.name), document[reference.name][leaf.name]


def _snake(name: str) -> str:
    """`localEducationAgencyId` -> `local_education_agency_id`."""
    return _INNER_CAPITAL.sub("_", name).lower()
