"""The descriptor values that a new emulator holds: the data standard's own, as DMS holds them after its bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.emulator.documents import Conditions

if TYPE_CHECKING:
    from dms_load_test.edfi.standard import DataStandard
    from dms_load_test.emulator.documents import Documents

_SHORT_DESCRIPTION_LENGTH = 75


def load_descriptors(documents: Documents, standard: DataStandard) -> int:
    """Create the standard's descriptor values in one transaction, unless there are documents; return how many."""
    if documents.store.newest_version > 0:
        return 0
    with documents.store.first_writes():
        return _create_all(documents, standard)


def _create_all(documents: Documents, standard: DataStandard) -> int:
    created = 0
    for name, codes in standard.descriptor_values.items():
        resource = documents.resources[standard.model.descriptors[name]]
        namespace = f"uri://ed-fi.org/{name}"
        for code in codes:
            short = code.strip()[:_SHORT_DESCRIPTION_LENGTH].strip()
            body = {"namespace": namespace, "codeValue": code, "shortDescription": short}
            created += documents.upsert(resource, body, Conditions()).created
    return created
