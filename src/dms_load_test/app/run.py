"""A run from settings to verdict: folder, target, record, phases, summary. All that is opened is closed here."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

from rich.text import Text

from dms_load_test.app.abort import Tripwire
from dms_load_test.app.beside import beside_run, collector_of, open_sources
from dms_load_test.app.clean import clean_after
from dms_load_test.app.crew_choice import crew_of
from dms_load_test.app.dashboard import dashboard_beside
from dms_load_test.app.earlier import Identity, earlier_load, manifest_of, require_same_target, require_something_left
from dms_load_test.app.exports import export_after, parse_formats
from dms_load_test.app.files import require_place
from dms_load_test.app.intent import intent_of, intent_to_resume
from dms_load_test.app.interrupts import interrupts_of
from dms_load_test.app.phases import PhaseRunner
from dms_load_test.app.preflight import look_over
from dms_load_test.app.programs import ProgramRunner, require_plannable
from dms_load_test.app.recovery import orphans_ended, reading, recovered
from dms_load_test.app.scenario_files import resolve
from dms_load_test.app.session import Session
from dms_load_test.app.target import PREFLIGHT, Reports, connected, documents_of, with_descriptor_values
from dms_load_test.app.telemetry import telemetry
from dms_load_test.engine.clock import SYSTEM_CLOCK
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.engine.loop import settle
from dms_load_test.engine.stop import StopReason
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld
from dms_load_test.errors import ConfigError, ScenarioError, StorageError
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.verdict import Ending, RunFacts, judge
from dms_load_test.results.events import End
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.lock import held
from dms_load_test.results.record import open_record
from dms_load_test.results.run import read_run, verdict_line
from dms_load_test.results.run_folder import create_run_folder
from dms_load_test.results.storage import writing
from dms_load_test.results.summary import write_summary
from dms_load_test.scenarios import Workload
from dms_load_test.views.summary import SummaryView, print_summary, print_verdict
from dms_load_test.views.terminal import make_console, make_progress_view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from dms_load_test.app.dashboard import DashboardWish
    from dms_load_test.app.earlier import EarlierRun
    from dms_load_test.app.intent import Intent
    from dms_load_test.app.interrupts import Interrupts
    from dms_load_test.app.target import Target
    from dms_load_test.config import Effective
    from dms_load_test.engine.transport import Client
    from dms_load_test.metrics.totals import Totals
    from dms_load_test.metrics.verdict import Verdict
    from dms_load_test.monitor.reading import Source
    from dms_load_test.results.run_folder import RunFolder
    from dms_load_test.scenarios.program import Program
    from dms_load_test.views.terminal import ProgressView

_ENDINGS = {
    StopReason.INTERRUPTED: Ending.INTERRUPTED,
    StopReason.ABORTED: Ending.ABORTED,
    StopReason.THRESHOLD: Ending.THRESHOLD,
    StopReason.TARGET_LOST: Ending.TARGET_LOST,
    StopReason.WORKERS_LOST: Ending.WORKERS_LOST,
}
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a run is to be carried out, beside its settings.

    `continues` is the run whose load this one completes, with that run's data; `clean_after` deletes what was created;
    `k6_summary` is a file for what k6 calls `--summary-export`.
    """

    quiet: bool = False
    dashboard: DashboardWish | None = None
    continues: EarlierRun | None = None
    clean_after: bool = False
    k6_summary: Path | None = None


def run_test(effective: Effective, program: Program, wishes: Wishes) -> Verdict:
    """Run a program; print and write the results, and return the verdict.

    Raises:
        ConfigError: Something that the user gave is wrong; nothing was written to the target.
        TargetError: The target cannot be used; nothing was written to it.
        StorageError: The results could not be written any more, and the run ended; or what it says could not.
    """
    continues, quiet = wishes.continues, wishes.quiet
    if continues is not None:
        require_something_left(continues)
    formats = parse_formats(" ".join(effective.settings.exports))
    if wishes.k6_summary is not None:
        require_place(wishes.k6_summary, "--summary-export")
    console = make_console()
    with ExitStack() as stack:
        view = make_progress_view(console, quiet=quiet)
        stack.callback(view.close)
        folder = stack.enter_context(_run_folder(effective))
        stack.enter_context(held(folder))
        say = partial(_say, console) if quiet else view.note
        with interrupts_of(folder, partial(_say, console)) as interrupts:
            beside = stack.enter_context(dashboard_beside(wishes.dashboard, folder.record, say))
            intent = intent_to_resume(effective, continues) if continues else intent_of(effective, program, stack)
            for note in intent.notes:
                view.note(note)
            with telemetry(collector_of(intent.settings), folder.record, say):
                summary = run_loop(_Run(intent, folder, view, interrupts).execute())
            view.close()
            done = read_run(folder.record)
            with writing(folder.summary):
                write_summary(folder.summary, done)
            troubles = [*export_after(folder, done, formats, wishes.k6_summary), *_report(folder)]
            about = "" if intent.settings.api_base_url else " (The embedded emulator: no target is set.)"
            if quiet:
                print_verdict(console, summary, about)
            else:
                print_summary(console, summary)
            for trouble in troubles:
                _say(console, trouble)
        if wishes.clean_after:
            clean_after(folder, intent.settings, intent.base_url, partial(_say, console), quiet=quiet)
        beside.keep()
    if console.failure is not None:  # told last of all: the run and its results are complete
        what = console.failure.strerror
        raise StorageError(f"the output could not be written: {what}; make space for it; the results: {folder.path}")
    return summary.verdict


def _report(folder: RunFolder) -> Iterator[str]:
    """Write the report, or tell why not; a run is judged by its figures, whether or not its report can be written."""
    from dms_load_test.app.report import report_record  # noqa: PLC0415 -- templates, which nobody needs at the start

    try:
        report_record(folder.record, folder.report)
    except (ConfigError, StorageError) as error:
        yield f"No report was written: {error}"


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)


@contextmanager
def _run_folder(effective: Effective) -> Iterator[RunFolder]:
    """Make the run's folder before anything is sent, and take it away again if nothing came into it."""
    results, profile = effective.settings.results_dir, effective.profile.name
    folder = create_run_folder(results, datetime.now(UTC), profile, token_hex(2))
    try:
        yield folder
    finally:
        with suppress(OSError):
            if not folder.record.exists():
                folder.inventory.unlink(missing_ok=True)  # no more than a copy of an earlier run's
            folder.path.rmdir()


def progress_note(workload: Workload) -> str:
    """Tell how much of the load a run that is resumed had done."""
    planned, sent = workload.counts, workload.sent  # what readwrite created besides was sent, too
    total, left = sum(planned.values()), sum(len(sent[name].missing(count)) for name, count in planned.items())
    return f"{total - left:,} of {total:,} documents were loaded before; {left:,} are left."


class _Run:
    """One run inside the event loop."""

    def __init__(self, intent: Intent, folder: RunFolder, view: ProgressView, interrupts: Interrupts) -> None:
        self._intent = intent
        self._folder = folder
        self._view = view
        self._interrupts = interrupts
        self._started_at = datetime.now(UTC)
        self._begin_ns = SYSTEM_CLOCK.now_ns()
        self._aggregate = Aggregate(0, PREFLIGHT)
        self._earlier: EarlierRun | None = None
        self._sources: list[Source] = []

    async def execute(self) -> SummaryView:
        """Connect, run the phases, judge; return what the summary shows. Raises: as `run_test`."""
        settings = self._intent.settings
        self._sources = open_sources(settings)
        if self._intent.continues is not None:
            await orphans_ended(self._intent.continues, self._view.note)
        reports = Reports(self._aggregate.add, self._aggregate.add_failure)
        if settings.api_base_url:
            self._view.note(f"Connecting to {self._intent.base_url}.")
        async with connected(settings, self._intent.base_url, reports) as (client, found):
            self._earlier = self._find_earlier(found)
            then = self._earlier.settings(settings) if self._earlier else settings
            target = await with_descriptor_values(found, client, then, reports)
            workload, notes = self._workload(target)
            preflight = await look_over(client, target, workload, self._intent.program.scenarios)
            workload, notes = replace(workload, sent=preflight.sent({})), (*notes, *preflight.notes)
            with (
                open_record(self._folder.record) as writer,
                RunInventory(self._folder.inventory) as inventory,
            ):
                session = Session(writer, self._view, self._aggregate, self._begin_ns, settings.target_lost_after)
                session.inventory = inventory
                preflight.enter(inventory)
                if (before := self._intent.continues) is not None:
                    api = reading(target, client, reports)
                    sent = await recovered(api, workload, inventory, before.manifest, before.most_users())
                    workload = replace(workload, sent=preflight.sent(sent))
                    notes = (*notes, progress_note(workload))
                notes = (*self._intent.notes, *notes)
                identity = self._identity(target, workload, notes)
                writer.write(manifest_of(self._intent.effective, workload.settings, identity))
                return await self._run_phases(session, client, target, workload, notes)

    def _find_earlier(self, target: Target) -> EarlierRun | None:
        """Return the run whose documents this one goes on with: readwrite alone takes those of an earlier load."""
        intent, url = self._intent, target.discovery.base_url
        if intent.continues is None and intent.program.wants_documents(resolve):
            return earlier_load(intent.settings.results_dir, url)
        if intent.continues is not None:
            require_same_target(intent.continues.manifest, url)
        return intent.continues

    def _workload(self, target: Target) -> tuple[Workload, tuple[str, ...]]:
        """Return the work, and notes on it."""
        intent, settings, seed = self._intent, self._intent.settings, self._intent.seed
        earlier, borrows = self._earlier, intent.continues is None
        notes: tuple[str, ...] = ()
        if earlier is not None:
            settings, seed = earlier.settings(settings), earlier.manifest.seed
            if borrows:
                name = [earlier, *earlier.lenders()][-1].manifest.run_id
                notes = (f"Working on the documents that run {name} loaded, with its sizes and seed.",)
        documents = documents_of(settings, seed, target.model, target.descriptor_values)
        notes += tuple(f"{name} is left out: {why}." for name, why in sorted(documents.left_out.items()))
        changes_url = target.discovery.urls.change_queries_url
        workload = Workload(settings, target.graph, documents, seed, model=target.model, change_queries_url=changes_url)
        workload = replace(workload, program=intent.program)
        require_plannable(workload, target)
        if earlier is not None:
            earlier.copy_inventory(self._folder.inventory, lent=borrows)
        return workload, notes

    def _identity(self, target: Target, workload: Workload, notes: tuple[str, ...]) -> Identity:
        return Identity(
            run_id=self._folder.run_id,
            started_at=self._started_at,
            target=target.discovery.base_url,
            seed=workload.seed,
            program=self._intent.program,
            notes=notes,
            data_standard=target.data_standard,
            target_version=target.discovery.urls.version,
            own_keys=self._earlier.manifest.own_keys if self._earlier else self._intent.settings.seed is None,
            continues=self._earlier.manifest.run_id if self._earlier else "",
        )

    async def _run_phases(
        self, session: Session, client: Client, target: Target, workload: Workload, notes: tuple[str, ...]
    ) -> SummaryView:
        assert session.inventory is not None
        documents, inventory = workload.documents, session.inventory
        first = {name: max(count, inventory.first_unused_ordinal(name)) for name, count in documents.counts.items()}
        world = PhaseWorld(
            documents=documents,
            inventory=inventory,
            ordinals=Ordinals(first),
            on_check=session.aggregate.check,
            seed=workload.seed,
        )
        Tripwire(session, self._intent.settings, documents, self._folder).set_up()
        try:
            async with crew_of(session, client, target, workload, world, self._folder) as crew:
                self._interrupts.heed(session)
                runner = PhaseRunner(session, crew)
                inventory.begin_run()
                settle()
                ending, explanation = await self._attempt(session, target, workload, runner)
                losses = tuple(crew.losses)
                cut_off = crew.workers_lost or runner.cut_off or session.stop.at_once
        finally:  # beyond the crew's end, which may take seconds
            self._interrupts.let_finish()
        inventory.note_complete(is_complete=not cut_off and not has_unanswered_creates(session.totals))
        facts = RunFacts(ending, explanation, tuple(runner.accounts), losses)
        return self._judged(session, runner, facts, notes)

    def _judged(self, session: Session, runner: PhaseRunner, facts: RunFacts, notes: tuple[str, ...]) -> SummaryView:
        """Judge the run; write the verdict down, and return what the summary shows."""
        # The embedded emulator takes the same cores: there, the note that the session made says enough.
        limit = session.generator_limit(self._intent.base_url) if self._intent.settings.api_base_url else ""
        verdict = judge(runner.thresholds, session.totals, replace(facts, generator_limit=limit))
        session.writer.write(verdict_line(session.now_s(), verdict))
        session.writer.write(End(session.now_s(), facts.ending.value))
        return SummaryView(
            totals=session.totals,
            verdict=verdict,
            accounts=tuple(runner.accounts),
            phases=tuple(runner.names),
            tables=tuple(runner.tables),
            violations=tuple(session.violations),
            notes=notes,
            folder=str(self._folder.path),
        )

    async def _attempt(
        self, session: Session, target: Target, workload: Workload, runner: PhaseRunner
    ) -> tuple[Ending, str]:
        """Run the phases; return how that ended, and a sentence on what the plan did not want."""
        with beside_run(session, self._intent.settings, self._sources, self._folder):
            try:
                await ProgramRunner(runner, session, target, workload).run()
            except ScenarioError as error:
                return Ending.SCENARIO_RAISED, str(error)
        if session.stop.reason in _ENDINGS:
            return _ENDINGS[session.stop.reason], session.stop_text
        return Ending.FINISHED, ""


def has_unanswered_creates(totals: Totals) -> bool:
    """Tell whether creates ended without the API's own word on them: it may have made the documents nevertheless."""
    creates = (key for key, _ in totals.select({"operation": "create"}) if key.final)
    return any(not key.status or key.status >= _SERVER_ERROR for key in creates)
