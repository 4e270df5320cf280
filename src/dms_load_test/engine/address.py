"""Where requests go: a URL's origin, and the socket addresses its host has."""

from __future__ import annotations

import asyncio
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from dms_load_test.errors import ConfigError

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme (`http`, `https`), host without brackets, and port."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the Host header: `localhost:8080`, `[::1]:8080`, `api.example.org`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Address(NamedTuple):
    """One way to reach an origin."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]


def split_url(url: str) -> tuple[Origin, str]:
    """Return the origin of `url` and its path with query, `/` where there is none.

    Raises:
        ConfigError: `url` is no absolute http or https URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"{url!r} is no URL; expected for example https://localhost:8080/api")
    path = parts.path or "/"
    return Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme]), (
        f"{path}?{parts.query}" if parts.query else path
    )


async def resolve(origin: Origin) -> list[Address]:
    """Ask the system for the origin's addresses, in its order of preference.

    Raises:
        OSError: The name has none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long
        raise OSError("this is no host name") from error
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]
