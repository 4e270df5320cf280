"""What every export of a finished run is made from: plain values. Files for other tools are in `exports_*`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.edfi.schema import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from dms_load_test.load.plan import Table
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.metrics.tally import FailureKey
    from dms_load_test.metrics.totals import Totals
    from dms_load_test.metrics.verdict import ResourceAccount, Verdict

_VERBS = {
    "create": "POST",
    "read": "GET",
    "query": "GET",
    "update": "PUT",
    "delete": "DELETE",
    "token": "POST",
    "metadata": "GET",
    "audit": "GET",
}
"""A scenario's own requests may have any method."""
_BY_ID = ("read", "update", "delete")
_OTHERS = {"token": "/oauth/token", "metadata": "/metadata"}


@dataclass(slots=True)
class Moment:
    """What came in the `seconds` before `t` (s since the run began).

    Times are recorded more seldom than counts in long runs: `times` are those of the intervals that end here.
    """

    t: float
    seconds: float
    users: int = 0
    requests: int = 0
    failed: int = 0
    received_bytes: int = 0
    times: list[Interval] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Interval:
    """Response times of one phase, operation and outcome in the `seconds` before `t`.

    `text` is their HdrHistogram in microseconds, base64 of its V2 encoding.
    """

    t: float
    seconds: float
    phase: str
    operation: str
    ok: bool
    text: str
    distribution: Callable[[], Distribution]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunExport:
    """One run. `moments` reads them anew each time; `verdict` is None for a run that was killed."""

    run_id: str
    started_at: datetime
    target: str
    profile: str
    duration_s: float
    totals: Totals
    verdict: Verdict | None
    accounts: Sequence[ResourceAccount]
    notes: Sequence[str]
    moments: Callable[[], Iterable[Moment]]
    facts: Mapping[str, str] = field(default_factory=dict)
    """Further lines for a reader: `Data standard`, `Seed`."""
    tables: Sequence[tuple[str, Table]] = ()
    """What scenarios found out, by phase."""
    violations: Sequence[tuple[str, Violation]] = ()
    """Acknowledged writes that the target did not keep, by phase."""


def verb_and_name(operation: str, resource: str) -> tuple[str, str]:
    """Return a request's method, empty where it is not known, and its path with ids folded: `/ed-fi/students/{id}`.

    What an audit reads, in whichever way, is under a name of its own: it is no part of what the scenario measures.
    """
    verb = _VERBS.get(operation, "")
    if operation in _OTHERS:
        return verb, _OTHERS[operation]
    path = path_of(resource) if resource else "other"
    if operation == "audit":
        return verb, f"{path} (audit)"
    return verb, f"{path}/{{id}}" if operation in _BY_ID else path


def failure_text(key: FailureKey) -> str:
    """Return what failures of a group have in common: `409 conflict`, `no answer: timeout`."""
    return f"{key.status or 'no answer'}: {key.reason}"
