"""The quick part of the doctor that each run begins with: what would fail, fails before anything is written.

What the client may not create may be there already, as school years are on most servers: then it need not be sent.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from dms_load_test.app.checks import SHOWN, State, disk_check, files_check, permission_check
from dms_load_test.app.lookup import ids_in
from dms_load_test.app.programs import overridden, planned_turn
from dms_load_test.engine.loop import raise_file_limit
from dms_load_test.engine.permissions import Rights, probe_rights, read_rights
from dms_load_test.errors import ConfigError, TargetError
from dms_load_test.load.ordinals import OrdinalSet
from dms_load_test.load.schedule import most_users

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dms_load_test.app.checks import Check
    from dms_load_test.app.target import Target
    from dms_load_test.config import Settings
    from dms_load_test.engine.transport import Client
    from dms_load_test.generators import Documents
    from dms_load_test.load.plan import Phase
    from dms_load_test.results.inventory import RunInventory
    from dms_load_test.scenarios import Workload
    from dms_load_test.scenarios.program import Item

MOST_LOOKED_UP = 200
"""Documents of a resource that are looked up where the client may not create them."""
_WRITING = ("load", "readwrite")
_IN_BATCHES = ("readwrite", "knee")
"""Scenarios whose users, but for the audit at the end, have a connection for each of READWRITE_BATCH operations."""


def wanted_operations(workload: Workload, scenarios: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the operations that scenarios will do, by resource."""
    chosen, documents = set(scenarios), workload.documents
    planned = frozenset(workload.counts)
    wanted: dict[str, set[str]] = {resource: set() for resource in planned}
    for resource in planned if chosen & set(_WRITING) else ():
        wanted[resource] |= {"Create"} if "load" in chosen else set()
        if "readwrite" in chosen:
            wanted[resource].add("Read")
            wanted[resource] |= {"Update"} if resource in documents.updatable else set()
            wanted[resource] |= {"Create"} if resource in documents.growable else set()
            wanted[resource] |= set() if workload.graph.referrers(resource) & planned else {"Delete"}
    return {resource: frozenset(operations) for resource, operations in wanted.items() if operations}


async def _find_rights(client: Client, target: Target, resources: Iterable[str]) -> Rights:
    """Return what the client may do: as token_info tells it, else as harmless requests show it."""
    url = target.discovery.urls.token_info_url
    rights = await read_rights(client, target.auth, url) if url else None
    if rights is not None:
        return rights
    return await probe_rights(target.preflight_api(client), resources)


async def _present_documents(
    client: Client, target: Target, workload: Workload, resources: Iterable[str]
) -> dict[str, dict[int, str]]:
    """Look up the planned documents of resources that plan few: resource -> ordinal -> id, where all are there."""
    user = target.preflight_api(client).user()
    present: dict[str, dict[int, str]] = {}
    try:
        for resource in resources:
            count = workload.counts[resource]
            found: dict[int, str] = {}
            for ordinal in range(count if count <= MOST_LOOKED_UP else 0):
                reply = await user.query(resource, workload.documents.natural_key(resource, ordinal))
                ids = ids_in(resource, reply)
                if len(ids) != 1:
                    break
                found[ordinal] = ids[0]
            if len(found) == count:
                present[resource] = found
    finally:
        user.close()
    return present


@dataclass(slots=True)
class Preflight:
    """What a run saw before it began. `notes` tell what a reader of its results must know.

    `present`: ids by resource and ordinal of planned documents that are there and that the client may not create.
    """

    notes: tuple[str, ...]
    present: dict[str, dict[int, str]]

    def sent(self, before: Mapping[str, OrdinalSet]) -> dict[str, OrdinalSet]:
        """Return what need not be sent: what was sent before, and what is present."""
        return {**before, **{resource: OrdinalSet(documents) for resource, documents in self.present.items()}}

    def enter(self, inventory: RunInventory) -> None:
        """Let the run know the documents that are present."""
        inventory.enter_phase("load")
        for resource, documents in self.present.items():
            for ordinal, document_id in documents.items():
                inventory.add(resource, ordinal, document_id, created=False)


async def look_over(client: Client, target: Target, workload: Workload, scenarios: Iterable[str]) -> Preflight:
    """Check permissions, disk and open files.

    Raises:
        ConfigError: This machine lacks what the run needs; the message says what to do.
        TargetError: The client lacks permissions.
    """
    settings = workload.settings
    permissions, present = await check_permissions(client, target, workload, scenarios)
    checks = [permissions, check_disk(settings, workload.documents), check_files(planned_connections(workload, target))]
    failed = [check for check in checks if check.state is State.FAILED]
    if failed:
        raise (TargetError if permissions in failed else ConfigError)(
            "\n".join(f"{check.name}: {check.text}; {check.advice}" for check in failed)
        )
    notes = [f"{check.name}: {check.text}." for check in checks if check.state is State.WARNING]
    notes += [
        f"The client may not create {resource}; all {len(documents)} planned ones are there."
        for resource, documents in present.items()
    ]
    return Preflight(tuple(notes), present)


async def check_permissions(
    client: Client, target: Target, workload: Workload, scenarios: Iterable[str], most: int = SHOWN
) -> tuple[Check, dict[str, dict[int, str]]]:
    """Compare what the client may do with what scenarios will; return also what is `present`: see `Preflight`.

    `most` as for `permission_check`.
    """
    wanted = wanted_operations(workload, scenarios)
    rights = await _find_rights(client, target, wanted)
    uncreatable = [resource for resource, lacking in rights.lacking(wanted).items() if lacking == {"Create"}]
    present = await _present_documents(client, target, workload, uncreatable)
    return permission_check(rights, {name: wanted[name] for name in wanted if name not in present}, most), present


def check_disk(settings: Settings, documents: Documents) -> Check:
    """Compare the free space with what a run writes."""
    duration_s = settings.duration_load_phase + settings.duration_readwrite_phase
    results = settings.results_dir
    return disk_check(results, _free_bytes(results), sum(documents.counts.values()), duration_s)


def check_files(connections: int) -> Check:
    """Compare the limit on open files, raised as far as we may, with the connections of a run."""
    return files_check(raise_file_limit(), connections)


def planned_users(settings: Settings) -> int:
    """Return the most virtual users of load and readwrite."""
    return max(settings.vus_load_phase, settings.vus_readwrite_phase)


def planned_connections(workload: Workload, target: Target) -> int:
    """Return the most connections that one process of a run has at a time; each phase has its own.

    Raises:
        ConfigError, ScenarioError: As `planned_turn`.
    """
    turns = (zip(turn, planned_turn(turn, workload, target), strict=True) for turn in workload.program.turns)
    most = max((sum(_connections(*planned, workload.settings) for planned in turn) for turn in turns), default=0)
    workers = workload.settings.workers
    return ceil(most / int(workers)) if workers.isdecimal() else most


def _connections(item: Item, phases: Iterable[Phase], settings: Settings) -> int:
    batch = overridden(settings, item.settings).readwrite_batch if item.scenario in _IN_BATCHES else 1
    steps = (step for phase in phases for step in phase.steps)
    return max((most_users(step.executor) * (1 if step.alone else batch) for step in steps), default=0)


def _free_bytes(folder: Path) -> int:
    """Return the free space where a folder is or will be."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
