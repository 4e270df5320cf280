"""Going on where an interrupted load stopped: nothing is sent twice, nothing is left out.

The inventory tells what was acknowledged, but for at most the last second before a kill. In a level, documents are sent
in the order of their row, so what the inventory has lost lies together: the missing documents are looked up by natural
key, in this order, until a stretch of them is found to be missing on the target too.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from dms_load_test.app.target import PREFLIGHT
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.plan import RetryPolicy
from dms_load_test.scenarios.load import ATTEMPTS, levels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dms_load_test.app.target import Reports, Target
    from dms_load_test.engine.api import EdFiApi
    from dms_load_test.engine.transport import Client
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.scenarios import Workload
    from dms_load_test.scenarios.load import Level

_STRETCH = 128
_STRETCH_A_USER = 4
"""At a kill, no more than one document for each user was on its way: a stretch of several for each was never sent."""
_READERS = 16


async def sent_before(
    target: Target, client: Client, reports: Reports, workload: Workload, inventory: RunInventory
) -> Mapping[str, OrdinalSet]:
    """Return the ordinals that the run of the inventory sent, by resource; what it had lost is added to it.

    Raises:
        TargetError: The target cannot be read.
    """
    sent = {resource: OrdinalSet(inventory.acknowledged(resource)) for resource in workload.counts}
    policy = PhasePolicy(
        phase=PREFLIGHT, emit=reports.sample, on_failure=reports.failure, retry=RetryPolicy(attempts=ATTEMPTS)
    )
    shared = target.api(client, policy)
    users = [shared.user() for _ in range(min(_READERS, workload.settings.vus_load_phase))]
    stretch = max(_STRETCH, _STRETCH_A_USER * workload.settings.vus_load_phase)
    inventory.enter_phase("load")
    try:
        for level in _uncertain(workload, sent):
            for begin in range(0, len(level), stretch):
                numbers = range(begin, min(begin + stretch, len(level)))
                found = await _look_up(users, workload, map(level.document, numbers))
                for resource, ordinal, document_id in found:
                    sent[resource].add(ordinal)
                    inventory.add(resource, ordinal, document_id, created=False)
                if not found:
                    break
    finally:
        for user in users:
            user.close()
    inventory.flush()
    return sent


def _uncertain(workload: Workload, sent: Mapping[str, OrdinalSet]) -> Iterator[Level]:
    """Yield the levels that the run may have got to, with what is missing of them: one beyond those it is known to."""
    left = levels_of(replace(workload, sent=sent))
    whole = levels_of(replace(workload, sent={}))
    reached = [number for number, level in enumerate(whole) if any(len(sent[resource]) for resource in level.planned)]
    yield from left[: reached[-1] + 2 if reached else 1]


async def _look_up(
    users: list[EdFiApi], workload: Workload, documents: Iterable[tuple[str, int]]
) -> list[tuple[str, int, str]]:
    """Return those of the documents that the target has, each with its id."""
    left = iter(documents)
    found: list[tuple[str, int, str]] = []

    async def read(api: EdFiApi) -> None:
        for resource, ordinal in left:
            reply = await api.query(resource, workload.documents.natural_key(resource, ordinal))
            matches = reply.json() if reply.ok else []
            if len(matches) == 1:
                found.append((resource, ordinal, matches[0]["id"]))

    async with asyncio.TaskGroup() as tasks:
        for user in users:
            tasks.create_task(read(user))
    return found
