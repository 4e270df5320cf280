"""One token for all: how it is asked for, kept, renewed and given up."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import pytest

from dms_load_test.engine.auth import SharedAuthManager, TokenError
from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import Client

SECRET = "s3cret:/é"


def token(name, life_s=1800):
    body = f'{{"access_token":"{name}","expires_in":{life_s},"token_type":"Bearer"}}'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def refusal(status, headers=""):
    body = '{"error":"slow_down"}'
    return f"HTTP/1.1 {status} No\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class HandClock:
    """A clock that tests move, and that notes pauses instead of making them."""

    def __init__(self):
        self.now_s = 1000.0
        self.pauses_s = []

    def clock(self):
        return Clock(lambda: int(self.now_s * NS_PER_S), self.pause)

    async def pause(self, seconds):
        self.pauses_s.append(seconds)
        self.now_s += seconds


@pytest.fixture
def hand():
    return HandClock()


@pytest.fixture
async def auth(server, hand):
    client = Client(TransportOptions(), hand.clock())
    samples = []
    manager = SharedAuthManager(
        client, f"http://127.0.0.1:{server.port}/oauth/token", "key", SECRET, emit=samples.append, phase="setup"
    )
    manager.samples = samples
    manager.now = hand.clock().now_ns
    yield manager
    await manager.close()
    client.close()


async def test_a_hundred_users_that_wait_make_one_request(server, auth):
    server.script = [[0.02, token("abc")]]
    lines = await asyncio.gather(*(auth.wait() for _ in range(100)))
    assert set(lines) == {b"Authorization: Bearer abc\r\n"}
    assert len(server.requests) == 1
    assert auth.line(auth.now()) == lines[0]


async def test_the_client_is_named_by_http_basic_with_each_part_quoted(server, auth):
    server.script = [token("abc")]
    await auth.wait()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line = next(line for line in head.split(b"\r\n") if line.startswith(b"Authorization: Basic "))
    assert b64decode(line.rpartition(b" ")[2]) == b"key:s3cret%3A%2F%C3%A9"
    assert body == b"grant_type=client_credentials"


async def test_a_token_is_renewed_before_it_expires_while_users_go_on(server, auth, hand):
    server.script = [token("old"), [0.02, token("new")]]
    await auth.wait()
    hand.now_s += 1739
    assert auth.line(auth.now()) == b"Authorization: Bearer old\r\n"
    assert auth._renewal is None
    hand.now_s += 2
    assert {auth.line(auth.now()) for _ in range(50)} == {b"Authorization: Bearer old\r\n"}
    await auth.wait()
    assert auth.line(auth.now()) == b"Authorization: Bearer new\r\n"
    assert len(server.requests) == 2


async def test_a_short_lived_token_is_renewed_in_its_last_fifth(server, auth, hand):
    server.script = [token("old", 10)]
    await auth.wait()
    hand.now_s += 7.9
    assert auth.line(auth.now())
    assert auth._renewal is None
    hand.now_s += 2.2
    assert auth.line(auth.now()) == b""


@pytest.mark.parametrize(("life", "life_s"), [('"inf"', 1e9), ('"-inf"', 1), ('"nan"', 1), ("1e400", 1e9), ("-5", 1)])
async def test_a_life_beyond_all_measure_is_cut(server, auth, life, life_s):
    server.script = [token("abc", life)]
    await auth.wait()
    assert auth.life_s() == life_s


@pytest.mark.parametrize(("life", "life_s"), [("null", 1800), ('"90"', 90)])
async def test_a_life_that_is_not_told_is_the_usual_one_and_a_text_is_a_number_too(server, auth, life, life_s):
    server.script = [token("abc", life)]
    await auth.wait()
    assert auth.life_s() == life_s


@pytest.mark.parametrize("life", ['"abc"', "true", "[]"])
async def test_a_life_that_is_no_number_is_told_as_such(server, auth, life):
    server.script = [token("abc", life)]
    with pytest.raises(TokenError, match="expires_in is no number of seconds: ") as raised:
        await auth.wait()
    assert str(raised.value).endswith(life)


async def test_only_the_current_token_is_given_up_when_refused(server, auth):
    server.script = [token("one"), token("two")]
    old = await auth.wait()
    assert auth.reject(old)
    assert auth.line(auth.now()) == b""
    new = await auth.wait()
    assert auth.reject(old)
    assert auth.line(auth.now()) == new
    assert len(server.requests) == 2


async def test_tokens_that_are_refused_one_after_the_other_are_renewed_ever_more_rarely(server, auth, hand):
    server.script = [token(f"t{number}") for number in range(100)]
    for _ in range(1000):
        auth.reject(auth.line(auth.now()) or await auth.wait())
        hand.now_s += 0.1
    assert 5 <= len(server.requests) <= 9


@pytest.mark.parametrize(("status", "header", "least_s"), [(429, "Retry-After: 9\r\n", 9), (503, "", 0), (502, "", 0)])
async def test_a_busy_endpoint_is_asked_again_when_it_says(server, auth, hand, status, header, least_s):
    server.script = [refusal(status, header), token("abc")]
    assert await auth.wait() == b"Authorization: Bearer abc\r\n"
    assert len(hand.pauses_s) == 1
    assert least_s <= hand.pauses_s[0] <= least_s + 1
    assert [(s.operation, s.status, s.ok, s.final, s.attempt, s.phase) for s in auth.samples] == [
        ("token", status, False, False, 1, "setup"),
        ("token", 200, True, True, 2, "setup"),
    ]


async def test_an_endpoint_that_stays_busy_or_asks_for_too_much_is_given_up(server, auth, hand):
    server.script = [refusal(429)]
    with pytest.raises(TokenError, match="slow_down") as raised:
        await auth.wait()
    assert raised.value.status == 429
    assert len(server.requests) == 6
    server.script = [refusal(429, "Retry-After: 9999\r\n")]
    with pytest.raises(TokenError):
        await auth.wait()
    assert len(server.requests) == 7
    assert sum(hand.pauses_s) < 60
    assert [s.final for s in auth.samples] == [False] * 5 + [True, True]


async def test_wrong_credentials_are_asked_once_and_the_next_time_only_after_a_pause(server, auth, hand):
    server.script = [refusal(401)]
    with pytest.raises(TokenError):
        await auth.wait()
    assert (len(server.requests), hand.pauses_s) == (1, [])
    with pytest.raises(TokenError):
        await asyncio.gather(*(auth.wait() for _ in range(20)))
    assert (len(server.requests), hand.pauses_s) == (2, [pytest.approx(5)])


@pytest.mark.parametrize("body", ["{}", "[]", "not json", '{"access_token": "a\\r\\nX: y"}', '{"access_token": "é"}'])
async def test_an_answer_without_a_usable_token_is_refused(server, auth, body):
    data = body.encode()
    server.script = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)]
    with pytest.raises(TokenError, match="access_token"):
        await auth.wait()
    assert [(sample.status, sample.ok, sample.final) for sample in auth.samples] == [(200, False, True)]


async def test_a_user_that_is_stopped_does_not_take_the_request_from_the_others(server, auth):
    server.script = [[0.02, token("abc")]]
    first, second = asyncio.create_task(auth.wait()), asyncio.create_task(auth.wait())
    await asyncio.sleep(0.005)
    first.cancel()
    assert await second == b"Authorization: Bearer abc\r\n"
    assert len(server.requests) == 1


async def test_a_token_is_in_no_text_after_it_was_renewed_either(server, auth):
    server.script = [token("old-one"), token("new-one")]
    auth.reject(await auth.wait())
    await auth.wait()
    assert auth.blot("old-one came late, new-one was taken") == "*** came late, *** was taken"


async def test_an_endpoint_that_answers_with_the_secret_does_not_have_it_told_in_part(server, auth):
    auth._secret = "abcDEF123456ghiJKL789"
    body = f"who is {auth._secret}?"
    server.script = [f"HTTP/1.1 401 No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()]
    with pytest.raises(TokenError) as raised:
        await auth.wait()
    assert str(raised.value) == "who is ***?"


async def test_neither_token_nor_secret_is_in_any_text(server, auth):
    server.script = [token("tok-en.1"), refusal(401)]
    await auth.wait()
    assert auth.blot("Bearer tok-en.1 was refused") == "Bearer *** was refused"
    auth.reject(auth.line(auth.now()))
    assert auth.blot("Bearer tok-en.1 was refused") == "Bearer *** was refused"
    with pytest.raises(TokenError) as raised:
        await auth.wait()
    shown = repr(auth) + repr(raised.value) + str(raised.value) + repr(auth.samples)
    assert "s3cret" not in shown
    assert "tok-en" not in shown
