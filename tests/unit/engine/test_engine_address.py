"""Where requests go, and how that is written in them."""

from __future__ import annotations

import pytest
import trustme

from dms_load_test.engine.address import Origin, split_url
from dms_load_test.engine.options import TransportOptions, tls_context
from dms_load_test.engine.probe import resolve_name
from dms_load_test.engine.transport import request_bytes
from dms_load_test.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "origin", "path", "authority"),
    [
        ("http://localhost:8080/api/data", Origin("http", "localhost", 8080), "/api/data", "localhost:8080"),
        ("https://api.example.org", Origin("https", "api.example.org", 443), "/", "api.example.org"),
        ("http://api.example.org:443/x?a=b", Origin("http", "api.example.org", 443), "/x?a=b", "api.example.org:443"),
        ("http://[::1]:8080/x", Origin("http", "::1", 8080), "/x", "[::1]:8080"),
    ],
)
def test_a_url_is_split_into_origin_and_path(url, origin, path, authority):
    assert split_url(url) == (origin, path)
    assert origin.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://x/",
        "/data",
        "",
        "http://",
        "http://x:99999/",
        "http://x/\r\nHost: y",
        "http://x/a b",
        "http://x/é",
    ],
)
def test_what_is_no_url_is_refused_before_it_is_sent(url):
    with pytest.raises(ConfigError, match="is no URL"):
        split_url(url)


@pytest.mark.parametrize("host", ["a..b.example", f"{'a' * 64}.example"])
async def test_the_doctor_can_tell_that_a_host_is_none(host):
    assert (await resolve_name(Origin("http", host, 80))).error == "this is no host name"


def test_a_single_request_is_written_whole():
    origin, data = request_bytes("POST", "http://x/token?a=b", {"X-Y": "z"}, b"body")
    assert origin == Origin("http", "x", 80)
    assert data == (
        b"POST /token?a=b HTTP/1.1\r\nHost: x\r\nUser-Agent: dms-load-test\r\nAccept: application/json\r\n"
        b"Accept-Encoding: gzip, deflate\r\nX-Y: z\r\nContent-Length: 4\r\n\r\nbody"
    )


def test_certificates_are_verified_by_default():
    context = tls_context(TransportOptions())
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_a_bundle_s_authorities_are_trusted_instead_of_the_systems(tmp_path):
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    usual, own = tls_context(TransportOptions()), tls_context(TransportOptions(ca_bundle=bundle))
    assert len(own.get_ca_certs()) == own.cert_store_stats()["x509"] == 1
    assert (own.check_hostname, own.verify_mode, own.options) == (True, usual.verify_mode, usual.options)
    assert (own.minimum_version, own.verify_flags) == (usual.minimum_version, usual.verify_flags)


def test_files_that_are_no_certificates_are_the_users_mistake(tmp_path):
    missing, wrong = tmp_path / "missing.pem", tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="ascii")
    with pytest.raises(ConfigError, match=r"CA_BUNDLE: .*missing\.pem: No such file"):
        tls_context(TransportOptions(ca_bundle=missing))
    with pytest.raises(ConfigError, match=r"CA_BUNDLE: .*wrong\.pem: not a usable PEM file"):
        tls_context(TransportOptions(ca_bundle=wrong))
    with pytest.raises(ConfigError, match="CLIENT_CERTIFICATE: "):
        tls_context(TransportOptions(client_certificate=wrong))
