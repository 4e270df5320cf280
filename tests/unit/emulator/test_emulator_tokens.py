"""Tokens over a clock of the test's own."""

import base64

import pytest

from dms_load_test.emulator.problems import Refused
from dms_load_test.emulator.tokens import Tokens


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(clock):
    return Tokens("key", "se:cret/+", 1800, clock)


def refusal(act, *arguments):
    with pytest.raises(Refused) as refused:
        act(*arguments)
    return refused.value.problem


def test_a_token_is_good_until_it_expires(tokens, clock):
    header = b"Bearer " + tokens.issue(basic("key:se:cret/+"), "client_credentials").encode()
    clock.now_s = 1799.9
    tokens.check(header)
    clock.now_s = 1800.0
    assert refusal(tokens.check, header).errors == ("Invalid token",)


def test_credentials_may_be_url_encoded(tokens):
    assert tokens.issue(basic("key:se%3Acret%2F%2B"), "client_credentials")


def test_each_request_gives_another_token_and_all_are_good(tokens):
    issued = {tokens.issue(basic("key:se:cret/+"), "client_credentials") for _ in range(3)}
    assert len(issued) == 3
    for token in issued:
        tokens.check(f"bearer {token}".encode())


def test_expired_tokens_are_forgotten(tokens, clock):
    for _ in range(10_000):
        tokens.issue(basic("key:se:cret/+"), "client_credentials")
    clock.now_s = 2000.0
    tokens.issue(basic("key:se:cret/+"), "client_credentials")
    assert len(tokens._expiry_s) == 1


@pytest.mark.parametrize(
    ("authorization", "grant_type", "status"),
    [
        ("", "client_credentials", 400),
        ("Bearer abc", "client_credentials", 400),
        ("Basic %%%", "client_credentials", 400),
        (basic("no colon"), "client_credentials", 400),
        (basic("key:se:cret/+"), "", 400),
        (basic("key:wrong"), "client_credentials", 401),
        (basic("other:se:cret/+"), "client_credentials", 401),
    ],
)
def test_wrong_requests_get_no_token(tokens, authorization, grant_type, status):
    assert refusal(tokens.issue, authorization, grant_type).status == status
