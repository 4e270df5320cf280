"""What the doctor concludes from what it saw: one function for each line. Pure.

A failed check means that a run cannot do what it is for; a warning, that its results or its target may suffer.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dms_load_test.edfi.dependencies import DependencyEntry
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.engine.permissions import Rights
    from dms_load_test.engine.probe import Certificate

DMS_LIMIT_PER_S = 2000
"""DMS ships with a limiter of 20,000 requests in 10 s for each host name."""
EXPIRES_SOON_DAYS = 14
CLOCK_WARN_S, CLOCK_FAIL_S = 5.0, 30.0
"""DMS accepts tokens with clocks that differ by 30 s."""
ROW_BYTES = 35
"""What the inventory takes for a document."""
RECORD_BYTES_PER_S = 4000
SPARE_BYTES = 50_000_000
_SHORT_TOKEN_S = 120.0
_SPARE_FILES = 64
_ENGINE_US = 46.0
"""What the engine takes of a core for a request over HTTPS, as measured (docs/performance.md); over HTTP it is less."""
_USABLE_RATIO = 0.7
_BUSY_RATIO = 0.5
_DAY_S = 86_400
SHOWN = 5
"""So many names are told, and how many more there are."""
SERVED_APART = frozenset({"schoolYearTypes"})
"""Resources that DMS leaves out of its load order on purpose."""


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it came out, what was seen, and what to do about it."""

    name: str
    state: State
    text: str
    advice: str = ""


def some(names: Iterable[str], most: int = SHOWN) -> str:
    """Return the first few names, and how many more there are."""
    found = sorted(names)
    more = len(found) - most
    return ", ".join(found[:most]) + (f" and {more} more" if more > 0 else "")


def metadata_check(model: ApiModel, dependencies: Iterable[DependencyEntry]) -> Check:
    """Compare the load order with the OpenAPI documents."""
    listed = {entry.resource for entry in dependencies}
    described = set(model.resources)
    unordered = described - listed - SERVED_APART
    unknown = listed - described
    text = f"{len(described)} resources are described, {len(listed)} are in the load order"
    if not unordered and not unknown:
        return Check("metadata", State.OK, text)
    lacks = [f"not in the load order: {some(unordered)}"] if unordered else []
    lacks += [f"not described: {some(unknown)}"] if unknown else []
    advice = (
        "set DEPENDENCIES_URL and OPENAPI_URLS if these are the wrong documents; order is then taken from references"
    )
    return Check("metadata", State.WARNING, f"{text}; {'; '.join(lacks)}", advice)


def permission_check(rights: Rights, wanted: Mapping[str, frozenset[str]], most: int = SHOWN) -> Check:
    """Compare what the client may do with what the run will do; at `most` so many resources that lack are named."""
    lacking = rights.lacking(wanted)
    name = f"claim set {rights.claim_set}" if rights.claim_set else "the client"
    if lacking:
        told = [f"{resource} ({', '.join(sorted(operations))})" for resource, operations in lacking.items()]
        return Check(
            "permissions",
            State.FAILED,
            f"{name} lacks {len(lacking)} of {len(wanted)} planned resources: {some(told, most)}",
            "give the client a claim set with these, such as EdFiSandbox, or leave these resources out",
        )
    if rights.complete:
        return Check("permissions", State.OK, f"{name} covers all {len(wanted)} planned resources")
    return Check(
        "permissions",
        State.OK,
        f"no request on {len(wanted)} planned resources was refused; the API has no token_info, so the run will prove "
        "creating and updating",
    )


def certificate_check(certificate: Certificate, now_s: float, *, insecure: bool) -> Check:
    """Judge the TLS handshake."""
    if certificate.error:
        advice = "set CA_BUNDLE to the PEM file of the authority, or INSECURE=true for a test system"
        return Check("TLS", State.FAILED, certificate.error, advice)
    agreed = f"{certificate.version}, {certificate.cipher}"
    if insecure:
        return Check("TLS", State.WARNING, f"{agreed}; the certificate is not verified", "set INSECURE=false")
    days = (certificate.expires_s - now_s) / _DAY_S
    text = f"{agreed}, issued by {certificate.issuer}, valid for {days:.0f} days"
    if days < EXPIRES_SOON_DAYS:
        return Check("TLS", State.WARNING, text, "renew the server's certificate")
    return Check("TLS", State.OK, text)


def token_check(life_s: float, token: str) -> Check:
    """Judge the first token; what a JWT says of itself is shown."""
    claims = token_claims(token)
    scope = claims.get("scope")
    client = claims.get("client_name")
    said = [f"scope {scope}"] if scope else []
    said += [f"client {client}"] if client else []
    text = ", ".join([f"valid for {life_s:.0f} s", *said])
    if life_s < _SHORT_TOKEN_S:
        return Check("token", State.WARNING, text, "raise the life of tokens: so short a one is renewed all the time")
    return Check("token", State.OK, text)


def token_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified; none of any other token."""
    parts = token.split(".")
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def clock_check(difference_s: float) -> Check:
    """Judge how far the target's clock is ahead of ours; a Date header tells whole seconds."""
    text = f"the target's is {abs(difference_s):.0f} s {'ahead' if difference_s > 0 else 'behind'}"
    advice = "set both clocks by NTP: tokens and certificates depend on them"
    if abs(difference_s) > CLOCK_FAIL_S:
        return Check("clock", State.FAILED, text, advice)
    if abs(difference_s) > CLOCK_WARN_S:
        return Check("clock", State.WARNING, text, advice)
    return Check(
        "clock", State.OK, "agrees with the target's to a second or two" if abs(difference_s) > 1 else "agrees"
    )


def date_check(stated: str, ours_s: float) -> Check:
    """Judge the target's clock by its Date header; `ours_s` is our time of day when it was written."""
    try:
        theirs_s = parsedate_to_datetime(stated).timestamp()
    except (ValueError, OverflowError):
        what = f'the target states "{stated}" as its date' if stated else "the target states no date"
        return Check("clock", State.WARNING, what, "compare the clocks by hand")
    difference_s = theirs_s + 0.5 - ours_s  # the header is cut to whole seconds: on average it is half a second late
    return clock_check(0.0 if abs(difference_s) < 1 else difference_s)


def rate_check(users: int, round_trip_ms: float, limited: int, stated: str) -> Check:
    """Compare the most that the plan's users can ask for with the limits met, stated, or known of DMS."""
    most_per_s = users * 1000 / max(round_trip_ms, 0.01)
    text = f"{users} {'user' if users == 1 else 'users'} can ask up to {most_per_s:,.0f} times a second"
    advice = "raise the server's RateLimit settings, or lower the users: answers 429 are not failures of the server"
    if limited:
        return Check("rate limit", State.WARNING, f"{limited} answers 429 met already; {text}", advice)
    if stated:
        return Check("rate limit", State.WARNING, f"the target states a limit ({stated}); {text}", advice)
    if most_per_s > DMS_LIMIT_PER_S:
        text += f"; none met, but DMS ships with {DMS_LIMIT_PER_S:,} a second for each host name"
        return Check("rate limit", State.WARNING, text, advice)
    return Check("rate limit", State.OK, f"none met; {text}")


def disk_check(folder: Path, free_bytes: int, documents: int, duration_s: float) -> Check:
    """Compare the free space where `folder` is or will be with what a run writes."""
    needed = SPARE_BYTES + documents * ROW_BYTES + duration_s * RECORD_BYTES_PER_S
    text = f"{_size(free_bytes)} free for {folder}, about {_size(needed)} needed"
    if free_bytes < needed:
        return Check("disk", State.FAILED, text, "make space, or choose another folder with --results")
    return Check("disk", State.OK if free_bytes > 2 * needed else State.WARNING, text)


def _size(number: float) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"  # noqa: PLR2004 - a gigabyte


def files_check(limit: int, connections: int) -> Check:
    """Compare the limit on open files with the connections of the plan; 0 means that the system has none."""
    needed = connections + _SPARE_FILES
    if limit and limit < needed:
        text = f"{limit:,} files may be open, {connections:,} connections need {needed:,}"
        return Check(
            "open files", State.FAILED, text, f"run `ulimit -n {needed}`, as the system's administrator if need be"
        )
    return Check("open files", State.OK, f"{limit:,} may be open" if limit else "no limit")


def machine_check(document_us: float, wanted_per_s: float, load: float | None, cores: int) -> Check:
    """Judge whether this machine can make the plan's load, by the cost of documents and requests, and other work."""
    can_per_s = _USABLE_RATIO * 1e6 / (document_us + _ENGINE_US)
    text = f"{cores} cores; a document takes {document_us:.0f} us; one process makes about {can_per_s:,.0f} requests/s"
    if load is not None and load > _BUSY_RATIO * cores:
        return Check("machine", State.WARNING, f"{text}; busy with other work (load {load:.1f})", "end that work first")
    if wanted_per_s > can_per_s:
        advice = "watch the run's own verdict on the generator; lower the users, or take more processes or machines"
        return Check("machine", State.WARNING, f"{text}; the plan's users could ask for {wanted_per_s:,.0f}", advice)
    return Check("machine", State.OK, text)
