"""What the API's client may do: as the API tells it (token_info), or found out by requests that change nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from dms_load_test.edfi.schema import resource_of
from dms_load_test.engine.answer import Answer
from dms_load_test.engine.transport import request_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dms_load_test.engine.api import ApiTarget, EdFiApi
    from dms_load_test.engine.auth import TokenSource
    from dms_load_test.engine.transport import Client

_OK, _FORBIDDEN = 200, 403
_PROBERS = 4


@dataclass(frozen=True, slots=True)
class Rights:
    """What a client may do. `operations`: `Create`, `Read`, `Update`, `Delete` ... by resource, as far as it is known.

    `complete`: a resource or operation that is not there is not allowed. Where it is false, that is only not known.
    """

    operations: Mapping[str, frozenset[str]]
    complete: bool
    refused: Mapping[str, frozenset[str]]
    claim_set: str = ""
    namespaces: tuple[str, ...] = ()

    def lacking(self, wanted: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        """Return what of the wanted operations is known not to be allowed, by resource."""
        none: frozenset[str] = frozenset()
        lacking = {
            resource: operations - self.operations.get(resource, none)
            if self.complete
            else operations & self.refused.get(resource, none)
            for resource, operations in wanted.items()
        }
        return {resource: operations for resource, operations in lacking.items() if operations}


class _Claim(msgspec.Struct):
    resource: str
    operations: list[str] = []


class _Named(msgspec.Struct):
    name: str = ""


class _TokenInfo(msgspec.Struct):
    resources: list[_Claim] | None = None
    claim_set: _Named | None = None
    namespace_prefixes: list[str] = []


async def read_rights(client: Client, auth: TokenSource, url: str) -> Rights | None:
    """Ask the API's `token_info` at `url`; None where it does not tell operations by resource. No sample comes of it.

    Raises:
        TokenError: There is no token.
    """
    line = auth.line(client.clock.now_ns()) or await auth.wait()
    header = line.decode("ascii").strip().removeprefix("Authorization: ")
    body = msgspec.json.encode({"token": header.partition(" ")[2]})
    headers = {"Authorization": header, "Content-Type": "application/json"}
    origin, request = request_bytes("POST", url, headers, body)
    channel = client.channel(origin)
    connection = await channel.send(request, safe=True)
    channel.close()
    answer = Answer(connection, client.options.max_answer_bytes, ok=False)
    answer.ok = answer.status == _OK
    return rights_of(answer.body) if answer.ok else None


def rights_of(document: bytes) -> Rights | None:
    """Read a token_info document; None where it does not tell operations by resource."""
    try:
        info = msgspec.json.decode(document, type=_TokenInfo, strict=False)
    except (ValueError, RecursionError):
        return None
    if info.resources is None:
        return None
    return Rights(
        operations={resource_of(claim.resource): frozenset(claim.operations) for claim in info.resources},
        complete=True,
        refused={},
        claim_set=info.claim_set.name if info.claim_set else "",
        namespaces=tuple(info.namespace_prefixes),
    )


async def probe_rights(target: ApiTarget, resources: Iterable[str]) -> Rights:
    """Find out what the client may do with `resources` by requests that cannot change anything.

    A query shows whether it may read, the delete of an id that does not exist whether it may delete, and a POST of an
    empty document, never valid, whether it may create: but a server that looks at the document first hides that.
    """
    left = iter(sorted(resources))
    seen: dict[str, dict[str, int]] = {}

    async def probe(api: EdFiApi) -> None:
        try:
            for resource in left:
                seen[resource] = {
                    "Read": (await api.query(resource, {"limit": 1})).status,
                    "Create": (await api.create(resource, b"{}")).status,
                    "Delete": (await api.delete(resource, str(uuid4()))).status,
                }
        finally:
            api.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_PROBERS):
            tasks.create_task(probe(target.user()))
    refused = {
        name: frozenset(o for o, status in found.items() if status == _FORBIDDEN) for name, found in seen.items()
    }
    return Rights(operations={}, complete=False, refused=refused)
