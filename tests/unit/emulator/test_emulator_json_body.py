"""Request bodies before any schema."""

import pytest

from dms_load_test.emulator.json_body import read_body
from dms_load_test.emulator.problems import Refused


def refusal(body):
    with pytest.raises(Refused) as refused:
        read_body(body)
    return refused.value.problem


@pytest.mark.parametrize("body", [b'{"a":1}', b'{ "a" : 1 }', b'{"a":1.0,"b":"\\u00e9"}', b"[]", b"null"])
def test_json_is_read(body):
    read_body(body)


@pytest.mark.parametrize("body", [b"", b"  \r\n"])
def test_an_empty_body_is_refused(body):
    assert refusal(body).errors == ("A non-empty request body is required.",)


@pytest.mark.parametrize(
    "body", [b'{"a":1', b"{'a':1}", b'"\xff"', b"NaN", b'{"a":1}}', b"[" * 100_000, b'{"a":\xed\xa0\x80}']
)
def test_what_is_no_json_is_refused_with_its_place(body):
    problem = refusal(body)
    assert problem.status == 400
    assert "LineNumber:" in problem.violations["$."][0]
    assert problem.body("trace")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{\n "a":1\n "b":2}', "'\"' is invalid after a value. Expected either ',', '}', or ']'. LineNumber: 2 |"),
        (b'{"a":1,\n}', "The JSON object contains a trailing comma at the end which is not supported in this mode."),
    ],
)
def test_a_comma_too_few_or_too_many_is_told_in_the_words_of_dms(body, message):
    assert refusal(body).violations["$."][0].startswith(message)


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"b":[{"a":1,"a":2}]}', b'{ "a":1, "\\u0061":1 }'])
def test_a_member_that_stands_twice_is_refused(body):
    assert refusal(body).violations == {"$.a": ["An item with the same key has already been added."]}
