"""The emulator on its own: started in the foreground, with a first session to copy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dms_load_test.emulator import EmulatorOptions, serve
from dms_load_test.emulator.flavors import FLAVORS

if TYPE_CHECKING:
    from collections.abc import Callable

_SESSION = """\
Ed-Fi API emulator ({api}) at {url}, {kept}.
Key: {key}   Secret: {secret}

Try it:
  TOKEN=$(curl -s -u {pair} -d grant_type=client_credentials {url}/oauth/token |
    sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
  curl -H "Authorization: Bearer $TOKEN" '{url}{data_path}/ed-fi/gradeLevelDescriptors?limit=2'

Load it from another terminal:
  CLIENT_ID={key} CLIENT_SECRET={secret} dms-load-test run --profile smoke --target {url}

Ctrl-C ends it.
"""


def serve_emulator(options: EmulatorOptions, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; say how to reach it as soon as it answers. Raises: ConfigError: as `emulator.serve`."""

    def announce(url: str, _stop: Callable[[], None]) -> None:
        kept = f"documents in {options.data}" if options.data else "documents in memory"
        key, secret = shlex.quote(options.key), shlex.quote(options.secret)
        pair = shlex.quote(f"{options.key}:{options.secret}")
        api = "Data Standard 5.2" if not options.openapi else ", ".join(file.name for file in options.openapi)
        data_path = FLAVORS[options.flavor].data_path
        texts = {"api": api, "kept": kept, "data_path": data_path, "key": key, "secret": secret, "pair": pair}
        say(_SESSION.format(url=url, **texts))

    serve(options, announce)
