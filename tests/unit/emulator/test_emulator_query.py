"""Query strings: paging and how a filter becomes conditions."""

import pytest

from dms_load_test.emulator.ids import parse_id
from dms_load_test.emulator.paging import Page, PageSizes, parse_parameters, take_page
from dms_load_test.emulator.problems import Refused


def test_names_are_case_insensitive_and_the_last_value_wins():
    parameters = parse_parameters(b"limit=1&LIMIT=2&SchoolId=5&nameOfInstitution=A%20B")
    assert parameters["limit"].value == "2"
    assert parameters["schoolid"].name == "SchoolId"
    assert parameters["nameofinstitution"].value == "A B"


def test_a_page_takes_its_parameters_and_leaves_the_filters():
    parameters = parse_parameters(b"limit=0&offset=10&totalCount=TRUE&schoolId=5")
    assert take_page(parameters, PageSizes(500, 500)) == Page(0, 10, total_count=True)
    assert list(parameters) == ["schoolid"]


def test_without_parameters_the_page_is_the_first_full_one():
    assert take_page({}, PageSizes(25, 500)) == Page(25, 0, total_count=False)


def test_every_wrong_parameter_is_told():
    with pytest.raises(Refused) as refused:
        take_page(parse_parameters(b"limit=-1&offset=x&totalCount=2"), PageSizes(500, 500))
    assert [error.split()[0] for error in refused.value.problem.errors] == ["Offset", "Limit", "TotalCount"]


@pytest.mark.parametrize("text", ["", "1", "zzzzzzzz-0000-4000-a000-000000000000", "00000000000040 00a000000000000000"])
def test_what_is_no_uuid_is_no_id(text):
    assert parse_id(text) is None


def test_an_id_is_read_in_any_case():
    assert parse_id("ABCDEF00-0000-4000-a000-000000000001").hex() == "abcdef0000004000a000000000000001"
