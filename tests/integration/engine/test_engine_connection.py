"""One user's connection against servers that behave, and that do not."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import zlib

import pytest

from dms_load_test.engine.address import Address, Origin
from dms_load_test.engine.answer import Answer, Labels, sample_of
from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import LOOK_UP_AGAIN_S, Client, request_bytes

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def ask(client, origin, method="GET", body=b"", channel=None):
    _, data = request_bytes(method, f"{origin}/data/ed-fi/students", {}, body)
    return await (channel or client.channel(origin)).send(data, safe=method == "GET")


async def until(condition):
    while not condition():  # noqa: ASYNC110 - neither side has an event for it
        await asyncio.sleep(0.001)


def body_of(connection):
    return Answer(connection, 1000, ok=True).body


class Resolver:
    """Stands for the system's: gives the next of `answers`, the last one again and again."""

    def __init__(self):
        self.answers = []
        self.asked = 0

    async def resolve(self, _origin):
        await asyncio.sleep(0)
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, OSError):
            raise answer
        return list(answer)


@pytest.fixture
def resolver(monkeypatch):
    made = Resolver()
    monkeypatch.setattr("dms_load_test.engine.transport.resolve", made.resolve)
    return made


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"{}"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n3;x=y\r\n,2]\r\n0\r\nT: 1\r\n\r\n",
            b"[1,2]",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"{}"),
    ],
)
async def test_answers_of_every_framing_are_read_whole_and_keep_the_connection(server, new_client, answer, body):
    server.script = [answer]
    client = new_client()
    channel = client.channel(server.origin())
    for _ in range(3):
        connection = await ask(client, server.origin(), channel=channel)
        assert (connection.error, body_of(connection)) == ("", body)
    assert server.connections == 1


async def test_an_answer_is_read_whole_when_it_comes_byte_by_byte(server, new_client):
    server.script = [[step for byte in OK for step in (bytes([byte]), 0.0)]]
    connection = await ask(new_client(), server.origin())
    assert (connection.response.status, body_of(connection), connection.received_bytes) == (200, b"{}", len(OK))


async def test_a_body_without_length_ends_with_the_connection(server, new_client):
    server.script = [[b"HTTP/1.1 200 OK\r\n\r\nhello", server.CLOSE]]
    connection = await ask(new_client(), server.origin())
    assert (connection.error, body_of(connection), connection.closed) == ("", b"hello", True)


async def test_a_body_without_length_ends_a_kept_connection_too(server, new_client):
    server.script = [OK, [b"HTTP/1.1 200 OK\r\n\r\nhello", server.CLOSE], OK]
    client = new_client()
    channel = client.channel(server.origin())
    found = [await ask(client, server.origin(), "POST", b"{}", channel) for _ in range(3)]
    assert [(connection.error, body_of(connection)) for connection in found[1:]] == [("", b"hello"), ("", b"{}")]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("steps", "error", "reason"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "close"], "reset", "middle of its answer"),
        ([b"HTTP/1.1 200 OK\r\nServer: x\r\n", "close"], "reset", "middle of its answer"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1", "close"], "reset", "middle of its answer"),
        (["close"], "reset", "without an answer"),
        (["reset"], "reset", "connection reset by the server"),
        ([b"garbage\r\n\r\n"], "protocol", "not an HTTP/1.1 answer"),
        ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], "protocol", "answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"], "protocol", "HTTP"),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400], "protocol", "head is longer than 1000 bytes"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 100], "protocol", "head is longer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 5000], "protocol", "longer than 4000 bytes"),
    ],
)
async def test_what_is_no_answer_is_named_and_closes_the_connection(server, new_client, steps, error, reason):
    server.script = [steps]
    connection = await ask(new_client(max_header_bytes=1000, max_answer_bytes=4000), server.origin(), "POST", b"{}")
    assert connection.error == error
    assert reason in connection.reason
    assert connection.closed
    assert sample_of(connection, Labels("", "create", "students"), ok=False).status == 0


async def test_a_request_larger_than_the_socket_takes_at_once_arrives_whole(server, new_client):
    body = bytes(range(256)) * 40_000
    connection = await ask(new_client(), server.origin(), "POST", body)
    assert (connection.error, connection.sent_whole) == ("", True)
    assert server.requests[0].endswith(b"\r\n\r\n" + body)
    assert connection.sent_bytes == len(server.requests[0])


async def test_connection_close_is_obeyed(server, new_client):
    server.script = [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"]
    client = new_client()
    channel = client.channel(server.origin())
    for _ in range(2):
        assert not (await ask(client, server.origin(), channel=channel)).error
    assert server.connections == 2
    assert client.open_connections == 0


async def test_an_idle_connection_that_the_server_closed_is_replaced_unnoticed(server, new_client):
    client = new_client()
    channel = client.channel(server.origin())
    first = await ask(client, server.origin(), channel=channel)
    server.drop_connections()
    await until(lambda: first.closed)
    assert (await ask(client, server.origin(), "POST", b"{}", channel)).error == ""
    assert server.connections == 2


@pytest.mark.parametrize(("method", "error", "requests"), [("GET", "", 3), ("POST", "reset", 2)])
async def test_a_kept_connection_that_dies_without_an_answer_repeats_only_what_is_safe(
    server, new_client, method, error, requests
):
    server.script = [OK, [server.CLOSE], OK]
    client = new_client()
    channel = client.channel(server.origin())
    await ask(client, server.origin(), channel=channel)
    connection = await ask(client, server.origin(), method, b"{}" if method == "POST" else b"", channel)
    assert (connection.error, len(server.requests)) == (error, requests)


async def test_a_fresh_connection_that_dies_is_not_repeated(server, new_client):
    server.script = [[server.CLOSE]]
    assert (await ask(new_client(), server.origin())).error == "reset"
    assert len(server.requests) == 1


async def test_an_answer_nobody_asked_for_closes_the_connection(server, new_client):
    server.script = [OK + b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"]
    connection = await ask(new_client(), server.origin())
    assert (connection.error, connection.response.status, connection.closed) == ("", 200, True)


@pytest.mark.parametrize("length", [1, 9], ids=["whole", "in part"])
async def test_the_body_of_an_answer_nobody_asked_for_is_not_the_one_before(server, new_client, length):
    server.script = [OK + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx" % length]
    client = new_client()
    channel = client.channel(server.origin())
    assert body_of(await ask(client, server.origin(), channel=channel)) == b"{}"


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([5.0], "no answer within 0.15 s"),
        ([b"HTTP/1.1 200 OK\r\n", 5.0], "no complete answer within 0.15 s"),
    ],
)
async def test_a_server_that_is_too_slow_is_a_timeout(server, new_client, steps, reason):
    server.script = [steps]
    connection = await ask(new_client(request_timeout_s=0.15), server.origin())
    assert (connection.error, connection.reason) == ("timeout", reason)


async def test_a_host_that_does_not_take_connections_is_a_timeout(new_client):
    with socket.socket() as full:  # a listener whose queue is full answers no further connection
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        connection = await ask(new_client(connect_timeout_s=0.15), Origin("http", "127.0.0.1", port))
        for sock in waiting:
            sock.close()
    assert (connection.error, connection.reason) == ("timeout", "no connection within 0.15 s")


async def test_nothing_listening_is_a_refused_connection(new_client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = Origin("http", "127.0.0.1", unused.getsockname()[1])
        connection = await ask(new_client(), origin)
    assert (connection.error, connection.reason) == ("connect", "connection refused")


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'x' * 70}.example"])
async def test_a_name_without_address_is_told(new_client, host):
    connection = await ask(new_client(), Origin("http", host, 80))
    assert connection.error == "connect"
    assert connection.reason.startswith(f"no address for {host}: ")


async def test_closing_the_client_ends_what_is_under_way(server, new_client):
    server.script = [[5.0]]
    client = new_client()
    task = asyncio.create_task(ask(client, server.origin()))
    await until(lambda: server.requests)
    client.close()
    assert (await task).error == "cancelled"
    assert client.open_connections == 0


async def test_users_that_start_together_look_the_name_up_once(server, new_client, resolver):
    resolver.answers = [[Address(socket.AF_INET, ("127.0.0.1", server.port))]]
    client = new_client()
    stopped = asyncio.create_task(client.addresses(server.origin()))
    await asyncio.sleep(0)
    stopped.cancel()
    answers = await asyncio.gather(*(ask(client, server.origin()) for _ in range(10)))
    assert {answer.error for answer in answers} == {""}
    assert resolver.asked == 1


async def test_a_name_that_has_no_address_is_looked_up_once_for_all_and_again_the_next_time(new_client, resolver):
    resolver.answers = [OSError("not yet"), [Address(socket.AF_INET, ("127.0.0.1", 1))]]
    client, origin = new_client(), Origin("http", "127.0.0.1", 80)
    found = await asyncio.gather(*(client.addresses(origin) for _ in range(10)), return_exceptions=True)
    assert {str(error) for error in found} == {"not yet"}
    assert len(await client.addresses(origin)) == 1
    assert resolver.asked == 2


async def test_a_name_whose_addresses_have_died_is_looked_up_again_but_not_by_each_request(server, resolver):
    now_s = [1000.0]
    client = Client(TransportOptions(), Clock(lambda: int(now_s[0] * NS_PER_S), asyncio.sleep))
    origin = server.origin()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = Address(socket.AF_INET, unused.getsockname())
        resolver.answers = [[dead], [Address(socket.AF_INET, ("127.0.0.1", server.port))]]
        told = []
        for pause_s in (0.5, LOOK_UP_AGAIN_S, 0.5):
            told.append(((await ask(client, origin)).error, resolver.asked))
            now_s[0] += pause_s
        told.append(((await ask(client, origin)).error, resolver.asked))
    client.close()
    assert told == [("connect", 1), ("connect", 1), ("connect", 1), ("", 2)]


async def test_the_next_address_is_tried_where_the_first_refuses(server, new_client, resolver):
    client = new_client()
    origin = server.origin()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusing = Address(socket.AF_INET, unused.getsockname())
        accepting = Address(socket.AF_INET, ("127.0.0.1", server.port))
        resolver.answers = [[refusing, accepting]]
        assert (await ask(client, origin)).error == ""
    assert await client.addresses(origin) == [accepting, refusing], "the one that worked goes first from now on"


async def test_a_cancelled_exchange_closes_its_connection(server, new_client):
    server.script = [[5.0]]
    client = new_client()
    channel = client.channel(server.origin())
    task = asyncio.create_task(ask(client, server.origin(), channel=channel))
    await until(lambda: server.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert channel.take_cancelled().error == "cancelled"
    assert client.open_connections == 0


async def test_times_add_up_to_the_exchange(server, new_client):
    server.script = [[0.05, OK[:20], 0.05, OK[20:]]]
    connection = await ask(new_client(), server.origin())
    sample = sample_of(connection, Labels("load", "read", "students"), ok=True)
    assert sample.sending_ns + sample.waiting_ns + sample.receiving_ns == sample.finished_ns - sample.started_ns
    assert sample.waiting_ns >= 40_000_000
    assert sample.receiving_ns >= 40_000_000
    assert sample.connecting_ns > 0
    assert (sample.tls_ns, sample.received_bytes, sample.due_ns) == (0, len(OK), sample.started_ns)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda data: zlib.compress(data, wbits=-15))],
)
async def test_compressed_bodies_are_decoded_when_asked_for(server, new_client, encoding, pack):
    packed = pack(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server.script = [head + packed]
    assert body_of(await ask(new_client(), server.origin())) == b'{"a": 1}'


@pytest.mark.parametrize(
    "packed",
    [b"no gzip at all", gzip.compress(b"x" * 5000), gzip.compress(b"abc")[:-9]],
    ids=["no gzip", "too long", "cut off"],
)
async def test_a_damaged_or_endless_compressed_body_is_refused(server, new_client, packed):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server.script = [head + packed]
    connection = await ask(new_client(), server.origin())
    with pytest.raises(ValueError, match="compressed body"):
        body_of(connection)


async def test_tls_is_verified_against_the_given_authority(tls_server, new_client, authority, tmp_path):
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    large = b"x" * 300_000
    tls_server.script = [OK, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(large), large)]
    client = new_client(ca_bundle=bundle)
    channel = client.channel(tls_server.origin("https"))
    first = await ask(client, channel.origin, channel=channel)
    assert (first.error, first.tls_ns > 0) == ("", True)
    second = await ask(client, channel.origin, "POST", large, channel)
    assert (second.error, Answer(second, 10**6, ok=True).body, second.tls_ns) == ("", large, 0)
    assert tls_server.connections == 1


async def test_an_unknown_certificate_is_refused_unless_insecure(tls_server, new_client):
    refused = await ask(new_client(), tls_server.origin("https"))
    assert refused.error == "tls"
    assert "certificate not accepted" in refused.reason
    assert (await ask(new_client(insecure=True), tls_server.origin("https"))).error == ""


async def test_plain_http_on_a_tls_port_and_tls_on_a_plain_port_are_failures_not_crashes(
    server, tls_server, new_client
):
    client = new_client(insecure=True)
    server.script = [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    assert (await ask(client, tls_server.origin("http"))).error in {"reset", "protocol"}
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()

        async def answer_plainly():
            loop = asyncio.get_running_loop()
            mute.setblocking(False)
            accepted, _ = await loop.sock_accept(mute)
            with accepted:
                await loop.sock_sendall(accepted, b"HTTP/1.1 400 Bad Request\r\n\r\n")

        served = asyncio.create_task(answer_plainly())
        assert (await ask(client, Origin("https", "127.0.0.1", mute.getsockname()[1]))).error == "tls"
        await served


async def test_tls_sessions_are_used_again(tls_server, new_client):
    client = new_client(insecure=True)
    tls_server.script = [OK]
    origin = tls_server.origin("https")
    await ask(client, origin)
    second = await ask(client, origin)
    assert isinstance(second._sock, ssl.SSLSocket)
    assert second._sock.session_reused
