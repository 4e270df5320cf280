"""The settings themselves: frozen, secret where they must be, with the predecessor's thresholds."""

import pytest
from pydantic import ValidationError

from dms_load_test.config import KEYS, Settings, load_settings

SECRET = "s3cret-and-long"


def test_no_rendering_of_the_settings_shows_the_secret(tmp_path):
    effective = load_settings(None, {}, {"CLIENT_ID": "me", "CLIENT_SECRET": SECRET}, tmp_path)

    shown = [repr(effective), str(effective.settings), effective.settings.model_dump_json(), repr(effective.rows())]

    assert effective.settings.client_secret.get_secret_value() == SECRET
    assert not any(SECRET in text for text in shown)
    assert {row.name: row.value for row in effective.rows()}["CLIENT_SECRET"] == "**********"


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().seed = 2


def test_durations_are_seconds(tmp_path):
    settings = load_settings(None, {"DURATION_LOAD_PHASE": "1h30m", "THINK_TIME_MIN": "50ms"}, {}, tmp_path).settings

    assert settings.duration_load_phase == 5400.0
    assert settings.think_time_min == 0.05


def test_thresholds_are_the_predecessors():
    shared = ("http_req_failed: rate<0.05", "errors: rate<0.05")

    assert Settings().thresholds_smoke == ("http_req_duration: p(95)<2000", *shared)
    assert Settings().thresholds_load == ("http_req_duration: p(95)<5000", *shared)
    assert Settings().thresholds_readwrite == ("http_req_duration: p(95)<3000", *shared)


def test_what_the_rows_show_is_what_a_file_may_hold(tmp_path):
    (tmp_path / "again").mkdir()
    shown = load_settings("prod", {"THINK_TIME_MAX": "1m0.5s", "OPENAPI_URLS": "http://h/a http://h/b"}, {}, tmp_path)
    lines = [f"{row.name}='{row.value}'" for row in shown.rows() if row.value]
    (tmp_path / ".env.profiles").mkdir()
    (tmp_path / ".env.profiles" / "copy.env").write_text("\n".join(lines))

    assert load_settings("copy", {}, {}, tmp_path).settings == shown.settings


def test_a_variable_is_the_capitals_of_its_field():
    assert [key.field for key in KEYS.values()] == list(Settings.model_fields)
    assert all(name == key.name == key.field.upper() for name, key in KEYS.items())


def test_the_table_tells_units_and_defaults_as_a_file_has_them():
    assert (KEYS["DURATION_LOAD_PHASE"].unit, KEYS["DURATION_LOAD_PHASE"].default) == ("duration", "5m")
    assert KEYS["INSECURE"].default == "false"
    assert [name for name, key in KEYS.items() if key.is_secret] == [
        "CLIENT_SECRET",
        "CONFIG_SERVICE_CLIENT_SECRET",
        "POSTGRES_URL",
        "OTLP_HEADERS",
    ]
