"""Cleaning up after a run, at once or later: what its inventory lacks is found, then all is deleted (`cleaning`)."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from dms_load_test.app.cleaning import Cleaning
from dms_load_test.app.earlier import EarlierRun, require_same_target
from dms_load_test.app.recovery import orphans_ended, reading, recovered
from dms_load_test.app.target import UNHEARD, connected, documents_of
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.results.events import Manifest
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.lock import held
from dms_load_test.results.record import read_record
from dms_load_test.scenarios import Workload
from dms_load_test.views.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from dms_load_test.app.cleaning import CleanAccount
    from dms_load_test.app.target import Target
    from dms_load_test.config import Settings
    from dms_load_test.results.run_folder import RunFolder

_PULSE_S = 1.0


def clean_run(
    earlier: EarlierRun, settings: Settings, base_url: str, confirm: Callable[[str], bool], say: Callable[[str], None]
) -> CleanAccount | None:
    """Delete the run's documents and return the account; None if `confirm`, asked with what would be deleted, says no.

    Raises:
        ConfigError: The target is not the run's.
        TargetError: The target is not usable, or was lost on the way; what was deleted is noted in the inventory.
    """
    with held(earlier.folder), RunInventory(earlier.folder.inventory) as inventory:
        return run_loop(_clean(earlier, inventory, settings, base_url, confirm, say))


def clean_after(
    folder: RunFolder, settings: Settings, base_url: str, say: Callable[[str], None], *, quiet: bool
) -> None:
    """Delete what the run that has just ended in this process created, and say the account; if quiet, of refusals."""
    manifest = next(read_record(folder.record))
    assert isinstance(manifest, Manifest)
    with RunInventory(folder.inventory) as inventory:
        earlier = EarlierRun(folder, manifest)
        account = run_loop(_clean(earlier, inventory, settings, base_url, lambda _: True, _nothing if quiet else say))
    assert account is not None
    if not quiet or not account.complete:
        say("Cleaned up after the run:")
        for line in account.lines():
            say(line)


def _nothing(_: str) -> None:
    pass


async def _clean(
    earlier: EarlierRun,
    inventory: RunInventory,
    settings: Settings,
    base_url: str,
    confirm: Callable[[str], bool],
    say: Callable[[str], None],
) -> CleanAccount | None:
    settings = earlier.settings(settings)
    async with connected(settings, base_url) as (client, target):
        require_same_target(earlier.manifest, target.discovery.base_url)
        if not inventory.is_complete:
            say("The run may have made documents that it does not know of: looking for them.")
            await orphans_ended(earlier, say)
            api, workload = reading(target, client, UNHEARD), _workload(earlier, settings, target)
            await recovered(api, workload, inventory, earlier.manifest, earlier.most_users())
        cleaning = Cleaning(earlier.manifest, inventory, settings, target, client)
        try:
            total, resources = cleaning.counts.total(), len(cleaning.counts)
            what = f"{plural(total, 'document')} of {plural(resources, 'resource')} at {target.discovery.base_url}"
            if total and not _answer(confirm, what):
                return None
            pulse = asyncio.create_task(_tell(cleaning.account, cleaning.account.done + total, say))
            try:
                await cleaning.run()
            finally:
                pulse.cancel()
        finally:
            cleaning.close()
        return cleaning.account


def _answer(confirm: Callable[[str], bool], what: str) -> bool:
    """Ask; Ctrl-C ends the question. The loop's own handler only cancels what waits for the loop."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return confirm(what)
    finally:
        signal.signal(signal.SIGINT, before)


def _workload(earlier: EarlierRun, settings: Settings, target: Target) -> Workload:
    """Return what the run worked on."""
    seed = earlier.manifest.seed
    documents = documents_of(settings, seed, target.model, target.descriptor_values)
    return Workload(settings, target.graph, documents, seed, model=target.model)


async def _tell(account: CleanAccount, total: int, say: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(_PULSE_S)
        say(f"{account.done:,} of {total:,} done, {account.refused.total():,} refused")
