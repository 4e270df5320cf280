"""The one value that flows: what became of one HTTP request, an attempt of one operation.

Times are nanoseconds of one process's monotonic clock (`time.perf_counter_ns`); durations are differences of these.
The document's id is never part of a sample: it would make every series unique.
"""

from __future__ import annotations

import msgspec

NS_PER_S = 1_000_000_000

OPERATIONS = ("create", "read", "query", "update", "delete", "token", "metadata", "audit", "request")
"""Values of `Sample.operation`; `audit`: reading back what was written; `request`: any other of a scenario's."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One attempt of one request.

    `ok` is the operation's contract, not the status alone: create 200 or 201, read and query 200, update 200 or 204,
    delete 204. `final` is false for an attempt that a retry follows: operations are counted by their final samples,
    requests by all. `status` is 0 where no complete answer came; then `error` says why: connect, tls, timeout, reset,
    protocol, cancelled, or token (there was none to send with). `attempt` is from 1.
    `due_ns` is the arrival's due time in open models for an iteration's first request; else it equals `started_ns`.
    `sent_bytes` and `received_bytes` are bytes on the wire before TLS, heads included.
    """

    phase: str
    operation: str
    resource: str
    status: int
    ok: bool
    final: bool
    error: str
    attempt: int
    due_ns: int
    started_ns: int
    finished_ns: int
    blocked_ns: int
    connecting_ns: int
    tls_ns: int
    sending_ns: int
    waiting_ns: int
    receiving_ns: int
    sent_bytes: int
    received_bytes: int


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why an operation failed, said by the final sample's answer; failures with equal first five members are one group.

    `reason` is short and the same for alike failures: the problem type's last part and its message with values such as
    ids and quoted texts folded. `example` is one answer's text, bounded and free of secrets; `ordinal` is -1 where the
    request was not about a generated document.
    """

    phase: str
    operation: str
    resource: str
    status: int
    reason: str
    example: str = ""
    request: str = ""
    """Method and path, without host and query secrets: `POST /data/ed-fi/students`."""
    correlation_id: str = ""
    ordinal: int = -1
