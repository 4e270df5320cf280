"""A record read as a whole: what every view of a finished, running or killed run starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.tally import sums_of
from dms_load_test.metrics.thresholds import Judgement, ThresholdResult
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import ResourceAccount, Verdict, VerdictKind
from dms_load_test.results.convert import tally_of
from dms_load_test.results.events import (
    AccountRow,
    Accounts,
    End,
    Event,
    Manifest,
    Note,
    Part,
    PhaseBegin,
    PhaseEnd,
    Second,
    StepBegin,
    StepEnd,
    TableLine,
    ThresholdRow,
    VerdictLine,
    ViolationLine,
)
from dms_load_test.results.record import read_record
from dms_load_test.results.rounds import Rounds
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(slots=True)
class Run:
    """What a record says, folded. `totals` cover what its rounds of parts cover: all of a run that ended in order.

    `recorded_s` is the time of the last event, `totals_s` until when the totals reach. Seconds and details are not
    kept: read them with `read_record`.
    """

    manifest: Manifest
    totals: Totals = field(default_factory=Totals)
    marks: list[PhaseBegin | StepBegin | StepEnd | PhaseEnd] = field(default_factory=list)
    """Where phases and steps began and ended, in order."""
    accounts: list[ResourceAccount] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tables: list[TableLine] = field(default_factory=list)
    violations: list[ViolationLine] = field(default_factory=list)
    verdict: Verdict | None = None
    ending: str = ""
    recorded_s: float = 0.0
    totals_s: float = 0.0
    rounds: Rounds = field(default_factory=Rounds)

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases that the run began, in order."""
        return tuple(dict.fromkeys(mark.phase for mark in self.marks if isinstance(mark, PhaseBegin)))

    @property
    def is_partial(self) -> bool:
        """Whether the run was killed: its record has no end."""
        return not self.ending


def read_run(path: Path) -> Run:
    """Fold a record. Raises: ConfigError: if there is none, or it is damaged other than by a cut last line."""
    run: Run | None = None
    for event in read_record(path):
        if isinstance(event, Manifest):
            run = Run(event)
        elif run is not None:
            try:
                fold(run, event)
            except ValueError as error:
                raise ConfigError(f"{path}: {error}; the record is damaged") from error
    if run is None:
        raise ConfigError(f"{path}: holds no complete line; the run was killed before it began")
    return run


def fold(run: Run, event: Event) -> None:
    """Take in the next event. Raises: ValueError: if a distribution's text is damaged."""
    match event:
        case Part():
            _add_part(run, event)
        case Second():
            run.totals.users = event.users
            run.totals.users_max = max(run.totals.users_max, event.users_max)
        case PhaseBegin() | PhaseEnd() | StepBegin() | StepEnd():
            run.marks.append(event)
        case Accounts():
            run.accounts.extend(account_of(row) for row in event.rows)
        case Note() | TableLine() | ViolationLine():
            _told(run, event)
        case VerdictLine():
            run.verdict = verdict_of(event)
        case End():
            run.ending = event.ending
        case _:  # details are for those who read them one by one
            pass
    run.recorded_s = getattr(event, "t", run.recorded_s)


def _told(run: Run, event: Note | TableLine | ViolationLine) -> None:
    if isinstance(event, Note):
        run.notes.append(event)
    elif isinstance(event, TableLine):
        run.tables.append(event)
    else:
        run.violations.append(event)


def _add_part(run: Run, event: Part) -> None:
    totals = run.totals
    for part in run.rounds.completed(event):
        tally = tally_of(part)
        totals.absorb(tally, sums_of(tally.series))
        for phase, seconds in part.active_s.items():
            totals.active_ns[phase] += round(seconds * NS_PER_S)
        totals.users_max = max(totals.users_max, part.users_max)
        if part.active_s:
            run.totals_s = part.t


def accounts_line(t: float, accounts: Iterable[ResourceAccount]) -> Accounts:
    """Return the line of accounts."""
    rows = (AccountRow(a.phase, a.resource, a.planned, a.created, a.failed, a.blocked) for a in accounts)
    return Accounts(t, tuple(rows))


def account_of(row: AccountRow) -> ResourceAccount:
    """Return the account of a row."""
    return ResourceAccount(row.phase, row.resource, row.planned, row.created, row.failed, row.blocked)


def verdict_line(t: float, verdict: Verdict) -> VerdictLine:
    """Return the line of a verdict."""
    rows = (ThresholdRow(r.subject, r.condition, r.observed, r.judgement.value) for r in verdict.results)
    return VerdictLine(t, verdict.kind.value, verdict.sentence, verdict.reasons, tuple(rows))


def verdict_of(line: VerdictLine) -> Verdict:
    """Return the verdict of a line. Raises: ValueError: if its kind or a judgement is unknown."""
    results = (
        ThresholdResult(row.subject, row.condition, row.observed, Judgement(row.judgement)) for row in line.thresholds
    )
    return Verdict(VerdictKind(line.kind), line.sentence, line.reasons, tuple(results))
