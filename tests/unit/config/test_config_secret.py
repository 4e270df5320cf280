"""The secret's three ways, and files that others can read."""

import os

import pytest

from dms_load_test.config import load_settings
from dms_load_test.errors import ConfigError

posix = pytest.mark.skipif(os.name != "posix", reason="files have no mode there")


def test_the_way_of_the_higher_layer_counts(tmp_path):
    (tmp_path / ".env.load-test").write_text("CLIENT_ID=me\nCLIENT_SECRET=old\n")

    effective = load_settings(None, {}, {"CLIENT_SECRET_COMMAND": "pass show key"}, tmp_path)

    assert effective.settings.client_secret is None
    assert effective.settings.client_secret_command == "pass show key"
    assert effective.origins["CLIENT_SECRET"].where == "default"


def test_an_empty_way_does_not_take_the_lower_one_back(tmp_path):
    (tmp_path / ".env.load-test").write_text("CLIENT_ID=me\nCLIENT_SECRET=old\n")

    settings = load_settings(None, {}, {"CLIENT_SECRET_COMMAND": ""}, tmp_path).settings

    assert settings.client_secret.get_secret_value() == "old"


def test_two_ways_in_one_layer_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="CLIENT_SECRET and CLIENT_SECRET_COMMAND: give one of them"):
        load_settings(None, {}, {"CLIENT_ID": "a", "CLIENT_SECRET": "b", "CLIENT_SECRET_COMMAND": "c"}, tmp_path)


def test_any_way_is_of_no_use_without_a_key(tmp_path):
    with pytest.raises(ConfigError, match="CLIENT_ID: missing; CLIENT_SECRET_COMMAND is of no use without it"):
        load_settings(None, {}, {"CLIENT_SECRET_COMMAND": "c"}, tmp_path)


@posix
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_with_a_secret_that_others_can_read_is_warned_of(tmp_path, mode, warned):
    path = tmp_path / ".env.load-test"
    path.write_text("CLIENT_ID=me\nCLIENT_SECRET=old\n")
    path.chmod(mode)

    warnings = load_settings(None, {}, {}, tmp_path).warnings

    assert [f"chmod 600 {path}" in warning for warning in warnings] == [True] * warned


@posix
def test_a_file_without_a_secret_may_be_read_by_all(tmp_path):
    path = tmp_path / ".env.load-test"
    path.write_text("SEED=1\n")
    path.chmod(0o644)

    assert load_settings(None, {}, {}, tmp_path).warnings == ()
