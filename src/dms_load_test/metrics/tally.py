"""What is counted, as one fold: the same shape for a second, a phase, a worker and a whole run.

Law: absorbing is associative and commutative, so seconds, phases and workers may be joined in any order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from dms_load_test.metrics.histogram import Distribution, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dms_load_test.sample import Failure

COMPONENTS = ("blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
"""The parts of a request's time, by k6's names (`http_req_waiting`)."""
CRUD = ("create", "read", "query", "update", "delete")
"""Operations on documents; the others (token, metadata, audit, a scenario's own requests) are overhead."""


class SeriesKey(NamedTuple):
    """The tags of a series of requests. `final` is false for attempts that a retry followed."""

    phase: str
    operation: str
    resource: str
    status: int
    ok: bool
    final: bool


class Series:
    """Requests with the same tags.

    Response time counts from the due time, service time from the start of the attempt. Requests that started when due
    have one time for both and are recorded once, in `prompt`: in closed models that is every request.
    """

    __slots__ = ("late_response", "late_service", "prompt", "received_bytes", "retries", "sent_bytes")

    def __init__(self) -> None:
        self.prompt = Distribution()
        self.late_response = Distribution()
        self.late_service = Distribution()
        self.sent_bytes = 0
        self.received_bytes = 0
        self.retries = 0
        """Attempts after the first."""

    @property
    def count(self) -> int:
        """Number of requests."""
        return self.prompt.count + self.late_response.count

    @property
    def response(self) -> Distribution:
        """Response times of all requests (finished - due)."""
        return merged((self.prompt, self.late_response)) if self.late_response else self.prompt

    @property
    def service(self) -> Distribution:
        """Service times of all requests (finished - started)."""
        return merged((self.prompt, self.late_service)) if self.late_service else self.prompt

    def add(self, other: Series) -> None:
        """Take in all that `other` counted."""
        self.prompt.add(other.prompt)
        self.late_response.add(other.late_response)
        self.late_service.add(other.late_service)
        self.sent_bytes += other.sent_bytes
        self.received_bytes += other.received_bytes
        self.retries += other.retries


def sums_of(series: Mapping[SeriesKey, Series]) -> dict[SeriesKey, Series]:
    """Return the same series over all resources: `resource` is empty in their keys."""
    sums: dict[SeriesKey, Series] = {}
    for key, counted in series.items():
        total = sums.setdefault(key._replace(resource=""), Series())
        total.add(counted)
    return sums


class FailureKey(NamedTuple):
    """What failures of one group have in common."""

    phase: str
    operation: str
    resource: str
    status: int
    reason: str


OTHER_FAILURES = "other"
"""`reason` of the group that takes what is beyond the bound of groups; its status is 0, its resource empty."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """An exact count and one example: the first that was met, by `first_ns` (on the clock of the snapshots)."""

    count: int
    first_ns: int
    example: Failure

    def joined(self, other: FailureGroup) -> FailureGroup:
        """Return one group of both."""
        first = min(self, other, key=FailureGroup._order)
        return FailureGroup(self.count + other.count, first.first_ns, first.example)

    def _order(self) -> tuple[int, str, str, str, int]:
        example = self.example
        return (self.first_ns, example.example, example.request, example.correlation_id, example.ordinal)


class CheckCounts(NamedTuple):
    """Results of a named check."""

    passed: int = 0
    failed: int = 0


@dataclass(slots=True)
class Tally:
    """Everything counted over some time.

    Keys of `components` are (phase, operation), of `iterations` phases, of `checks` (phase, name), of `counters` and
    `trends` (phase, name, kind); lists in `components` are in the order of COMPONENTS.

    Durations of 0 are not recorded in the components blocked, connecting, tls_handshaking and receiving: nearly every
    request is on a kept-alive connection, and most answers come in one piece. `component` gives them back.
    """

    series: dict[SeriesKey, Series] = field(default_factory=lambda: defaultdict(Series))
    components: dict[tuple[str, str], list[Distribution]] = field(default_factory=dict)
    iterations: dict[str, Distribution] = field(default_factory=lambda: defaultdict(Distribution))
    counters: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    trends: dict[tuple[str, str, str], Distribution] = field(default_factory=lambda: defaultdict(Distribution))
    checks: dict[tuple[str, str], CheckCounts] = field(default_factory=lambda: defaultdict(CheckCounts))
    failures: dict[FailureKey, FailureGroup] = field(default_factory=dict)

    def absorb(self, other: Tally) -> None:
        """Take in all that `other` counted."""
        for key, series in other.series.items():
            self.series[key].add(series)
        for where, parts in other.components.items():
            mine = self.components.setdefault(where, new_components())
            for total, part in zip(mine, parts, strict=True):
                total.add(part)
        _add_all(self.iterations, other.iterations)
        _add_all(self.trends, other.trends)
        for counter, count in other.counters.items():
            self.counters[counter] += count
        for check, (passed, failed) in other.checks.items():
            before = self.checks[check]
            self.checks[check] = CheckCounts(before.passed + passed, before.failed + failed)
        for kind, group in other.failures.items():
            known = self.failures.get(kind)
            self.failures[kind] = known.joined(group) if known else group

    def component(self, name: str, where: Iterable[tuple[str, str]]) -> Distribution:
        """Return the durations of one component over the (phase, operation) pairs given, zeros included."""
        at = COMPONENTS.index(name)
        total, waiting = Distribution(), 0
        for pair in where:
            parts = self.components.get(pair)
            if parts:
                total.add(parts[at])
                waiting += parts[COMPONENTS.index("waiting")].count
        zeros = waiting - total.count
        if zeros > 0:
            total.add_zeros(zeros)
        return total


def _add_all(mine: dict[Any, Distribution], others: Mapping[Any, Distribution]) -> None:
    for key, durations in others.items():
        mine[key].add(durations)


def new_components() -> list[Distribution]:
    """Return an empty distribution for each of COMPONENTS."""
    return [Distribution() for _ in COMPONENTS]
