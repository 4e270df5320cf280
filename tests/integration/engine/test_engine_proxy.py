"""Through a proxy, and past it."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import resource
import ssl
import traceback
from contextlib import suppress
from types import SimpleNamespace

import pytest

from dms_load_test.engine.address import Origin
from dms_load_test.engine.connection import Connection
from dms_load_test.engine.proxy import ADVICE, Proxies, Proxy, proxies_of
from dms_load_test.engine.reasons import os_reason
from dms_load_test.engine.target import MetadataReader
from dms_load_test.engine.transport import request_bytes
from dms_load_test.errors import ConfigError, TargetError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HOST = "api.example.org"


class TestingProxy:
    """Opens the way to one port on this machine, whatever name is asked for."""

    __test__ = False

    def __init__(self, way_to):
        self.way_to = way_to
        self.heads = []
        self.answer = b"HTTP/1.1 200 Connection established\r\n\r\n"

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        writer.write(self.answer[:10])
        await asyncio.sleep(0.01)
        writer.write(self.answer[10:])
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.way_to)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        writer.close()

    async def _pass_on(self, source, sink):
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
            sink.close()


@pytest.fixture
async def tunnel(authority):
    """A TLS server with a public name, and the proxy that knows the way to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(OK)
        writer.close()

    target = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    proxy = TestingProxy(target.sockets[0].getsockname()[1])
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    yield proxy
    listener.close()
    target.close()
    await asyncio.sleep(0.05)


def options(environment, **more):
    return {"proxies": proxies_of(environment), **more}


async def ask(client, origin, number=1):
    channel = client.channel(origin)
    _, data = request_bytes("GET", f"{origin}/data", {})
    return [await channel.send(data, safe=True) for _ in range(number)][-1]


async def test_tls_goes_through_a_tunnel_and_is_verified_against_the_target(tunnel, new_client, authority, tmp_path):
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    client = new_client(**options({"https_proxy": f"http://me:p%40ss@127.0.0.1:{tunnel.port}"}, ca_bundle=bundle))
    connection = await ask(client, Origin("https", HOST, 443), number=3)
    assert (connection.error, connection.reason, connection.response.status) == ("", "", 200)
    (head,) = tunnel.heads
    assert head.startswith(b"CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org:443\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in head


async def test_a_proxy_that_refuses_is_named_and_its_password_is_not(tunnel, new_client):
    tunnel.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    client = new_client(**options({"HTTPS_PROXY": f"me:hidden@127.0.0.1:{tunnel.port}"}))
    connection = await ask(client, Origin("https", HOST, 443))
    assert connection.error == "connect"
    assert connection.reason == (
        f"the proxy http://127.0.0.1:{tunnel.port} answered 407 Proxy Authentication Required to CONNECT"
    )
    assert "hidden" not in repr(client.options)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:{port}", "http://no-such-proxy.invalid:3128"])
async def test_where_a_proxy_gives_no_way_the_advice_is_about_the_proxy(tunnel, new_client, proxy):
    tunnel.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    client = new_client(**options({"HTTPS_PROXY": proxy.format(port=tunnel.port)}))
    with pytest.raises(TargetError, match=ADVICE):
        await MetadataReader(client, print).discover(f"https://{HOST}")


async def test_where_a_proxy_may_have_answered_in_the_targets_place_it_is_named(server, new_client):
    server.script = [b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"]
    client = new_client(**options({"http_proxy": f"http://127.0.0.1:{server.port}"}))
    told = f"the proxy http://127.0.0.1:{server.port} may have answered: {ADVICE}; or the server is there"
    with pytest.raises(TargetError, match=re.escape(told)):
        await MetadataReader(client, lambda _: None).discover(f"http://{HOST}/api")


async def test_plain_requests_name_the_whole_url_to_a_proxy(server, new_client):
    client = new_client(**options({"http_proxy": f"http://127.0.0.1:{server.port}"}))
    assert (await ask(client, Origin("http", HOST, 8080), number=2)).response.status == 200
    assert all(request.startswith(b"GET http://api.example.org:8080/data HTTP/1.1\r\n") for request in server.requests)
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize(
    ("host", "exempt", "direct"),
    [
        (HOST, "", False),
        (HOST, "example.org", True),
        (HOST, " other.org, .example.org", True),
        (HOST, "ample.org", False),
        (HOST, "api.example.org:443", True),
        (HOST, "api.example.org:80", False),
        (HOST, "*", True),
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("10.0.0.1", "", False),
    ],
)
def test_no_proxy_and_this_machine_are_reached_directly(host, exempt, direct):
    proxies = proxies_of({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": exempt})
    reached = proxies.of(Origin("https", host, 443))
    assert reached == (None if direct else Proxy(Origin("http", "proxy", 3128)))


def test_without_variables_there_is_no_proxy_and_other_kinds_are_refused():
    assert proxies_of({}) == Proxies()
    proxies = proxies_of({"HTTPS_PROXY": "socks5://proxy:1080"})
    with pytest.raises(ConfigError, match="HTTPS_PROXY names no http:// proxy"):
        proxies.of(Origin("https", HOST, 443))


@pytest.mark.parametrize("origin", [Origin("https", "127.0.0.1", 443), Origin("http", HOST, 80)])
def test_a_proxy_of_another_kind_is_no_mistake_for_who_is_not_reached_through_it(origin):
    assert proxies_of({"HTTPS_PROXY": "socks5://proxy:1080"}).of(origin) is None


@pytest.mark.parametrize(
    "url",
    [f"http://me:pass{special}sesame@proxy:3128" for special in "/#?"]
    + ["http://me:1/sesame@proxy:3128", "me:pass/sesame@proxy:3128", "http://[::1", "http://proxy:pass"],
)
def test_what_is_no_url_is_refused_without_a_part_of_its_password(url):
    with pytest.raises(ConfigError, match="HTTP_PROXY is no URL of a proxy; percent-encode") as raised:
        proxies_of({"HTTP_PROXY": url}).of(Origin("http", HOST, 80))
    shown = "".join(traceback.format_exception(raised.value))
    assert "sesame" not in shown
    assert "During handling" not in shown
    assert "'http" not in shown


async def test_too_many_open_files_are_told_as_a_limit_of_this_process(server, new_client):
    client = new_client()
    await client.addresses(server.origin())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        connection = await ask(client, server.origin())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert connection.error == "connect"
    assert "may not open more files" in connection.reason


async def test_a_network_that_cannot_be_reached_is_told_in_words():
    sock = SimpleNamespace(connect_ex=lambda _: errno.ENETUNREACH)
    with pytest.raises(OSError, match="unreachable") as raised:
        await Connection._connect(None, sock, SimpleNamespace(sockaddr=()))
    assert os_reason(raised.value) == "network is unreachable"


def test_used_up_source_ports_are_told_as_what_they_are():
    error = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    assert "no free source port" in os_reason(error)
