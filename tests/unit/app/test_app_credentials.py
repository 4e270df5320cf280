"""The secret from its file or command; what goes wrong is told without it."""

import shlex
import sys

import pytest

from dms_load_test.app.credentials import require_credentials, with_secret
from dms_load_test.config import Settings
from dms_load_test.errors import ConfigError


def command(code):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def test_a_file_gives_the_secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("hush\n")

    assert require_credentials(Settings(client_id="me", client_secret_file=path)) == ("me", "hush")


def test_a_command_gives_the_secret_and_runs_once():
    settings = with_secret(Settings(client_id="me", client_secret_command=command("import os; print(os.getpid())")))

    assert require_credentials(settings) == require_credentials(settings)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('hush'); raise SystemExit(3)", "ended with code 3 and 1 lines"),
        ("print('hush'); print('hush')", "ended with code 0 and 2 lines"),
        ("pass", "ended with code 0 and 0 lines"),
    ],
)
def test_a_command_that_gives_no_secret_is_told_without_its_output(code, told):
    with pytest.raises(ConfigError, match=told) as raised:
        with_secret(Settings(client_id="me", client_secret_command=command(code)))
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("text", ["no-such-program --at-all", "'", "''"])
def test_a_command_that_cannot_be_run_is_told(text):
    with pytest.raises(ConfigError, match="CLIENT_SECRET_COMMAND: cannot be run"):
        with_secret(Settings(client_id="me", client_secret_command=text))


@pytest.mark.parametrize("content", [b"", b"one\ntwo\n", b"\xff\xfe"])
def test_a_file_that_holds_no_secret_is_told(tmp_path, content):
    path = tmp_path / "secret"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="CLIENT_SECRET_FILE"):
        with_secret(Settings(client_id="me", client_secret_file=path))


def test_missing_credentials_are_told_with_the_way_to_make_them():
    with pytest.raises(ConfigError, match="setup-client"):
        require_credentials(Settings(config_service_url="http://localhost:8081"))
