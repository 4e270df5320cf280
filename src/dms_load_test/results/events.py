"""The lines of `record.jsonl`, in the order in which a run writes them. Version 1.

Rules: `t` is seconds since the run began, to the millisecond; durations in rows are microseconds. Rows that come in
great numbers are arrays, their members in the order of the class. A member may be added at the end of a class; any
other change makes a new version. Nothing here ever holds a secret.

Two streams of figures, because both in full would be gigabytes a day: `Second` (counts, each second) with `Detail`
(distributions by phase and operation, two digits: over time), and `Part` (everything by resource and status, three
digits, since the last parts: sums to the exact totals). Cadences: `results/recorder.py`.
"""

from __future__ import annotations

import msgspec

VERSION = 1


class SettingRow(msgspec.Struct, frozen=True, array_like=True):
    """One effective setting, masked where secret, and where it came from: `profile smoke`, `--set STUDENT_COUNT`."""

    name: str
    value: str
    origin: str


class ItemRow(msgspec.Struct, frozen=True, array_like=True):
    """A scenario of a run, as `scenarios.program.Item`, without secret settings; `path` is the whole one of a file."""

    scenario: str
    name: str
    thresholds: tuple[str, ...] | None = None
    settings: dict[str, str] = {}
    shape: str = ""
    path: str = ""


class Manifest(msgspec.Struct, frozen=True, tag="manifest"):
    """The first line: what was run, against what, from where."""

    run_id: str
    started_at: str
    """UTC, ISO 8601: `2026-03-01T08:00:00Z`."""
    tool_version: str
    target: str
    """The base URL, without credentials."""
    profile: str
    seed: int
    items: tuple[str, ...] = msgspec.field(name="phases")
    """The names of all items of the program; a scenario names its phases as it likes: see `Run.phases`."""
    data_standard: str = ""
    """`Ed-Fi 5.2.0`, with extensions: `Ed-Fi 5.2.0, TPDM 1.1.0`."""
    target_version: str = ""
    sizes: dict[str, int] = {}
    settings: tuple[SettingRow, ...] = ()
    machine: dict[str, str | int | float] = {}
    notes: tuple[str, ...] = ()
    """What a reader must know: `repeated seed`, `embedded emulator`."""
    version: int = VERSION
    data: dict[str, str] = {}
    """The settings that documents are functions of, beside the seed, by variable name, as a file would hold them."""
    own_keys: bool = True
    """Whether the seed is the run's own, so that what it finds on the target can only be its own."""
    continues: str = ""
    """The run whose documents this one goes on with."""
    program: tuple[tuple[ItemRow, ...], ...] = ()
    """The turns: what is run side by side, in turn."""
    profile_given: bool = True
    """Whether the profile was asked for; else it stood in, below the user's own file."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """What was run, however its items and phases are called."""
        return tuple(item.scenario for turn in self.program for item in turn) or self.items

    @property
    def has_own_emulator(self) -> bool:
        """Whether the target was an emulator of the run's own, which has a new port each time."""
        return any("embedded emulator" in note for note in self.notes)


class PhaseBegin(msgspec.Struct, frozen=True, tag="phase_begin"):
    """`planned` counts documents to create by resource; `thresholds` are the texts that will be judged."""

    t: float
    phase: str
    planned: dict[str, int] = {}
    thresholds: tuple[str, ...] = ()


class StepBegin(msgspec.Struct, frozen=True, tag="step_begin"):
    """`executor` is k6's name of it, `users` its most virtual users, `limit_s` the longest it may take (0: none)."""

    t: float
    phase: str
    step: str
    executor: str
    users: int
    limit_s: float = 0.0
    planned: dict[str, int] = {}
    iterations: int = 0
    """How many are planned in all; 0 where time decides."""
    course: tuple[tuple[float, float], ...] = ()
    """What is planned over time, straight between the points: (seconds since the step began, users), or arrivals a
    second where the executor is one of arrivals.
    """


class SecondRow(msgspec.Struct, frozen=True, array_like=True):
    """Requests of one second by phase, operation and success; `operations` leaves out attempts that were retried."""

    phase: str
    operation: str
    ok: bool
    requests: int
    operations: int
    sum_us: int
    max_us: int


class Second(msgspec.Struct, frozen=True, tag="second", omit_defaults=True):
    """What came in the `seconds` before `t`."""

    t: float
    seconds: float
    phase: str
    users: int
    users_max: int
    rows: tuple[SecondRow, ...] = ()
    sent_bytes: int = 0
    received_bytes: int = 0
    iterations: int = 0
    dropped: int = 0
    retries: int = 0
    rate_limited: int = 0
    health: dict[str, float] = {}
    """The generator's own figures, by name with unit: `cpu_ratio`, `loop_lag_p99_ms`."""
    failures: dict[int, int] = {}
    """Failed requests by status; 0 where no answer came."""


class Histogram(msgspec.Struct, frozen=True, array_like=True):
    """A distribution: HdrHistogram's V2 base64 text in microseconds, and the exact figures beside it."""

    text: str
    sum_us: int
    squares: float
    min_us: int
    max_us: int


class DetailRow(msgspec.Struct, frozen=True, array_like=True):
    """Response times of requests by phase, operation and success."""

    phase: str
    operation: str
    ok: bool
    response: Histogram


class Detail(msgspec.Struct, frozen=True, tag="detail"):
    """Distributions over the `seconds` before `t`."""

    t: float
    seconds: float
    rows: tuple[DetailRow, ...]


class SeriesRow(msgspec.Struct, frozen=True, array_like=True):
    """One series since the part before it: see `metrics.tally.Series`."""

    phase: str
    operation: str
    resource: str
    status: int
    ok: bool
    final: bool
    retries: int
    sent_bytes: int
    received_bytes: int
    prompt: Histogram | None = None
    late_response: Histogram | None = None
    late_service: Histogram | None = None


class ComponentRow(msgspec.Struct, frozen=True, array_like=True):
    """Distributions of the parts of requests' times, in the order of `metrics.tally.COMPONENTS`."""

    phase: str
    operation: str
    parts: tuple[Histogram | None, ...]


class FailureRow(msgspec.Struct, frozen=True, array_like=True):
    """A group of failures; the example's members are empty where an earlier line holds them."""

    phase: str
    operation: str
    resource: str
    status: int
    reason: str
    count: int
    first_t: float
    example: str = ""
    request: str = ""
    correlation_id: str = ""
    ordinal: int = -1


class Part(msgspec.Struct, frozen=True, tag="part", omit_defaults=True):
    """A part of all figures since the parts before; the lines of a round cover the time until its first `t`."""

    t: float
    series: tuple[SeriesRow, ...] = ()
    components: tuple[ComponentRow, ...] = ()
    iterations: dict[str, Histogram] = {}
    counters: tuple[tuple[str, str, str, int], ...] = ()
    """(phase, name, reason, count)."""
    checks: tuple[tuple[str, str, int, int], ...] = ()
    """(phase, name, passed, failed)."""
    failures: tuple[FailureRow, ...] = ()
    active_s: dict[str, float] = {}
    """Seconds spent in each phase since the parts before; under "" between them, less what those side by side share."""
    users_max: int = 0
    trends: tuple[tuple[str, str, str, Histogram], ...] = ()
    """(phase, name, kind, distribution): a scenario's own times."""
    more: bool = False
    """Whether more lines of the round follow: without them its figures are wrong, see `rounds.py`."""


class TableLine(msgspec.Struct, frozen=True, tag="table"):
    """What a scenario found out, as a table: see `load.plan.Table`."""

    t: float
    phase: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    note: str = ""


class ViolationLine(msgspec.Struct, frozen=True, tag="violation"):
    """An acknowledged write that the target did not keep; `kind`: lost, changed, duplicated or resurrected."""

    t: float
    phase: str
    kind: str
    resource: str
    document_id: str
    ordinal: int
    detail: str


class StepEnd(msgspec.Struct, frozen=True, tag="step_end"):
    """`reason`: `finished`, `duration over`, `interrupted`, or what aborted it; then the step's exact iterations.

    Both are None where a scenario raised, and in records of versions that did not write them.
    """

    t: float
    phase: str
    step: str
    reason: str
    iterations: int | None = None
    dropped: int | None = None


class PhaseEnd(msgspec.Struct, frozen=True, tag="phase_end"):
    """The end of a phase, after its last part."""

    t: float
    phase: str
    reason: str


class AccountRow(msgspec.Struct, frozen=True, array_like=True):
    """What became of planned documents: `planned = created + failed + blocked + not done`."""

    phase: str
    resource: str
    planned: int
    created: int
    failed: int
    blocked: int


class Accounts(msgspec.Struct, frozen=True, tag="accounts"):
    """The accounts of one phase, in the order of the plan."""

    t: float
    rows: tuple[AccountRow, ...]


class Note(msgspec.Struct, frozen=True, tag="note"):
    """Something a reader should know, at its time, such as `2 workers share the load on this machine.`."""

    t: float
    text: str


class ThresholdRow(msgspec.Struct, frozen=True, array_like=True):
    """One judged condition; `judgement` is `passed`, `failed` or `not judged`."""

    subject: str
    condition: str
    observed: float | None
    judgement: str


class ServerFigures(msgspec.Struct, frozen=True, tag="server"):
    """What a source on the server's side said at `t`; names carry units: `commits_per_s`, `cpu_ratio`."""

    t: float
    source: str
    """`postgres` or `host`."""
    values: dict[str, float]


class StatementRow(msgspec.Struct, frozen=True, array_like=True):
    """What one statement, its constants replaced by `$1`, cost the database while the run lasted."""

    text: str
    calls: int
    total_ms: float
    rows: int


class Statements(msgspec.Struct, frozen=True, tag="statements"):
    """The statements that took most of the database's time, the costliest first."""

    t: float
    rows: tuple[StatementRow, ...]


class VerdictLine(msgspec.Struct, frozen=True, tag="verdict"):
    """The verdict; `kind` is a value of `metrics.verdict.VerdictKind`."""

    t: float
    kind: str
    sentence: str
    reasons: tuple[str, ...]
    thresholds: tuple[ThresholdRow, ...]


class End(msgspec.Struct, frozen=True, tag="end"):
    """The last line; a record without one is of a run that was killed. `ending`: see `metrics.verdict.Ending`."""

    t: float
    ending: str


Event = (
    Manifest
    | PhaseBegin
    | StepBegin
    | Second
    | Detail
    | Part
    | StepEnd
    | PhaseEnd
    | Accounts
    | Note
    | TableLine
    | ViolationLine
    | ServerFigures
    | Statements
    | VerdictLine
    | End
)
