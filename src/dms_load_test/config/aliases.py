"""Other tools' names for our settings: those of Suite-3 Performance Testing and of the k6 scripts.

An alias is heard in every layer. In one layer the setting's own name wins. `docs/aliases.md` shows this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SUITE_3 = "Suite-3"
K6 = "k6 scripts"
_HTTPS_PORT = "443"


def _same(text: str) -> str:
    return text


def _minutes(text: str) -> str:
    return f"{text.strip()}m" if text.strip() else ""


def _service_url(host: str, port: str) -> str:
    if port.strip() == _HTTPS_PORT:
        return f"https://{host.strip()}"
    return f"http://{host.strip()}:{port.strip()}"


@dataclass(frozen=True, slots=True)
class Alias:
    """Names that together stand for the same value of one or several settings.

    `names` maps each name to what holds where it is not given but another one is; `build` makes the value from theirs.
    """

    tool: str
    names: Mapping[str, str]
    settings: tuple[str, ...]
    meaning: str
    build: Callable[..., str] = _same


ALIASES: tuple[Alias, ...] = (
    Alias(SUITE_3, {"PERF_API_BASEURL": ""}, ("API_BASE_URL",), "the same"),
    Alias(SUITE_3, {"PERF_API_KEY": ""}, ("CLIENT_ID",), "the same"),
    Alias(SUITE_3, {"PERF_API_SECRET": ""}, ("CLIENT_SECRET",), "the same"),
    Alias(SUITE_3, {"IGNORE_TLS_CERTIFICATE": ""}, ("INSECURE",), "the same"),
    Alias(
        SUITE_3,
        {"CLIENT_COUNT": ""},
        ("VUS_LOAD_PHASE", "VUS_READWRITE_PHASE"),
        "virtual users, of both phases",
    ),
    Alias(
        SUITE_3,
        {"RUN_TIME_IN_MINUTES": ""},
        ("DURATION_READWRITE_PHASE",),
        "minutes; the load phase ends when all is sent",
        _minutes,
    ),
    Alias(SUITE_3, {"PERF_OUTPUT_DIR": ""}, ("RESULTS_DIR",), "the same"),
    Alias(
        K6,
        {"CONFIG_SERVICE_HOST": "localhost", "CONFIG_SERVICE_PORT": "8081"},
        ("CONFIG_SERVICE_URL",),
        "http://HOST:PORT; https for port 443",
        _service_url,
    ),
)
"""The k6 scripts' other names are our own: API_BASE_URL, CLIENT_ID, VUS_LOAD_PHASE, SCHOOL_COUNT, ABORT_ON_4XX."""
NAMES: frozenset[str] = frozenset(name for alias in ALIASES for name in alias.names)

_DISCOVERED = "the API's discovery document tells"
_EVERYTHING = "all that was asked for is always run"
UNUSED: Mapping[str, tuple[str, str]] = {
    "PERF_API_PREFIX": (SUITE_3, _DISCOVERED),
    "PERF_API_OAUTH_ENDPOINT": (SUITE_3, f"{_DISCOVERED}; OAUTH_TOKEN_URL can overrule it"),
    "PERF_TEST_TYPE": (SUITE_3, "choose with --phase or --scenario"),
    "PERF_TEST_LIST": (SUITE_3, "choose resources instead"),
    "PERF_DELETE_RESOURCES": (SUITE_3, "`clean RUN` or `run --clean-after` delete"),
    "PERF_FAIL_DELIBERATELY": (SUITE_3, "the emulator has faults to switch on"),
    "PERF_DISABLE_COMPOSITES": (SUITE_3, "composites are not requested"),
    "PERF_LOCAL_EDUCATION_ORGANIZATION_ID": (SUITE_3, "runs make their own; see EDUCATION_ORGANIZATION_IDS"),
    "PERF_DEBUG": (SUITE_3, "failures are explained always"),
    "PERF_LOG_LEVEL": (SUITE_3, "there is no log; see the record"),
    "PERF_CONNECTION_LIMIT": (SUITE_3, "each virtual user has a connection of its own"),
    "SPAWN_RATE": (SUITE_3, _EVERYTHING),
    "DEBUG": (K6, "failures are explained always"),
    "DMS_HOST": (K6, "set API_BASE_URL"),
    "DMS_PORT": (K6, "set API_BASE_URL"),
}
"""Names that files of other tools hold and that have no effect here, with the reason: told, but no error."""


def translate(given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the settings that the aliases in `given` stand for: setting -> (value, the alias that was given).

    >>> translate({"RUN_TIME_IN_MINUTES": "30"})
    {'DURATION_READWRITE_PHASE': ('30m', 'RUN_TIME_IN_MINUTES')}
    """
    found: dict[str, tuple[str, str]] = {}
    for alias in ALIASES:
        present = [name for name in alias.names if name in given]
        if present:
            value = alias.build(*(given.get(name, default) for name, default in alias.names.items()))
            found |= dict.fromkeys(alias.settings, (value, present[0]))
    return {setting: pair for setting, pair in found.items() if setting not in given}
