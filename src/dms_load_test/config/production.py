"""The guard: a host that looks like production is not loaded by accident. Pure.

The rule: an address is production if its host matches one of PRODUCTION_HOSTS, or if one of PRODUCTION_WORDS is a word
of its host name or path and none of TEST_WORDS is. Words end at dots, hyphens, underscores, slashes and digits:
`prod-2.example.org` and `example.org/prod/api` are production; `preprod.example.org`, `prod-test.example.org` and
`products.example.org` are not. This machine never is.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dms_load_test.errors import ConfigError
from dms_load_test.loopback import is_loopback

if TYPE_CHECKING:
    from dms_load_test.config.settings import Settings

OPTION = "--i-know-this-is-production"
_WORD = re.compile(r"[a-z]+")


def production_sign(settings: Settings, url: str) -> str:
    """Return why the address looks like production, as the end of "because ..."; empty where it does not."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return ""
    for pattern in settings.production_hosts:
        if fnmatchcase(host, pattern.lower()):
            return f"its host matches {pattern} of PRODUCTION_HOSTS"
    words = set(_WORD.findall(f"{host}{parts.path}".lower()))
    if words & {word.lower() for word in settings.test_words}:
        return ""
    found = sorted(words & {word.lower() for word in settings.production_words})
    return f'"{found[0]}" in it is one of PRODUCTION_WORDS' if found else ""


def refuse_production(settings: Settings, url: str, *, known: bool) -> None:
    """Let an address pass that does not look like production, or is known to be and meant.

    Raises: ConfigError: it looks like production.
    """
    sign = production_sign(settings, url)
    if sign and not known:
        raise ConfigError(
            f"{url} looks like production, because {sign}; nothing was sent to it. "
            f"Give {OPTION} if that is what you want, or change these settings if it is a test system"
        )
