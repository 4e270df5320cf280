"""What the Starlette routes share: reading forms or JSON bodies, and writing problems."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from dms_load_test.emulator.problems import Problem


async def members(request: Request) -> dict[str, str]:
    """Return the members of a form or of a JSON object; empty where the body is neither."""
    body = await request.body()
    if "json" in request.headers.get("content-type", "").lower():
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return {}
        return {name: str(value) for name, value in document.items()} if isinstance(document, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def problem_response(problem: Problem, correlation_id: str) -> Response:
    """Return a problem as an answer."""
    headers = {name.decode(): value.decode() for name, value in problem.headers}
    return Response(problem.body(correlation_id), problem.status, headers, media_type=problem.content_type.decode())
