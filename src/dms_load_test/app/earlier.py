"""The manifest of a run, and what a later run takes from it: data is a function of its sizes and seed."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dms_load_test import __version__
from dms_load_test.app.scenario_files import SUFFIX, resolve
from dms_load_test.config import KEYS, Settings
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.verdict import Ending
from dms_load_test.results.events import ItemRow, Manifest, PhaseBegin, SettingRow, StepBegin, StepEnd
from dms_load_test.results.inventory import InventoryEntry, RunInventory
from dms_load_test.results.lock import is_held
from dms_load_test.results.record import FILE_NAME, read_record
from dms_load_test.results.run import read_run
from dms_load_test.results.run_folder import RunFolder, find_run
from dms_load_test.scenarios import SCENARIOS
from dms_load_test.scenarios.program import LOAD, Item, Program, program_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dms_load_test.config import Effective

SIZES = (
    "school_count",
    "student_count",
    "staff_count",
    "courses_per_school",
    "sections_per_course",
    "school_year",
)
"""The sizes of the district."""
DATA_SETTINGS = (
    *SIZES,
    "key_prefix",
    "education_organization_ids",
    "resources",
    "exclude",
    "counts",
    "optional_members",
    "overrides",
    "generators",
)
"""All settings that documents are functions of, beside the seed: a later run takes them over."""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run that made documents that its target may still have."""

    folder: RunFolder
    manifest: Manifest

    def settings(self, settings: Settings) -> Settings:
        """Return `settings`, but for those that documents are functions of: these as this run had them."""
        texts = self.manifest.data or {name.upper(): str(size) for name, size in self.manifest.sizes.items()}
        fields = {KEYS[name].field: text for name, text in texts.items() if name in KEYS}
        then = Settings.model_validate(fields)
        given = {KEYS[row.name].field: row.value for row in self.manifest.settings if row.name in KEYS}
        values = {field: _as_given(getattr(then, field), given.get(field, "")) for field in fields}
        return settings.model_copy(update=values)

    def lenders(self) -> Iterator[EarlierRun]:
        """Yield the runs whose documents it worked on, the one that loaded them last; none if it loaded itself."""
        run = self
        while run.manifest.continues and LOAD not in run.manifest.scenarios:
            folder = RunFolder(self.folder.path.parent / run.manifest.continues)
            first = _manifest_in(folder)
            if first is None or not folder.inventory.is_file():
                return
            run = EarlierRun(folder, first)
            yield run

    def has_documents(self) -> bool:
        """Tell whether the target still has what was loaded, as far as the inventories tell."""
        return all(_has_documents(run.folder) for run in (self, *self.lenders()))

    def copy_inventory(self, path: Path, *, lent: bool) -> None:
        """Copy its inventory, `lent` as for `RunInventory.copy_to`, less what its lenders know to be deleted."""
        with RunInventory(self.folder.inventory) as inventory:
            inventory.copy_to(path, lent=lent)
        with RunInventory(path) as copy:
            for lender in self.lenders():
                with RunInventory(lender.folder.inventory) as inventory:
                    gone = set(inventory.deleted()).difference(copy.deleted())
                for resource, ordinal in gone:
                    copy.remove(InventoryEntry(resource, ordinal, ""))

    def most_users(self) -> int:
        """Return how many virtual users it had at the same time, at most. Reads the whole record."""
        users: dict[tuple[str, str], int] = {}
        most = 1
        for event in read_record(self.folder.record):
            if isinstance(event, StepBegin):
                users[event.phase, event.step] = event.users
                most = max(most, sum(users.values()))
            elif isinstance(event, StepEnd):
                users.pop((event.phase, event.step), None)
        return most

    def is_complete(self) -> bool:
        """Tell whether all that it had planned was run, and all documents were created. Reads the whole record."""
        done = read_run(self.folder.record)
        begun = sum(isinstance(mark, PhaseBegin) for mark in done.marks)
        passed = done.verdict is not None and done.verdict.passed
        if done.ending != Ending.FINISHED.value or any(row.created < row.planned for row in done.accounts):
            return False
        with RunInventory(self.folder.inventory) as inventory:  # a smoke cycle that fails keeps the rest from beginning
            return inventory.is_complete and (passed or begun >= len(self.manifest.program))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one run from another."""

    run_id: str
    started_at: datetime
    target: str
    seed: int
    program: Program
    notes: tuple[str, ...]
    data_standard: str
    target_version: str
    own_keys: bool
    continues: str


def manifest_of(effective: Effective, settings: Settings, identity: Identity) -> Manifest:
    """Return the record's first line; `target` is the base URL that discovery was found at.

    `settings` are those that the documents were made with, where an earlier run decides that.
    """
    return Manifest(
        run_id=identity.run_id,
        started_at=f"{identity.started_at:%Y-%m-%dT%H:%M:%SZ}",
        tool_version=__version__,
        target=identity.target,
        profile=effective.profile.name,
        seed=identity.seed,
        items=identity.program.names,
        data_standard=identity.data_standard,
        target_version=identity.target_version,
        sizes={name: getattr(settings, name) for name in SIZES},
        settings=tuple(SettingRow(row.name, row.value, row.origin.where) for row in effective.rows()),
        machine={"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count() or 0},
        notes=identity.notes,
        data={name.upper(): _data_text(name, getattr(settings, name)) for name in DATA_SETTINGS},
        own_keys=identity.own_keys,
        continues=identity.continues,
        program=tuple(tuple(map(_row, turn)) for turn in identity.program.turns),
        profile_given=effective.profile_given,
    )


def _data_text(name: str, value: object) -> str:
    whole = value.resolve() if isinstance(value, Path) else value  # called from another folder, it is another file
    return KEYS[name.upper()].text_of(whole)


def _as_given(value: object, text: str) -> object:
    # Workers on other machines look for a file at the path that was given.
    return Path(text) if isinstance(value, Path) and Path(text).resolve() == value else value


def _row(item: Item) -> ItemRow:
    path = str(Path(item.scenario).resolve()) if item.scenario.endswith(SUFFIX) else ""
    texts = {name: text for name, text in item.settings.items() if not KEYS[name].is_secret}
    return ItemRow(item.scenario, item.name, item.thresholds, texts, item.shape, path)


def _item(row: ItemRow) -> Item:
    # Workers on other machines look for a file at the path that was given; called from another folder, it is another.
    is_here = not row.path or Path(row.scenario).resolve() == Path(row.path)
    scenario = row.scenario if is_here else row.path
    return Item(scenario=scenario, name=row.name, thresholds=row.thresholds, settings=row.settings, shape=row.shape)


def program_of_run(manifest: Manifest) -> Program:
    """Return what a run ran, to be run on.

    Raises:
        ConfigError: A scenario's file is gone, or the record is of a version that does not tell all.
        ScenarioError: A scenario's file is wrong.
    """
    turns = tuple(tuple(map(_item, turn)) for turn in manifest.program)
    program = Program(turns) if turns else _told_by_names(manifest)
    for scenario in program.scenarios:
        resolve(scenario)
    return program


def _told_by_names(manifest: Manifest) -> Program:
    unknown = [name for name in manifest.items if name not in SCENARIOS]
    if unknown:
        raise ConfigError(
            f"run {manifest.run_id}: its record does not tell how {', '.join(unknown)} was run; run it anew, or "
            "`clean` it"
        )
    return program_of(manifest.items)


def earlier_run(results: Path, name: str) -> EarlierRun:
    """Return the run of that name, folder or part of a name; the latest without one.

    Raises:
        ConfigError: There is none, its record is damaged, or it has not ended.
    """
    folder = find_run(results, name)
    _require_ended(folder)
    first = next(read_record(folder.record), None)
    if not isinstance(first, Manifest) or not folder.inventory.is_file():
        raise ConfigError(f"{folder.path}: the run ended before it sent anything; start it anew")
    return EarlierRun(folder, first)


def _require_ended(folder: RunFolder) -> None:
    if is_held(folder):
        raise ConfigError(f"{folder.path}: the run is still going on; wait until it has ended, or stop it")


def address_of(settings: Settings, manifest: Manifest) -> str:
    """Return where a run's target is now: what is set, else where it was."""
    return settings.api_base_url or manifest.target


def require_same_target(manifest: Manifest, target: str) -> None:
    """Check that a run's documents are looked for where it made them.

    Raises:
        ConfigError: The target is another one.
    """
    if manifest.target != target:
        raise ConfigError(
            f"run {manifest.run_id} was against {manifest.target}, and this target is {target}; "
            "set API_BASE_URL or --target to the run's, or take another run"
        )


def require_something_left(earlier: EarlierRun) -> None:
    """Check that there is something to resume.

    Raises:
        ConfigError: The run is complete.
    """
    if earlier.is_complete():
        raise ConfigError(
            f"run {earlier.folder.run_id} is complete: nothing of it was interrupted, and no document failed; begin "
            "another with `run`, whose --phase readwrite works on the documents of this one"
        )


def earlier_load(results: Path, target: str) -> EarlierRun:
    """Return the latest run in `results` that has documents on `target`.

    Raises:
        ConfigError: There is none, or it has not ended.
    """
    for folder, manifest in _runs(results):
        run = EarlierRun(folder, manifest)
        if manifest.target == target and run.has_documents():
            _require_ended(folder)
            return run
    raise ConfigError(
        f"{results}: no run has loaded documents into {target}; run --phase load or --phase full first, "
        "or give the folder of that run's results with --results"
    )


def _runs(results: Path) -> Iterator[tuple[RunFolder, Manifest]]:
    """Yield the runs of a results folder, the latest first; records that cannot be read are not runs."""
    for path in sorted(results.glob(f"*/{FILE_NAME}"), reverse=True):
        folder = RunFolder(path.parent)
        if (first := _manifest_in(folder)) is not None:
            yield folder, first


def _manifest_in(folder: RunFolder) -> Manifest | None:
    try:
        first = next(read_record(folder.record), None)
    except ConfigError:
        return None
    return first if isinstance(first, Manifest) else None


def _has_documents(folder: RunFolder) -> bool:
    if not folder.inventory.is_file():
        return False
    with RunInventory(folder.inventory) as inventory:
        # Cleaning leaves what was found, such as school years; of a run with a repeated seed that may be all.
        made_some = any(created for _, _, created, _, _ in inventory.tally())
        return any(entry.created or not made_some for entry in inventory.documents())
