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
@pytest.mark.parametrize(
    "line",
    [
        "POSTGRES_URL=postgresql://me:pw@host/edfi",
        "export OTLP_HEADERS = 'api-key=K'",
        "CLIENT_ID=me\nCLIENT_SECRET=a://b",
        "PERF_API_SECRET=x\nPERF_API_KEY=y",
    ],
)
def test_every_kind_of_secret_counts_under_any_of_its_names_and_in_a_profile_too(tmp_path, line):
    (tmp_path / ".env.profiles").mkdir()
    paths = (tmp_path / ".env.load-test", tmp_path / ".env.profiles" / "mine.env")
    for path in paths:
        path.write_text(f"{line}\n")
        path.chmod(0o644)

    warnings = load_settings("mine", {}, {}, tmp_path).warnings

    assert [str(path) in warning for path, warning in zip(paths, warnings, strict=True)] == [True, True]


@posix
def test_an_address_of_a_database_without_a_password_is_no_secret(tmp_path):
    path = tmp_path / ".env.load-test"
    path.write_text("POSTGRES_URL=postgresql://me@host/edfi\nCLIENT_SECRET=\n")
    path.chmod(0o644)

    assert load_settings(None, {}, {}, tmp_path).warnings == ()


@posix
def test_a_file_without_a_secret_may_be_read_by_all(tmp_path):
    path = tmp_path / ".env.load-test"
    path.write_text("SEED=1\n")
    path.chmod(0o644)

    assert load_settings(None, {}, {}, tmp_path).warnings == ()
