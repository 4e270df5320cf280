"""The error bodies of the API, member by member; the Configuration Service's are in `cms_rules`, faults' in `injector`.

Rules of this file: texts, types, statuses and content types are DMS's (its `FailureResponse`); members stand in the
order detail, type, title, status, correlationId, validationErrors, errors. A rule that finds a fault raises `Refused`;
the HTTP edge turns it into an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Violations = Mapping[str, Sequence[str]]

JSON = b"application/json; charset=utf-8"
PROBLEM_JSON = b"application/problem+json"
_TYPE = "urn:ed-fi:api:"
_SEE_VALIDATION_ERRORS = "Data validation failed. See 'validationErrors' for details."
_SEE_ERRORS = "The request could not be processed. See 'errors' for details."
_NO_ACCESS = "Access to the resource could not be authorized."
_CHANGED = (
    "The resource item's etag value does not match what was specified in the 'If-Match' request header indicating that "
    "it has been modified by another client since it was last retrieved."
)
_NOTHING_TO_MATCH = (
    "The 'If-Match' request header requires a current representation of the resource, but none exists. Do not retry "
    "with If-Match; create the resource first, or omit If-Match."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One error answer. `type` is without the common prefix; `violations` of `None` leaves `validationErrors` out."""

    status: int
    type: str
    title: str
    detail: str
    violations: Violations | None = None
    errors: tuple[str, ...] = ()
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self, correlation_id: str) -> bytes:
        """Return the JSON body."""
        members: dict[str, object] = {
            "detail": self.detail,
            "type": _TYPE + self.type,
            "title": self.title,
            "status": self.status,
            "correlationId": correlation_id,
        }
        if self.violations is not None:
            members["validationErrors"] = self.violations
        return msgspec.json.encode({**members, "errors": self.errors})


class Refused(Exception):  # noqa: N818 -- the request is refused; nothing is wrong with the program
    """A request that breaks a rule; carries what to answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


def invalid_data(violations: Violations) -> Problem:
    """400: the document breaks its schema; path -> messages."""
    return Problem(
        400, "bad-request:data-validation-failed", "Data Validation Failed", _SEE_VALIDATION_ERRORS, violations
    )


def unknown_descriptors(violations: Violations) -> Problem:
    """400: descriptor values that do not exist, and the references that could not be resolved beside them."""
    return Problem(400, "bad-request", "Bad Request", _SEE_VALIDATION_ERRORS, violations)


def client_assigned_id() -> Problem:
    """400: an `id` in a POST."""
    error = (
        "Resource identifiers cannot be assigned by the client. The 'id' property should not be included in the "
        "request body."
    )
    return Problem(
        400,
        "bad-request:data-validation-failed",
        "Data Validation Failed",
        "The request data was constructed incorrectly.",
        {},
        (error,),
    )


def bad_request(*errors: str) -> Problem:
    """400: the request itself is wrong; `errors` say how."""
    return Problem(400, "bad-request", "Bad Request", _SEE_ERRORS, {}, errors)


def invalid_parameters(*errors: str) -> Problem:
    """400: paging or filter parameters."""
    return Problem(
        400,
        "bad-request:parameter-validation-failed",
        "Parameter Validation Failed",
        "Parameters supplied to the request were invalid.",
        {},
        errors,
    )


def key_change(resource_name: str) -> Problem:
    """400: an update that would change the natural key."""
    return Problem(
        400,
        "bad-request:data-validation-failed:key-change-not-supported",
        "Key Change Not Supported",
        f"Identifying values for the {resource_name} resource cannot be changed. Delete and recreate the resource "
        "item instead.",
        {},
    )


def unauthenticated(error: str) -> Problem:
    """401 of a data route; it has no `validationErrors`."""
    return Problem(
        401,
        "security:authentication",
        "Authentication Failed",
        "The caller could not be authenticated.",
        None,
        (error,),
        PROBLEM_JSON,
        ((b"www-authenticate", b'Bearer error="invalid_token"'),),
    )


def _denied(kind: str, detail: str, *errors: str) -> Problem:
    title = "Authorization Denied"
    return Problem(403, f"security:authorization:{kind}", title, detail, {}, errors, PROBLEM_JSON)


def no_claim() -> Problem:
    """403: the claim set does not name the resource."""
    return _denied("", _NO_ACCESS)


def action_denied(claim_set: str, action: str, resource_name: str) -> Problem:
    """403: the claim set does not grant this action on the resource."""
    error = (
        f"The API client's assigned claim set (currently '{claim_set}') must grant permission of the '{action}' action "
        f"on one of the following resource claims: {resource_name}"
    )
    return _denied("access-denied:action", _NO_ACCESS, error)


def namespace_mismatch(prefixes: Iterable[str]) -> Problem:
    """403: the document's namespace is none of the client's."""
    shown = ", ".join(f"'{prefix}'" for prefix in prefixes)
    detail = (
        "Access to the requested data could not be authorized. The 'Namespace' value of the data does not start with "
        f"any of the caller's associated namespace prefixes ({shown})."
    )
    return _denied("namespace:access-denied:namespace-mismatch", detail)


def no_namespaces() -> Problem:
    """403: namespaces matter and the client has none."""
    error = (
        "The API client has been given permissions on a resource that uses the 'NamespaceBased' authorization strategy "
        "but the client doesn't have any namespace prefixes assigned."
    )
    return _denied("namespace:invalid-client:no-namespaces", _NO_ACCESS, error)


def not_found() -> Problem:
    """404: no such route or resource."""
    detail = "The specified data could not be found."
    return Problem(404, "not-found", "Not Found", detail, {}, content_type=PROBLEM_JSON)


def nothing_to_update() -> Problem:
    """404 of a PUT to an unknown id."""
    return Problem(404, "not-found", "Not Found", "Resource to update was not found", {})


def wrong_method(error: str, allow: str) -> Problem:
    """405 with its `Allow` header."""
    return Problem(
        405,
        "method-not-allowed",
        "Method Not Allowed",
        "The request construction was invalid.",
        {},
        (error,),
        headers=((b"allow", allow.encode()),),
    )


def unresolved_references(violations: Violations) -> Problem:
    """409: references to documents that do not exist."""
    detail = "One or more references could not be resolved. See 'validationErrors' for details."
    return Problem(409, "data-conflict:unresolved-reference", "Unresolved Reference", detail, violations)


def dependent_items(referrers: Iterable[str]) -> Problem:
    """409: a DELETE of what documents of the resources `referrers` (names) refer to."""
    detail = (
        "The requested action cannot be performed because this item is referenced by existing "
        f"{', '.join(referrers)} item(s)."
    )
    return Problem(409, "data-conflict:dependent-item-exists", "Dependent Item Exists", detail, {})


def identity_conflict(action: str, resource_name: str, key: Iterable[tuple[str, object]]) -> Problem:
    """409: the natural key belongs to another document. `action`: `create a new` or `update a`."""
    values = ",".join(f"({name} = {value})" for name, value in key)
    error = (
        f"A natural key conflict occurred when attempting to {action} resource {resource_name} with a duplicate key. "
        f"The duplicate keys and values are {values}"
    )
    return Problem(
        409,
        "identity-conflict",
        "Identifying Values Are Not Unique",
        "The identifying value(s) of the item are the same as another item that already exists.",
        {},
        (error,),
    )


def etag_mismatch() -> Problem:
    """412: If-Match names another state of the document."""
    detail = "The item has been modified by another user."
    return Problem(412, "optimistic-lock-failed", "Optimistic Lock Failed", detail, {}, (_CHANGED,))


def nothing_to_match() -> Problem:
    """412: If-Match for a document that does not exist."""
    detail = "The If-Match precondition failed because the resource does not exist."
    return Problem(412, "optimistic-lock-failed", "Optimistic Lock Failed", detail, {}, (_NOTHING_TO_MATCH,))


def exists_already() -> Problem:
    """412: `If-None-Match` matched on a write."""
    detail = (
        "The If-None-Match precondition failed because a current representation of the resource matched the request "
        "header."
    )
    return Problem(412, "precondition-failed:if-none-match", "Precondition Failed", detail, {})


def unsupported_media_type() -> Problem:
    """415: a write that is not JSON."""
    detail = "The value specified in the 'Content-Type' header is not supported by this host."
    return Problem(
        415, "unsupported-media-type", "Unsupported Media Type", detail, {}, (detail,), content_type=PROBLEM_JSON
    )


def token_refused(status: int, detail: str) -> Problem:
    """400 or 401 of the token endpoint."""
    kind, title = {400: ("bad-request", "Bad Request"), 401: ("unauthorized", "Unauthorized")}[status]
    return Problem(status, kind, title, detail, {})


def unusable_token(error: str) -> Problem:
    """400 of the token information endpoint."""
    return Problem(400, "bad-request", "Bad Request", "An invalid token was provided", {}, (error,))


def too_many_requests(retry_after_s: int) -> Problem:
    """429: the rate limiter, or too many live tokens."""
    detail = "The number of allowed requests has been exceeded. Retry the request later."
    headers = ((b"retry-after", str(retry_after_s).encode()),)
    content_type = b"application/problem+json; charset=utf-8"
    return Problem(429, "too-many-requests", "Too Many Requests", detail, {}, (), content_type, headers)


def broken() -> Problem:
    """500: a bug of ours."""
    return Problem(500, "system", "System Error", "An unexpected problem has occurred.", {}, content_type=PROBLEM_JSON)


def unkept(reason: str) -> Problem:
    """500: the disk of the emulator does not take what was written."""
    return replace(broken(), detail=f"The emulator could not keep what was written: {reason}; make space.")
