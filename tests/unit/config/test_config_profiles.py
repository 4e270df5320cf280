"""Profiles: the four that come along with the predecessor's sizes, and those that users add as files."""

import pytest

from dms_load_test.config import list_profiles, load_settings
from dms_load_test.config.profiles import DEFAULT_PROFILE
from dms_load_test.errors import ConfigError

SIZES = {
    "SCHOOL_COUNT": ("2", "10", "50", "130"),
    "STUDENT_COUNT": ("2", "100", "5000", "75000"),
    "STAFF_COUNT": ("2", "20", "800", "12000"),
    "COURSES_PER_SCHOOL": ("2", "10", "30", "50"),
    "SECTIONS_PER_COURSE": ("2", "3", "4", "4"),
    "VUS_LOAD_PHASE": ("1", "5", "25", "100"),
    "VUS_READWRITE_PHASE": ("1", "10", "30", "50"),
    "DURATION_LOAD_PHASE": ("30s", "5m", "15m", "30m"),
    "DURATION_READWRITE_PHASE": ("30s", "5m", "10m", "20m"),
}


@pytest.mark.parametrize(("column", "profile"), list(enumerate(("smoke", "dev", "staging", "prod"))))
def test_a_profile_has_the_predecessors_sizes(tmp_path, column, profile):
    effective = load_settings(profile, {}, {}, tmp_path)

    of_profile = {row.name: row.value for row in effective.rows() if row.origin.layer == "profile"}
    assert of_profile == {name: sizes[column] for name, sizes in SIZES.items()}


def test_dev_is_taken_where_none_is_named(tmp_path):
    assert load_settings(None, {}, {}, tmp_path).profile.name == DEFAULT_PROFILE == "dev"


def test_a_file_adds_a_profile(tmp_path):
    (tmp_path / ".env.profiles").mkdir()
    (tmp_path / ".env.profiles" / "district-9.env").write_text("# The ninth district.\nSCHOOL_COUNT=9\n")

    profiles = {profile.name: profile.description for profile in list_profiles(tmp_path)}

    assert list(profiles) == ["dev", "district-9", "prod", "smoke", "staging"]
    assert profiles["district-9"] == "The ninth district."
    assert load_settings("district-9", {}, {}, tmp_path).settings.school_count == 9


def test_a_file_of_the_same_name_replaces_a_profile_that_comes_along(tmp_path):
    (tmp_path / ".env.profiles").mkdir()
    (tmp_path / ".env.profiles" / "dev.env").write_text("SCHOOL_COUNT=3\n")

    assert load_settings("dev", {}, {}, tmp_path).settings.school_count == 3


@pytest.mark.parametrize("name", ["devel", "../dev", "dev.env", " "])
def test_an_unknown_profile_is_refused_with_those_that_exist(tmp_path, name):
    with pytest.raises(ConfigError, match=r"no such profile; .*[Tt]here are: dev, prod, smoke, staging\."):
        load_settings(name, {}, {}, tmp_path)


def test_a_misspelt_profile_is_refused_with_the_nearest_one(tmp_path):
    with pytest.raises(ConfigError, match=r"did you mean staging\?"):
        load_settings("stagin", {}, {}, tmp_path)
