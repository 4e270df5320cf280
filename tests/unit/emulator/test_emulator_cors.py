"""Requests from pages of other origins."""

import pytest

from dms_load_test.emulator.cors import CrossOrigin

PAGE = b"http://localhost:8082"


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"told"})


async def ask(method="GET", **headers):
    """Return (status, headers, body)."""
    sent = []

    async def send(message):
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    app = CrossOrigin(answer, PAGE.decode())
    await app({"type": "http", "method": method, "headers": given}, None, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def test_the_allowed_origin_may_read_the_answer():
    status, headers, body = await ask(origin=PAGE)
    assert (status, body) == (200, b"told")
    assert headers == {b"x": b"y", b"access-control-allow-origin": PAGE, b"vary": b"Origin"}


@pytest.mark.parametrize("headers", [{}, {"origin": b"https://evil.example"}])
async def test_nobody_else_is_told_so(headers):
    assert await ask(**headers) == (200, {b"x": b"y"}, b"told")


async def test_a_preflight_of_the_allowed_origin_gets_what_it_asks_for():
    asked = {"access_control_request_method": b"PUT", "access_control_request_headers": b"authorization"}
    status, headers, body = await ask("OPTIONS", origin=PAGE, **asked)
    assert (status, body) == (204, b"")
    assert headers[b"access-control-allow-origin"] == PAGE
    assert headers[b"access-control-allow-methods"] == b"PUT"
    assert headers[b"access-control-allow-headers"] == b"authorization"


async def test_a_preflight_of_another_origin_gets_nothing():
    asked = {"access_control_request_method": b"PUT"}
    assert await ask("OPTIONS", origin=b"https://evil.example", **asked) == (204, {}, b"")


async def test_options_without_a_method_asked_for_is_no_preflight():
    assert (await ask("OPTIONS", origin=PAGE))[2] == b"told"
