"""Why a request failed, in words that group."""

from __future__ import annotations

import msgspec
import pytest

from dms_load_test.engine.problems import EXAMPLE_LENGTH, REASON_LENGTH, correlation_id_of, example_of, fold, reason_of


def problem(**members):
    return msgspec.json.encode(members)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            problem(
                type="urn:ed-fi:api:data-conflict:unresolved-reference",
                detail="One or more references could not be resolved.",
                validationErrors={"$.schoolReference": ["The referenced School item does not exist."]},
            ),
            "unresolved-reference: $.schoolReference The referenced School item does not exist.",
        ),
        (
            problem(type="urn:ed-fi:api:security:authentication", detail="x", errors=["Invalid token"]),
            "authentication: Invalid token",
        ),
        (
            problem(type="urn:ed-fi:api:security:authorization:", detail="Access was refused.", errors=[]),
            "authorization: Access was refused.",
        ),
        (
            problem(message="The server encountered an unexpected condition."),
            "The server encountered an unexpected condition.",
        ),
        (problem(status=500), "status 500"),
        (b"", "status 500 without a body"),
        (b"<html>Bad   Gateway</html>", "<html>Bad Gateway</html>"),
        (b"[1]", "[#]"),
        (b"\xff\xfe", "��"),
    ],
)
def test_a_reason_is_the_problems_kind_and_the_message_that_says_most(body, reason):
    assert reason_of(500, body) == reason


def test_alike_messages_fold_into_one_group():
    one = "No student '604822' with id 0b7f4a2c-1111-2222-3333-123456789abc in section 12 at \"Lincoln High\""
    two = "No student '99' with id ffffffff-aaaa-bbbb-cccc-000000000000 in section 7 at \"Adams Middle\""
    assert fold(one) == fold(two)


def test_reasons_and_examples_are_bounded():
    body = b"z" * 100_000
    assert len(reason_of(500, body)) <= REASON_LENGTH
    assert len(example_of(body)) <= EXAMPLE_LENGTH


@pytest.mark.parametrize("text", [b"Authorization: Bearer abc.def-1~x", b'{"access_token":"abc.def-1~x"}'])
def test_an_example_shows_no_token(text):
    assert "abc" not in example_of(text)
    assert "***" in example_of(text)


TOKEN = "abcDEF123456ghiJKL789"


def blotted(text):
    return text.replace(TOKEN, "***")


@pytest.mark.parametrize(
    "body",
    [
        f"no user has {TOKEN}".encode(),
        f"{'z ' * 490}{TOKEN} is cut".encode(),
        problem(type=f"urn:{TOKEN}", detail=f"{TOKEN} is refused"),
        problem(correlationId="z" * 990 + TOKEN, detail="x" * 185 + TOKEN),
    ],
)
def test_what_is_secret_is_taken_out_before_digits_are_folded_and_texts_cut(body):
    told = reason_of(401, body, blotted) + example_of(body, blotted) + correlation_id_of(body, blotted)
    assert "abcDEF" not in told


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (problem(correlationId="0HN:1"), "0HN:1"),
        (problem(traceId="t"), "t"),
        (problem(correlationId=None), ""),
        (b"x", ""),
    ],
)
def test_the_correlation_id_is_found(body, expected):
    assert correlation_id_of(body) == expected
