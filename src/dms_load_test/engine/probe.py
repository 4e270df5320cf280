"""The way to a target, step by step: its name, a connection, TLS. Looked at once, so without our client."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dms_load_test.engine.address import resolve

if TYPE_CHECKING:
    from dms_load_test.engine.address import Origin

_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Way:
    """What a step of the way came to: milliseconds, and what was found; `error` tells why it failed."""

    took_ms: float = 0.0
    found: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What TLS came to. `expires_s` is seconds since 1970, 0 where the certificate was not looked at."""

    version: str = ""
    cipher: str = ""
    issuer: str = ""
    expires_s: float = 0.0
    error: str = ""


async def resolve_name(origin: Origin) -> Way:
    """Look the host's addresses up."""
    began_s = time.perf_counter()
    try:
        found = await resolve(origin)
    except OSError as error:
        return Way(error=error.strerror or str(error))
    addresses = tuple(dict.fromkeys(str(address.sockaddr[0]) for address in found))
    return Way((time.perf_counter() - began_s) * _MS_PER_S, addresses)


async def open_connection(host: str, port: int, timeout_s: float) -> Way:
    """Connect once, and close again."""
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return Way(error=f"no answer in {timeout_s:g} s")
    except OSError as error:
        return Way(error=error.strerror or str(error))
    took_ms = (time.perf_counter() - began_s) * _MS_PER_S
    peer = writer.get_extra_info("peername")
    writer.close()
    return Way(took_ms, (str(peer[0]),) if peer else ())


async def shake_hands(origin: Origin, context: ssl.SSLContext, timeout_s: float) -> Certificate:
    """Do a TLS handshake once, and tell what was agreed on."""
    return await asyncio.to_thread(_shake_hands, origin, context, timeout_s)


def _shake_hands(origin: Origin, context: ssl.SSLContext, timeout_s: float) -> Certificate:
    try:
        with (
            socket.create_connection((origin.host, origin.port), timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=origin.host) as secured,
        ):
            shown: Any = secured.getpeercert() or {}
            cipher = secured.cipher()
            return Certificate(
                version=secured.version() or "",
                cipher=cipher[0] if cipher else "",
                issuer=_common_name(shown.get("issuer", ())),
                expires_s=ssl.cert_time_to_seconds(shown["notAfter"]) if "notAfter" in shown else 0.0,
            )
    except ssl.SSLCertVerificationError as error:
        return Certificate(error=error.verify_message)
    except ssl.SSLError as error:
        return Certificate(error=error.reason or str(error))
    except OSError as error:
        return Certificate(error=error.strerror or str(error))


def _common_name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    names = {name: value for part in parts for name, value in part}
    return names.get("commonName") or names.get("organizationName") or "unknown"
