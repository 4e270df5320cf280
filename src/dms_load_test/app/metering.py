"""A record's events as meters: the same figures for Prometheus, which asks for them, and for OTLP, which is sent them.

Sums by operation are as fresh as the record's seconds; those by resource as its parts: ten seconds in the first ten
minutes of a run, five minutes after an hour, older with hundreds of resources.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dms_load_test.metrics.tally import COMPONENTS, CRUD
from dms_load_test.results.convert import distribution_of
from dms_load_test.results.events import Detail, Manifest, Part, Second, ServerFigures, VerdictLine
from dms_load_test.results.follow import RecordFollower
from dms_load_test.views.meters import Meters
from dms_load_test.views.prometheus import exposition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dms_load_test.results.events import ComponentRow, Event, SeriesRow


class MeteredRecord:
    """A record that is being written, as Prometheus' text. Costs nothing until it is asked for the first time."""

    def __init__(self, record: Path) -> None:
        self._follower = RecordFollower(record)
        self._meters = Meters()
        self._turn = threading.Lock()

    def text(self) -> str:
        """Return all metrics until now; may be called from any thread. Raises: ConfigError: the record is damaged."""
        with self._turn:
            for event in self._follower.new_events():
                meter(self._meters, event)
            return exposition(self._meters)


def meter(meters: Meters, event: Event) -> None:
    """Take in the next event of a record. Raises: ValueError: the record is damaged."""
    take = _TAKES.get(type(event))
    if take is not None:
        take(meters, event)


def _second(meters: Meters, second: Second) -> None:
    for row in second.rows:
        labels = {"phase": row.phase, "operation": row.operation}
        told = {**labels, "expected_response": _word(row.ok)}
        meters.count("http_reqs", row.requests, told, "Requests, retries included.")
        meters.count("http_req_failed", 0 if row.ok else row.requests, labels, "Requests without the wanted answer.")
        if row.operation in CRUD:
            failed = 0 if row.ok else row.operations
            meters.count("errors", failed, labels, "Operations on documents that failed.")
    meters.count("data_sent", second.sent_bytes, {}, "Bytes sent, before TLS.", "By")
    meters.count("data_received", second.received_bytes, {}, "Bytes received, after TLS.", "By")
    meters.count("iterations", second.iterations, {}, "Completed iterations.")
    meters.count("dropped_iterations", second.dropped, {}, "Iterations that were due, but no user was free.")
    meters.count("retries", second.retries, {}, "Attempts after the first.")
    meters.count("rate_limited", second.rate_limited, {}, "Answers 429.")
    meters.gauge("vus", second.users, {}, "Virtual users that iterate.")
    meters.gauge("vus_max", second.users_max, {}, "Virtual users allocated.")
    for name, value in second.health.items():
        meters.gauge(f"generator_{name}", value, {}, f"The load generator itself: {name}.")


def _detail(meters: Meters, detail: Detail) -> None:
    for row in detail.rows:
        labels = {"phase": row.phase, "operation": row.operation, "expected_response": _word(row.ok)}
        meters.time("http_req_duration", distribution_of(row.response), labels, "Response time of requests.")


def _part(meters: Meters, part: Part) -> None:
    for row in part.series:
        if row.final and row.operation in CRUD:
            _operations(meters, row)
    for component in part.components:
        _components(meters, component)
    for phase, times in part.iterations.items():
        meters.time("iteration_duration", distribution_of(times), {"phase": phase}, "Time of completed iterations.")
    _counts(meters, part)


def _counts(meters: Meters, part: Part) -> None:
    for phase, name, passed, failed in part.checks:
        for result, count in (("passed", passed), ("failed", failed)):
            meters.count("checks", count, {"phase": phase, "check": name, "result": result}, "Checks by result.")
    for phase, name, _, count in part.counters:
        if name == "integrity_violations":
            meters.count(name, count, {"phase": phase}, "Acknowledged writes found lost or changed.")


def _components(meters: Meters, row: ComponentRow) -> None:
    labels = {"phase": row.phase, "operation": row.operation}
    for name, histogram in zip(COMPONENTS, row.parts, strict=True):
        if histogram is not None:
            meters.time(f"http_req_{name}", distribution_of(histogram), labels, f"Time {name.replace('_', ' ')}.")


def _operations(meters: Meters, row: SeriesRow) -> None:
    labels = {"phase": row.phase, "operation": row.operation}
    told = {**labels, "resource": row.resource, "status": str(row.status), "expected_response": _word(row.ok)}
    count = 0
    for histogram in (row.prompt, row.late_response):
        times = distribution_of(histogram)
        count += times.count
        meters.time("crud_operation_duration", times, labels, "Time of operations' last attempts.")
    meters.count("crud_operations", count, told, "Operations on documents, each counted once.")


def _word(ok: bool) -> str:  # noqa: FBT001 - it turns just that into k6's word
    return "true" if ok else "false"


def _server(meters: Meters, event: ServerFigures) -> None:
    for name, value in event.values.items():
        meters.gauge(f"server_{name}", value, {"source": event.source}, f"On the server's side: {name}.")


def _manifest(meters: Meters, event: Manifest) -> None:
    labels = {"run_id": event.run_id, "profile": event.profile, "tool_version": event.tool_version}
    meters.gauge("run_info", 1, labels, "The run; always 1.")


def _verdict(meters: Meters, event: VerdictLine) -> None:
    meters.gauge("run_passed", float(event.kind == "passed"), {}, "The verdict: 1 if the run passed.")


_TAKES: Mapping[type, Callable[[Meters, Any], None]] = {
    Manifest: _manifest,
    Second: _second,
    Detail: _detail,
    Part: _part,
    ServerFigures: _server,
    VerdictLine: _verdict,
}
"""Kind of event -> what takes it in; the other kinds hold no figures."""
