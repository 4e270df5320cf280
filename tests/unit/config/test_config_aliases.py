"""Files of other tools: their names are heard, and the table in the docs is the one in force."""

from pathlib import Path

import pytest

from dms_load_test.config import KEYS, load_settings
from dms_load_test.config.aliases import ALIASES, NAMES, UNUSED
from dms_load_test.errors import ConfigError

DOCS = Path(__file__).parents[3] / "docs" / "aliases.md"


def test_a_suite_3_file_works_as_it_is(tmp_path):
    (tmp_path / ".env.load-test").write_text(
        "PERF_API_BASEURL=https://host/api\nPERF_API_KEY=me\nPERF_API_SECRET=hush\nIGNORE_TLS_CERTIFICATE=True\n"
        "PERF_OUTPUT_DIR=out\nPERF_API_PREFIX=/data/ed-fi\n"
    )
    (tmp_path / ".env.load-test").chmod(0o600)

    effective = load_settings(None, {}, {}, tmp_path)
    settings = effective.settings

    assert (settings.api_base_url, settings.client_id) == ("https://host/api", "me")
    assert settings.client_secret.get_secret_value() == "hush"
    assert settings.insecure
    assert settings.results_dir == tmp_path / "out"
    assert effective.warnings == (
        f"PERF_API_PREFIX has no effect: the API's discovery document tells ({tmp_path / '.env.load-test'}, line 6)",
    )


def test_an_alias_counts_in_its_layer_and_its_origin_is_told(tmp_path):
    effective = load_settings("smoke", {}, {"CLIENT_COUNT": "7"}, tmp_path)

    assert (effective.settings.vus_load_phase, effective.settings.vus_readwrite_phase) == (7, 7)
    assert effective.origins["VUS_LOAD_PHASE"].where == "environment variable CLIENT_COUNT"


def test_minutes_of_suite_3_are_a_duration_here(tmp_path):
    assert load_settings(None, {"RUN_TIME_IN_MINUTES": "30"}, {}, tmp_path).settings.duration_readwrite_phase == 1800.0


def test_a_settings_own_name_wins_over_an_alias_of_the_same_layer(tmp_path):
    environment = {"CLIENT_COUNT": "7", "VUS_LOAD_PHASE": "3"}

    settings = load_settings("smoke", {}, environment, tmp_path).settings

    assert (settings.vus_load_phase, settings.vus_readwrite_phase) == (3, 7)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"CONFIG_SERVICE_HOST": "cms"}, "http://cms:8081"),
        ({"CONFIG_SERVICE_PORT": "5126"}, "http://localhost:5126"),
        ({"CONFIG_SERVICE_HOST": "cms", "CONFIG_SERVICE_PORT": "443"}, "https://cms"),
    ],
)
def test_host_and_port_of_the_k6_scripts_make_a_url(tmp_path, given, url):
    assert load_settings(None, {}, given, tmp_path).settings.config_service_url == url


def test_a_wrong_value_of_an_alias_is_refused_where_it_stands(tmp_path):
    with pytest.raises(ConfigError, match=r"VUS_LOAD_PHASE.*environment variable CLIENT_COUNT"):
        load_settings(None, {}, {"CLIENT_COUNT": "many"}, tmp_path)


def test_a_name_without_effect_is_refused_on_the_command_line(tmp_path):
    with pytest.raises(ConfigError, match="SPAWN_RATE: no such setting"):
        load_settings(None, {"SPAWN_RATE": "9"}, {}, tmp_path)


def test_no_alias_is_a_setting_and_each_stands_for_settings():
    assert not (NAMES | UNUSED.keys()) & KEYS.keys()
    assert {setting for alias in ALIASES for setting in alias.settings} <= KEYS.keys()


def test_the_documents_show_the_table_that_is_in_force():
    rows = [
        f"| {alias.tool} | {', '.join(f'`{name}`' for name in alias.names)} "
        f"| {', '.join(f'`{setting}`' for setting in alias.settings)} | {alias.meaning} |"
        for alias in ALIASES
    ]
    unused = [f"| {tool} | `{name}` | {reason} |" for name, (tool, reason) in UNUSED.items()]
    told = [line for line in DOCS.read_text().splitlines() if line.startswith(("| Suite-3 ", "| k6 scripts "))]

    assert told == rows + unused
