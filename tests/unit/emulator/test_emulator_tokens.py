"""Tokens over a clock of the test's own."""

import base64

import pytest

from dms_load_test.emulator.claims import FULL, Access
from dms_load_test.emulator.problems import Refused
from dms_load_test.emulator.tokens import Tokens, require_basic_credentials

CLIENT = Access("key", FULL)


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
    return Tokens(1800, clock)


def refusal(act, *arguments):
    with pytest.raises(Refused) as refused:
        act(*arguments)
    return refused.value.problem


def test_a_token_carries_its_clients_rights_until_it_expires(tokens, clock):
    header = b"Bearer " + tokens.give(CLIENT).encode()
    clock.now_s = 1799.9
    assert tokens.check(header) is CLIENT
    clock.now_s = 1800.0
    assert refusal(tokens.check, header).errors == ("Invalid token",)


def test_credentials_may_be_url_encoded():
    expected = ("key", "se:cret/+")
    assert require_basic_credentials(basic("key:se%3Acret%2F%2B"), "client_credentials") == expected
    assert require_basic_credentials(basic("key:se:cret/+"), "client_credentials") == expected


def test_each_request_gives_another_token_and_all_are_good(tokens):
    given = {tokens.give(CLIENT) for _ in range(3)}
    assert len(given) == 3
    for token in given:
        tokens.check(f"bearer {token}".encode())


def test_expired_tokens_are_forgotten(tokens, clock):
    for _ in range(10_000):
        tokens.give(CLIENT)
    clock.now_s = 2000.0
    tokens.give(CLIENT)
    assert len(tokens._given) == 1


def test_a_revoked_token_is_no_token(tokens):
    one, other = tokens.give(CLIENT), tokens.give(CLIENT)
    tokens.revoke(one)
    assert tokens.find(one) is None
    assert tokens.find(other) is not None
    assert tokens.revoke_all() == 1
    assert tokens.find(other) is None


def test_a_client_gets_no_more_live_tokens_than_it_may_have(clock):
    tokens = Tokens(1800, clock, live_limit=2)
    tokens.give(CLIENT)
    tokens.give(CLIENT)
    problem = refusal(tokens.give, CLIENT)
    assert (problem.status, dict(problem.headers)[b"retry-after"]) == (429, b"300")
    tokens.give(Access("other", FULL))
    clock.now_s = 1800.0
    tokens.give(CLIENT)


@pytest.mark.parametrize(
    ("authorization", "grant_type"),
    [
        ("", "client_credentials"),
        ("Bearer abc", "client_credentials"),
        ("Basic %%%", "client_credentials"),
        ("Basic é", "client_credentials"),
        (basic("no colon"), "client_credentials"),
        (basic("key:se:cret/+"), ""),
    ],
)
def test_wrong_requests_get_no_token(authorization, grant_type):
    assert refusal(require_basic_credentials, authorization, grant_type).status == 400
