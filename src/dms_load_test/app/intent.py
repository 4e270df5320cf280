"""What a run is about to do, settled before anything is sent: target, credentials, seed and program.

Without a target the embedded emulator is started, and takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import randbelow
from typing import TYPE_CHECKING

from pydantic import SecretStr

from dms_load_test.app.credentials import require_credentials, with_secret
from dms_load_test.app.earlier import address_of, program_of_run
from dms_load_test.app.scenario_files import resolve
from dms_load_test.errors import ConfigError
from dms_load_test.scenarios.workload import MOST_SEEDS

if TYPE_CHECKING:
    from contextlib import ExitStack

    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.config import Effective, Settings
    from dms_load_test.scenarios.program import Program


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run is about to do; `notes` are for the reader.

    `settings` are those of `effective` with credentials, and with the data of the run that this one `continues`.
    """

    effective: Effective
    settings: Settings
    base_url: str
    seed: int
    program: Program
    notes: tuple[str, ...]
    continues: EarlierRun | None = None


def intent_of(effective: Effective, program: Program, stack: ExitStack) -> Intent:
    """Settle a run of its own; an emulator that it needs is stopped with `stack`.

    Raises:
        ConfigError: There are no credentials, or no documents for what the program does.
    """
    settings, base_url, notes = effective.settings, effective.settings.api_base_url, list(effective.warnings)
    if base_url is None:
        if program.wants_documents(resolve):
            program = _with_load(program)
            notes.append("Nothing is loaded into a new emulator: a load comes before what works on documents.")
        settings, base_url = _embedded(settings, stack)
        notes.append(f"No target is set (--target): this is about the embedded emulator, which serves at {base_url}.")
    settings = with_secret(settings)
    require_credentials(settings)
    if settings.seed is not None:
        notes.append(f"Repeated seed {settings.seed}: what an earlier run with it made is updated, not created.")
    seed = randbelow(MOST_SEEDS) if settings.seed is None else settings.seed
    return Intent(effective, settings, base_url, seed, program, tuple(notes))


def intent_to_resume(effective: Effective, continues: EarlierRun) -> Intent:
    """Settle a run that completes another one: its phases, target and data.

    Raises:
        ConfigError: There are no credentials, or as `program_of_run`.
        ScenarioError: As `program_of_run`.
    """
    settings, manifest = continues.settings(with_secret(effective.settings)), continues.manifest
    require_credentials(settings)
    notes = (*effective.warnings, f"Goes on with run {continues.folder.run_id}, with its sizes and seed.")
    base_url = address_of(settings, manifest)
    settings = settings.model_copy(update={"api_base_url": base_url})  # without one it would be the embedded emulator
    program = program_of_run(manifest)
    return Intent(effective, settings, base_url, manifest.seed, program, notes, continues)


def _with_load(program: Program) -> Program:
    if not program.may_load:
        raise ConfigError(
            "--phase readwrite works on what an earlier load made, and without a target each run has an "
            "emulator of its own; set --target, or run --phase full"
        )
    return program.with_load(resolve)


def _embedded(settings: Settings, stack: ExitStack) -> tuple[Settings, str]:
    """Start an emulator; return the settings with its credentials, and its address."""
    from dms_load_test.emulator import start_emulator  # noqa: PLC0415 -- a run with a target starts faster without it

    emulator = stack.enter_context(start_emulator())
    credentials = {"client_id": emulator.key, "client_secret": SecretStr(emulator.secret)}
    return settings.model_copy(update=credentials), emulator.base_url
