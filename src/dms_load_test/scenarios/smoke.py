"""Smoke: one cycle that shows that target, credentials and permissions are in order, and leaves nothing behind.

Every step is a check; one that fails fails the run. The document is a descriptor of our own: it needs no other data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.scenarios.api import PerVuIterations, Phase, Step, document_of, encode, rows_of

if TYPE_CHECKING:
    from dms_load_test.scenarios.api import Reply, VirtualUser, Workload

RESOURCE = "gradeLevelDescriptors"
NAMESPACE = "uri://ed-fi.org/GradeLevelDescriptor"
LIMIT_S = 30.0
NOT_FOUND = 404


async def cycle(vu: VirtualUser) -> None:
    """Discover, create, read back, update, query, delete, and see that it is gone."""
    await _discover(vu)
    code = f"Load test {vu.random.getrandbits(64):016x}"
    document = {"namespace": NAMESPACE, "codeValue": code, "shortDescription": "Load test"}
    created = await vu.api.create(RESOURCE, encode(document))
    if not vu.check("a descriptor is created", created.ok and bool(created.document_id)):
        return
    try:
        await _read_and_change(vu, created.document_id, document)
    finally:
        deleted = await vu.api.delete(RESOURCE, created.document_id)
        vu.check("the descriptor is deleted", deleted.ok)
    gone = await vu.api.read(RESOURCE, created.document_id, expect=NOT_FOUND)
    vu.check("the descriptor is gone", gone.ok)


async def _discover(vu: VirtualUser) -> None:
    discovery = await vu.api.get("")
    vu.check("discovery tells the API's URLs", "urls" in (document_of(discovery) or ()))


async def _read_and_change(vu: VirtualUser, document_id: str, document: dict[str, str]) -> None:
    read = await vu.api.read(RESOURCE, document_id)
    vu.check("the descriptor reads back as it was sent", _holds(read, document))
    changed = {**document, "shortDescription": "Load test, changed"}
    updated = await vu.api.update(RESOURCE, document_id, encode({"id": document_id, **changed}))
    vu.check("the descriptor is updated", updated.ok)
    reread = await vu.api.read(RESOURCE, document_id)
    vu.check("the change reads back", _holds(reread, changed))
    key = {"namespace": NAMESPACE, "codeValue": document["codeValue"]}
    found = await vu.api.query(RESOURCE, key)
    ids = [item.get("id") for item in rows_of(found) or ()]
    vu.check("a query finds just this descriptor", ids == [document_id])


def _holds(reply: Reply, expected: dict[str, str]) -> bool:
    body = document_of(reply) or {}
    return all(body.get(name) == value for name, value in expected.items())


def plan(workload: Workload) -> Phase:
    """Plan the smoke phase: one user, one cycle."""
    return Phase(
        name=workload.name or "smoke",
        steps=(
            Step(
                name="cycle",
                executor=PerVuIterations(vus=1, iterations=1, max_duration_s=LIMIT_S, graceful_stop_s=0.0),
                iteration=cycle,
            ),
        ),
        thresholds=workload.settings.thresholds_smoke,
        max_duration_s=LIMIT_S,
    )
