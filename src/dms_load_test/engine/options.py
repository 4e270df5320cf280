"""How to reach a target: time-outs, limits and TLS, as the user set them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dms_load_test.engine.proxy import NO_PROXIES, Proxies
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """Time-outs in seconds, from the start of connecting and of sending.

    `max_header_bytes` bounds an answer's head, interim answers included; `max_answer_bytes` the whole answer on the
    wire and, where it is asked for, its decoded body.
    """

    connect_timeout_s: float = 10.0
    request_timeout_s: float = 60.0
    max_header_bytes: int = 64 * 1024
    max_answer_bytes: int = 64 * 1024 * 1024
    insecure: bool = False
    ca_bundle: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    proxies: Proxies = NO_PROXIES


def tls_context(options: TransportOptions) -> ssl.SSLContext:
    """Build the TLS context; certificates are verified unless `insecure`.

    Raises:
        ConfigError: A certificate file cannot be read or is none.
    """
    bundle = options.ca_bundle
    context = (
        _load("CA_BUNDLE", bundle, lambda: ssl.create_default_context(cafile=bundle))  # in place of the system's
        if bundle
        else ssl.create_default_context()
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # a system's Python may leave that to its OpenSSL
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if options.client_certificate:
        certificate, key = options.client_certificate, options.client_key
        _load("CLIENT_CERTIFICATE", certificate, lambda: context.load_cert_chain(certificate, key))
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load(setting: str, path: Path, load: Callable[[], T]) -> T:
    try:
        return load()
    except ssl.SSLError as error:
        raise ConfigError(f"{setting}: {path}: not a usable PEM file ({error.reason or error})") from error
    except OSError as error:
        raise ConfigError(f"{setting}: {path}: {error.strerror}; give the path of a PEM file") from error
