"""The whole so far: snapshots folded over time, and the rows that people read from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import Distribution
from dms_load_test.metrics.tally import CRUD, FailureGroup, FailureKey, Series, SeriesKey, Tally
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dms_load_test.metrics.aggregate import Snapshot

TAGS = ("phase", "operation", "resource", "status", "expected_response")
"""Tags of a series by which a selector may choose; the last is k6's word for `ok`: `true` or `false`."""
TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class Totals:
    """The cumulative fold of a run. `active_ns` is the time spent in each phase: see `times_of`.

    `sums` are the tally's series over all resources: most questions are about these, and asked each second.
    """

    tally: Tally = field(default_factory=Tally)
    sums: dict[SeriesKey, Series] = field(default_factory=lambda: defaultdict(Series))
    active_ns: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    users: int = 0
    users_max: int = 0

    def add(self, snapshot: Snapshot) -> None:
        """Take in the next snapshot."""
        self.absorb(snapshot.tally, snapshot.sums)
        for phase, spent_ns in times_of(snapshot):
            self.active_ns[phase] += spent_ns
        self.users = snapshot.users
        self.users_max = max(self.users_max, snapshot.users_max)

    def absorb(self, tally: Tally, sums: Mapping[SeriesKey, Series]) -> None:
        """Take in counts; `sums` are those of the tally's series."""
        self.tally.absorb(tally)
        for key, series in sums.items():
            self.sums[key].add(series)

    def active_s(self, phase: str = "") -> float:
        """Return the seconds spent in a phase, or in all."""
        return (self.active_ns.get(phase, 0) if phase else sum(self.active_ns.values())) / NS_PER_S

    def select(self, selector: Mapping[str, str]) -> Iterator[tuple[SeriesKey, Series]]:
        """Yield the series whose tags have the values of `selector`; keys of it are from TAGS.

        Series are of one resource only where the selector asks for it, else of all.
        """
        for key, series in (self.tally.series if "resource" in selector else self.sums).items():
            if all(tag_value(key, tag) == value for tag, value in selector.items()):
                yield key, series

    def phases(self) -> tuple[str, ...]:
        """Return the phases that sent requests or took time, in order of their beginning."""
        seen = dict.fromkeys(self.active_ns)
        seen.update(dict.fromkeys(key.phase for key in self.sums))
        return tuple(phase for phase in seen if phase)

    def operation_rows(self, phase: str) -> list[OperationRow]:
        """Return one row for each (resource, operation) on documents of a phase, in alphabetical order."""
        return rows_of((key, series) for key, series in self.tally.series.items() if key.phase == phase)

    def operation_sums(self, phase: str) -> list[OperationRow]:
        """Return one row for each operation on documents of a phase, over all resources."""
        return rows_of((key, series) for key, series in self.sums.items() if key.phase == phase)

    def is_open_model(self, phase: str) -> bool:
        """Whether requests of a phase had due times of their own, so that their waiting shows in response times."""
        return any(series.late_response for _, series in self.select({"phase": phase}))

    def is_closed_model(self, phase: str) -> bool:
        """Whether a phase did operations, and none of their requests had a due time of its own."""
        return bool(self.operation_sums(phase)) and not self.is_open_model(phase)

    def failures(self) -> list[tuple[FailureKey, FailureGroup]]:
        """Return the failure groups, the largest first."""
        return sorted(self.tally.failures.items(), key=lambda item: (-item[1].count, item[0]))

    def drops(self, phase: str) -> dict[str, int]:
        """Return the dropped iterations of a phase by reason."""
        counters = self.tally.counters.items()
        return {why: n for (at, name, why), n in counters if (at, name) == (phase, "dropped_iterations")}

    def overhead(self, phase: str = "") -> Overhead:
        """Return what did not serve documents, in a phase or in all."""
        selector = {"phase": phase} if phase else {}
        sums = Overhead()
        for key, series in self.select(selector):
            count = series.count
            if key.operation == "token":
                sums.token_requests += count
                sums.failed_token_requests += 0 if key.ok else count
            sums.rate_limited += count if key.status == TOO_MANY_REQUESTS else 0
            sums.retries += series.retries
        return sums


def times_of(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    """Yield how long (ns) each phase was at work; what phases beside others would count twice is taken off from ""."""
    spent_ns = snapshot.ended_ns - snapshot.started_ns
    yield from ((phase, spent_ns) for phase in (snapshot.phase, *snapshot.beside))
    if snapshot.beside:
        yield "", -spent_ns * len(snapshot.beside)


@dataclass(slots=True)
class Overhead:
    """Requests that are shown in their own rows. A retry and a 429 may be the same request."""

    token_requests: int = 0
    failed_token_requests: int = 0
    rate_limited: int = 0
    retries: int = 0


@dataclass(slots=True)
class OperationRow:
    """One operation on one resource (empty: on all).

    `count` and `failed` are operations: retried attempts are not counted, but their times are in `response`, as each is
    a request that a client waited for.
    """

    resource: str
    operation: str
    count: int = 0
    failed: int = 0
    response: Distribution = field(default_factory=Distribution)


def tag_value(key: SeriesKey, tag: str) -> str:
    """Return a tag's value as a selector spells it. Raises: AttributeError for a name that is not in TAGS."""
    if tag == "expected_response":
        return "true" if key.ok else "false"
    return str(getattr(key, tag))


def rows_of(series: Iterable[tuple[SeriesKey, Series]]) -> list[OperationRow]:
    """Return one row for each (resource, operation) on documents, in alphabetical order."""
    rows: dict[tuple[str, int], OperationRow] = {}
    for key, counted in series:
        if key.operation not in CRUD:
            continue
        row = rows.setdefault((key.resource, CRUD.index(key.operation)), OperationRow(key.resource, key.operation))
        if key.final:
            count = counted.count
            row.count += count
            row.failed += 0 if key.ok else count
        row.response.add(counted.response)
    return [rows[at] for at in sorted(rows)]
