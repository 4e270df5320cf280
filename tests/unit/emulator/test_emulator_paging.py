"""Paging and change version parameters: what is taken, what is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.emulator.paging import (
    OPEN_END,
    Page,
    PageSizes,
    Window,
    parse_parameters,
    parse_token,
    take_page,
    take_partition_count,
    take_window,
    write_token,
)
from dms_load_test.emulator.problems import Refused

TOKEN = write_token(5, 9)
numbers = st.integers(min_value=0, max_value=OPEN_END)


def errors(take, query, *arguments):
    with pytest.raises(Refused) as refused:
        take(parse_parameters(query.encode()), *arguments)
    assert refused.value.problem.title == "Parameter Validation Failed"
    return list(refused.value.problem.errors)


@given(numbers, numbers)
def test_a_token_is_read_as_it_was_written(first, last):
    token = write_token(first, last)
    assert "=" not in token
    assert parse_token(token) == (first, last)


@given(st.text())
def test_no_text_breaks_the_reading_of_tokens(text):
    parse_token(text)


def test_a_cursor_page_takes_its_parameters_and_leaves_the_filters():
    parameters = parse_parameters(f"pageToken={TOKEN}&pageSize=2&totalCount=false&schoolId=5".encode())
    assert take_page(parameters, PageSizes(500, 500)) == Page(2, numbers=(5, 9))
    assert list(parameters) == ["schoolid"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("pageToken=nonsense", "The page token provided was invalid."),
        (f"pageToken={write_token(10**19 - 1, 1)}", "The page token provided was invalid."),
        (f"pageToken={write_token(1, 2**63)}", "The page token provided was invalid."),
        (f"pageToken={TOKEN}&limit=5", "Use pageSize instead of limit when using cursor paging with pageToken."),
        (
            f"pageToken={TOKEN}&totalCount=true",
            "The totalCount parameter cannot be set to true when using cursor paging with pageToken.",
        ),
        ("pageSize=5", "PageToken is required when pageSize is specified."),
        ("pageSize=5&limit=5", "PageToken is required when pageSize is specified."),
        ("pageSize=x&offset=3&totalCount=true", "Use limit instead of pageSize when using limit/offset paging."),
        ("pageToken=nonsense&offset=-1&limit=x", "The page token provided was invalid."),
        (
            f"pageToken={TOKEN}&pageSize=x&limit=x",
            "Use pageSize instead of limit when using cursor paging with pageToken.",
        ),
        (f"pageToken={TOKEN}&totalCount=perhaps", "TotalCount must be a boolean value."),
        (f"pageToken={TOKEN}&pageSize=501", "PageSize must be a value between 0 and 500."),
        (f"pageToken={TOKEN}&pageSize=x", "PageSize must be a value between 0 and 500."),
    ],
)
def test_of_wrong_cursor_paging_the_first_fault_is_told(query, told):
    assert errors(take_page, query, PageSizes(500, 500)) == [told]


def test_offset_and_token_exclude_each_other():
    assert errors(take_page, f"pageToken={TOKEN}&offset=0", PageSizes(500, 500))[0].startswith(
        "Both offset and pageToken"
    )


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("", Window()),
        ("minChangeVersion=3", Window((3, OPEN_END))),
        ("maxChangeVersion=3", Window((0, 3), has_end=True)),
        ("MINCHANGEVERSION=3&maxchangeversion=3", Window((3, 3), has_end=True)),
    ],
)
def test_a_window_of_versions_is_inclusive(query, window):
    assert take_window(parse_parameters(query.encode())) == window


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("minChangeVersion=abc", "MinChangeVersion must be a numeric value greater than or equal to 0."),
        ("maxChangeVersion=-1", "MaxChangeVersion must be a numeric value greater than or equal to 0."),
        (
            "minChangeVersion=4&maxChangeVersion=3",
            "MinChangeVersion must be less than or equal to MaxChangeVersion.",
        ),
    ],
)
def test_a_wrong_window_is_told(query, told):
    assert errors(take_window, query) == [told]


def test_ten_partitions_are_the_default():
    assert take_partition_count({}) == 10


@pytest.mark.parametrize("query", ["number=0", "number=201", "number=x"])
def test_the_number_of_partitions_is_bounded(query):
    assert errors(take_partition_count, query) == ["Number of partitions must be between 1 and 200."]


def test_partitions_take_no_parameters_of_pages_and_name_them_in_one_order():
    assert errors(take_partition_count, "totalCount=true&LIMIT=5&pageToken=x&number=0") == [
        f"The '{name}' parameter is not supported by the partitions endpoint."
        for name in ("pageToken", "limit", "totalCount")
    ]
