"""Single values: what is coerced, what is refused and with which words."""

import pytest

from dms_load_test.edfi.schema import Leaf
from dms_load_test.emulator.fields import OutOfRange, Wrong, compile_leaf

TEXT = Leaf("x", "string", min_length=2, max_length=5)
KEY = Leaf("x", "string", max_length=5, blanks="noEdge")
NAME = Leaf("x", "string", max_length=5, blanks="notBlank")
DATE = Leaf("x", "string", format="date")
MOMENT = Leaf("x", "string", format="date-time")
TIME = Leaf("x", "string", format="time")
WHOLE = Leaf("x", "integer")
SMALL = Leaf("x", "integer", format="int32")
YEAR = Leaf("x", "integer", minimum=1900, maximum=2100)
MONEY = Leaf("x", "number", digits=(5, 2))
NUMBER = Leaf("x", "number")
FLAG = Leaf("x", "boolean")
CHOICE = Leaf("x", "string", enum=("a", "b"))
CODE = Leaf("x", "string", pattern="^[A-Z]+$")


@pytest.mark.parametrize(
    ("leaf", "value", "kept"),
    [
        (TEXT, "ab", "ab"),
        (TEXT, "äöüß€", "äöüß€"),
        (TEXT, " a ", " a "),
        (KEY, "a b", "a b"),
        (NAME, " a", " a"),
        (DATE, "2024-02-29", "2024-02-29"),
        (DATE, "5/1/2024", "2024-05-01"),
        (DATE, "13/1/2024", "2024-01-13"),
        (DATE, "2024/5/1", "2024-05-01"),
        (MOMENT, "2024-05-01T08:30:00Z", "2024-05-01T08:30:00Z"),
        (MOMENT, "2024-05-01T08:30:00-05:00", "2024-05-01T13:30:00Z"),
        (MOMENT, "2024-05-01", "2024-05-01T00:00:00Z"),
        (MOMENT, "5/1/2024 08:30:00", "2024-05-01T08:30:00Z"),
        (MOMENT, "2021/09/28", "2021-09-28T00:00:00Z"),
        (MOMENT, "2021-09-28 2:15:30 PM", "2021-09-28T14:15:30Z"),
        (MOMENT, "9/28/2021 12:05 am", "2021-09-28T00:05:00Z"),
        (MOMENT, "0500-01-02T03:04:05.678Z", "0500-01-02T03:04:05Z"),
        (TIME, "23:59:59", "23:59:59"),
        (WHOLE, "100", 100),
        (WHOLE, "-7", -7),
        (WHOLE, 3.0, 3),
        (WHOLE, 2**40, 2**40),
        (SMALL, 2**31 - 1, 2**31 - 1),
        (YEAR, 2025, 2025),
        (MONEY, "1.5", 1.5),
        (MONEY, 999.99, 999.99),
        (MONEY, -999.99, -999.99),
        (MONEY, 3, 3),
        (NUMBER, "7", 7),
        (NUMBER, "1" + "0" * 20, 1e20),
        (NUMBER, 10**20, 1e20),
        (NUMBER, -(2**63), -(2**63)),
        (FLAG, True, True),
        (FLAG, "true", True),
        (FLAG, "tRuE", True),
        (FLAG, "0", False),
        (FLAG, 1, True),
        (CHOICE, "a", "a"),
        (CODE, "ABC", "ABC"),
    ],
)
def test_a_valid_value_is_kept_in_its_canonical_form(leaf, value, kept):
    result = compile_leaf(leaf)(value)
    assert result == kept
    assert type(result) is type(kept)


@pytest.mark.parametrize(
    ("leaf", "value", "message"),
    [
        (TEXT, "a", "Value should be at least 2 characters"),
        (TEXT, "abcdef", "Value should be at most 5 characters"),
        (TEXT, 5, 'Value is "integer" but should be "string"'),
        (TEXT, ["a"], 'Value is "array" but should be "string"'),
        (KEY, " a", "cannot contain leading or trailing spaces."),
        (KEY, "a ", "cannot contain leading or trailing spaces."),
        (KEY, "", "is required and should not be left empty."),
        (KEY, "  ", "cannot contain leading or trailing spaces."),
        (NAME, "", "is required and should not be left empty."),
        (NAME, "  ", "cannot contain leading or trailing spaces."),
        (DATE, "2023-02-29", 'Value does not match format "date"'),
        (DATE, "20240501", 'Value does not match format "date"'),
        (DATE, "1/2/2024 8:00", 'Value does not match format "date"'),
        (MOMENT, "2021-09-28 13:15 PM", 'Value does not match format "date-time"'),
        (MOMENT, "31/31/2021", 'Value does not match format "date-time"'),
        (DATE, "13/13/2024", 'Value does not match format "date"'),
        (DATE, 20240501, 'Value is "integer" but should be "string"'),
        (MOMENT, "yesterday", 'Value does not match format "date-time"'),
        (MOMENT, "0001-01-01T00:00:00+14:00", 'Value does not match format "date-time"'),
        (MOMENT, "9999-12-31T23:59:59-05:00", 'Value does not match format "date-time"'),
        (DATE, "2024-05-0\N{ARABIC-INDIC DIGIT ONE}", 'Value does not match format "date"'),
        (TIME, "24:00:00", 'Value does not match format "time"'),
        (TIME, "8:00", 'Value does not match format "time"'),
        (WHOLE, "1.5", 'Value is "string" but should be "integer"'),
        (WHOLE, "\N{ARABIC-INDIC DIGIT THREE}", 'Value is "string" but should be "integer"'),
        (WHOLE, 1.5, 'Value is "number" but should be "integer"'),
        (WHOLE, True, 'Value is "boolean" but should be "integer"'),
        (SMALL, 2**31, "Value should be at most 2147483647"),
        (WHOLE, 2**63, "Value should be at most 9223372036854775807"),
        (WHOLE, "-9999999999999999999", "Value should be at least -9223372036854775808"),
        (NUMBER, "1e999", "Value should be at most 1.79769e+308"),
        (NUMBER, "1" * 5000, "Value should be at most 1.79769e+308"),
        (NUMBER, "\N{ARABIC-INDIC DIGIT THREE}", 'Value is "string" but should be "number"'),
        (YEAR, 1899, "Value should be at least 1900"),
        (MONEY, "many", 'Value is "string" but should be "number"'),
        (MONEY, True, 'Value is "boolean" but should be "number"'),
        (FLAG, 2, 'Value is "integer" but should be "boolean"'),
        (FLAG, "2", 'Value is "string" but should be "boolean"'),
        (FLAG, {}, 'Value is "object" but should be "boolean"'),
        (CHOICE, "c", "Value should match one of the values specified by the enum"),
        (CODE, "abc", "The string value is not a match for the indicated regular expression"),
    ],
)
def test_a_wrong_value_is_refused_in_the_words_of_dms(leaf, value, message):
    with pytest.raises(Wrong) as wrong:
        compile_leaf(leaf)(value)
    assert str(wrong.value) == message
    assert not isinstance(wrong.value, OutOfRange)


@pytest.mark.parametrize("value", [1000, -1000, 999.991, "1000"])
def test_a_decimal_with_too_many_digits_is_out_of_range(value):
    with pytest.raises(OutOfRange, match=r"must be between -999\.99 and 999\.99\."):
        compile_leaf(MONEY)(value)
