"""One request to what stands beside the target. Redirects are not followed: they would carry secrets to other hosts."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

_MOST_BYTES = 16 * 1024 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, _msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        raise urllib.error.HTTPError(
            req.full_url, code, f"it redirects to {newurl}, which is not followed", headers, fp
        )


_OPENER = urllib.request.build_opener(_NoRedirects)


def fetch(request: str | urllib.request.Request, timeout_s: float) -> bytes:
    """Return the body of the answer, or the beginning of a very long one; the URL is to be http or https.

    Raises:
        OSError: There is no answer, or it is another than 2xx.
    """
    try:
        with _OPENER.open(request, timeout=timeout_s) as answer:
            body: bytes = answer.read(_MOST_BYTES)
    except HTTPException as error:  # another protocol's port, say
        raise OSError(f"no HTTP answer ({type(error).__name__})") from error
    return body
