import pytest

from dms_load_test.views import text


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0.000"),
        (285, "0.285"),
        (420, "0.420"),
        (999, "0.999"),
        (1_000, "1.00"),
        (4_210, "4.21"),
        (9_996, "10.0"),
        (42_100, "42.1"),
        (99_960, "100"),
        (4_210_400, "4,210"),
        (9_999_000, "9,999"),
        (42_100_000, "42.1 s"),
    ],
)
def test_times_have_three_digits(us, shown):
    assert text.milliseconds(us) == shown


@pytest.mark.parametrize(
    ("hits", "total", "shown"),
    [
        (0, 0, "-"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (9, 5, "180 %"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, ">99.9 %"),
        (1, 30, "3.3 %"),
    ],
)
def test_a_share_never_rounds_one_failure_away(hits, total, shown):
    assert text.share(hits, total) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(-1, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3723, "1:02:03")])
def test_durations_are_told_to_the_second(seconds, shown):
    assert text.clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.006, "0.01 s"), (0.34, "0.34 s"), (0.996, "1.0 s"), (7.24, "7.2 s"), (60.0, "1:00")]
)
def test_what_took_less_than_a_minute_is_told_to_its_fraction(seconds, shown):
    assert text.took(seconds) == shown


@pytest.mark.parametrize(("per_s", "shown"), [(0.26, "0.3"), (19.2, "19.2"), (99.96, "100"), (1920.4, "1,920")])
def test_rates_have_as_many_digits_as_they_need(per_s, shown):
    assert text.rate(per_s) == shown


def test_long_resources_are_shortened_as_ed_fi_people_do():
    assert text.short_resource("students", 20) == "students"
    assert text.short_resource("studentEducationOrganizationAssociations", 30) == "studentEdOrgAssociations"
    assert text.short_resource("educationOrganizationNetworks", 20) == "edOrgNetworks"


def test_a_name_that_is_still_too_long_loses_its_middle():
    short = text.short_resource("staffEducationOrganizationEmploymentAssociations", 20)
    assert len(short) == 20
    assert short == "staffEdOrg…ociations"


def test_a_servers_words_cannot_steer_the_terminal():
    assert text.printable("a\x1b[31mred\x07\r\n\tb\u202eevil") == "a [31mred b evil"


def test_a_servers_words_are_bounded():
    assert text.printable("x" * 1000, most=10) == "x" * 9 + "…"


def test_a_sparkline_is_relative_to_its_largest_value():
    assert text.sparkline([0, 4, 8]) == "▁▅█"
    assert text.sparkline([0, 0]) == "▁▁"
    assert text.sparkline([]) == ""


@pytest.mark.parametrize(("count", "shown"), [(0, "0 retries"), (1, "1 retry"), (1200, "1,200 retries")])
def test_words_agree_with_their_number(count, shown):
    assert text.plural(count, "retry", "retries") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), ("", "-"), ("a", "a"), (1234, "1,234"), (0.004, "0.004"), (1.23456, "1.235"), (123456.7, "123,457")],
)
def test_cells_of_unknown_tables_are_told_plainly(value, shown):
    assert text.cell_text(value) == shown
