"""The API client's key and secret, wherever the user keeps the secret; never on a command line or in a message."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from pydantic import SecretStr

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dms_load_test.config import Settings

COMMAND_PATIENCE_S = 60.0
"""A password manager may ask its user something first."""


def with_secret(settings: Settings) -> Settings:
    """Return the settings with the secret fetched from its file or command; unchanged where it is there or unset.

    Raises:
        ConfigError: The file or the command gives none.
    """
    if settings.client_secret is not None:
        return settings
    if settings.client_secret_file is not None:
        secret = _from_file(settings.client_secret_file)
    elif settings.client_secret_command is not None:
        secret = _from_command(settings.client_secret_command)
    else:
        return settings
    return settings.model_copy(update={"client_secret": SecretStr(secret)})


def require_credentials(settings: Settings) -> tuple[str, str]:
    """Return key and secret. Raises: ConfigError: one of them is missing."""
    settings = with_secret(settings)
    if not settings.client_id or settings.client_secret is None:
        advice = "set them in the environment or in .env.load-test"
        if settings.config_service_url:
            advice += ", or let `dms-load-test setup-client` make a client"
        raise ConfigError(f"CLIENT_ID and CLIENT_SECRET are not set, which the API's token endpoint wants; {advice}")
    return settings.client_id, settings.client_secret.get_secret_value()


def _from_file(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"CLIENT_SECRET_FILE {path}: cannot be read ({type(error).__name__})") from None
    if not secret or "\n" in secret:
        raise ConfigError(f"CLIENT_SECRET_FILE {path}: expected one line, the secret")
    return secret


def _from_command(command: str) -> str:
    """Run the command without a shell; it may talk to the user on standard input and error."""
    try:
        words = shlex.split(command)
        done = subprocess.run(words, stdout=subprocess.PIPE, timeout=COMMAND_PATIENCE_S, check=False)  # noqa: S603 - the user's own command, split without a shell
        secret = done.stdout.decode().strip()
    except (ValueError, IndexError, OSError) as error:
        raise ConfigError(
            f"CLIENT_SECRET_COMMAND: cannot be run: {getattr(error, 'strerror', None) or 'no command line'}"
        ) from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"CLIENT_SECRET_COMMAND: has not ended after {COMMAND_PATIENCE_S:g} s") from None
    if done.returncode or not secret or "\n" in secret:
        raise ConfigError(
            f"CLIENT_SECRET_COMMAND: ended with code {done.returncode} and {len(secret.splitlines())} lines; "
            "expected 0 and one line, the secret"
        )
    return secret
