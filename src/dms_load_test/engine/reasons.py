"""What the system's errors mean to who runs a load test: limits of this machine are not the target's fault."""

from __future__ import annotations

import errno
import ssl

_REASONS = {
    errno.EADDRNOTAVAIL: "this machine has no free source port left; use fewer users or connections that stay open",
    errno.EMFILE: "this process may not open more files; raise `ulimit -n`",
    errno.ENFILE: "this machine may not open more files",
}


def os_reason(error: OSError) -> str:
    """Return why the system did not do what was asked."""
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    name = errno.errorcode.get(error.errno or 0, "")
    words = {"ECONNREFUSED": "connection refused", "ECONNRESET": "connection reset by the server"}
    return words.get(name) or (error.strerror or str(error)).lower()


def tls_reason(error: ssl.SSLError) -> str:
    """Return why TLS did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    return f"TLS handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
