"""Why an operation failed, in the server's words, as short as a cell of a table needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dms_load_test.scenarios.api import Reply

_MOST = 200


def explained(reply: Reply) -> str:
    """Return status and reason, such as `409 unresolved-reference: The referenced School item(s) do not exist`."""
    if reply.error:
        return f"no answer ({reply.error})"
    try:
        body = reply.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return str(reply.status)
    kind = str(body.get("type", "")).rpartition(":")[2]
    texts = [str(body.get("detail", "")), *_errors(body)]
    told = " ".join(text for text in texts if text)
    return f"{reply.status} {kind}: {told}"[:_MOST].rstrip(": ")


def _errors(body: dict[str, Any]) -> list[str]:
    errors = body.get("errors") or []
    by_member = body.get("validationErrors") or {}
    told = [str(error) for error in errors] if isinstance(errors, list) else []
    if isinstance(by_member, dict):
        told += [f"{member}: {' '.join(map(str, found))}" for member, found in by_member.items()]
    return told
