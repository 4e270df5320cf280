"""HTTP proxies, as HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them: who is reached through which, and what it is told.

Loopback addresses are never reached through a proxy, as with k6: what listens there is on this machine.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from dms_load_test.engine.address import Origin, split_url
from dms_load_test.errors import ConfigError
from dms_load_test.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

ADVICE = "correct HTTP_PROXY and HTTPS_PROXY, or name the target's host in NO_PROXY"
"""What to do where a proxy does not give the way."""
_OK = b"200"


class Proxy(NamedTuple):
    """Where a proxy listens, and the header line that it wants, with its end; empty where it knows no users."""

    origin: Origin
    authorization: bytes = b""

    def __repr__(self) -> str:
        return f"Proxy({self.origin})"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy for each scheme, and the hosts that are reached without, in NO_PROXY's words.

    A text in place of a proxy says why what is given cannot be used, which matters to who would be reached through it.
    """

    http: Proxy | str | None = None
    https: Proxy | str | None = None
    exempt: str = ""

    def of(self, origin: Origin) -> Proxy | None:
        """Return the proxy through which `origin` is reached, None where it is reached directly.

        Raises:
            ConfigError: What is given for it is no http proxy.
        """
        proxy = self.https if origin.scheme == "https" else self.http
        if proxy is None or is_loopback(origin.host) or _is_exempt(origin, self.exempt):
            return None
        if isinstance(proxy, str):
            raise ConfigError(proxy)
        return proxy


NO_PROXIES = Proxies()


def proxies_of(environment: Mapping[str, str]) -> Proxies:
    """Read the proxies from environment variables; lower-case names go first."""
    values = {name: environment.get(name) or environment.get(name.upper(), "") for name in _NAMES}
    return Proxies(_proxy("HTTP_PROXY", values), _proxy("HTTPS_PROXY", values), values["no_proxy"])


_NAMES = ("http_proxy", "https_proxy", "no_proxy")


def _proxy(name: str, values: Mapping[str, str]) -> Proxy | str | None:
    text = values[name.lower()]
    if not text:
        return None
    url = text if "://" in text else f"http://{text}"
    if not url.lower().startswith("http://"):
        return f"{name} names no http:// proxy; other kinds cannot be used: unset it, or set NO_PROXY"
    try:
        return _parsed(url)
    except (ConfigError, ValueError):  # which may quote a part of the password
        return f"{name} is no URL of a proxy; percent-encode what is special in its user and password"


def _parsed(url: str) -> Proxy:
    """Read a proxy's URL. Raises: ConfigError, ValueError: It is none."""
    parts = urlsplit(url)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("a /, ? or # in the password ends what is taken for the host")
    origin, _ = split_url(f"http://{parts.netloc.rpartition('@')[2]}")
    if parts.username is None:
        return Proxy(origin)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(origin, f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode('ascii')}\r\n".encode("ascii"))


def tunnel_request(origin: Origin, proxy: Proxy) -> bytes:
    """Return what asks a proxy for a way to `origin` that it does not look into."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authority = f"{host}:{origin.port}".encode("ascii")
    return b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (authority, authority, proxy.authorization)


def refusal_in(head: bytes, proxy: Proxy) -> str:
    """Return why a proxy's answer to `tunnel_request` gives no way, empty where it does."""
    status_line = head.partition(b"\r\n")[0]
    if status_line.startswith(b"HTTP/1.") and status_line[9:12] == _OK:
        return ""
    return f"the proxy {proxy.origin} answered {status_line[9:60].decode('latin-1').strip() or 'no HTTP'} to CONNECT"


def absolute_form(request: bytes, origin: Origin, proxy: Proxy) -> bytes:
    """Return a request as a proxy wants it that reads it: with the whole URL, and with its own authorization."""
    method, _, rest = request.partition(b" ")
    line, _, more = rest.partition(b"\r\n")
    return b"%b %b%b\r\n%b%b" % (method, str(origin).encode("ascii"), line, proxy.authorization, more)


def _is_exempt(origin: Origin, exempt: str) -> bool:
    """Whether NO_PROXY names the host, a domain it is in, or all."""
    for entry in filter(None, (entry.strip().lower().lstrip(".") for entry in exempt.split(","))):
        with_port = f"{origin.host}:{origin.port}"
        if entry in {"*", origin.host, with_port} or origin.host.endswith(f".{entry}"):
            return True
    return False
