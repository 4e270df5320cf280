"""How a settings file may be written: as shells and other tools have it."""

import pytest

from dms_load_test.config import load_settings


def read(folder, text: bytes | str):
    (folder / ".env.load-test").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(None, {}, {}, folder).settings


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("CLIENT_SECRET=plain", "plain"),
        ("CLIENT_SECRET=plain # a comment", "plain"),
        ("CLIENT_SECRET=with#hash", "with#hash"),
        ("CLIENT_SECRET='with # hash' # a comment", "with # hash"),
        ('CLIENT_SECRET="with \\"quotes\\" and spaces "', 'with "quotes" and spaces '),
        ("CLIENT_SECRET=with spaces inside", "with spaces inside"),
        ("CLIENT_SECRET = spaced ", "spaced"),
        ("CLIENT_SECRET=a=b==", "a=b=="),
        ("export CLIENT_SECRET=exported", "exported"),
        ("CLIENT_SECRET=${HOME}$x", "${HOME}$x"),
        ("CLIENT_SECRET=first\nCLIENT_SECRET=last", "last"),
    ],
)
def test_a_value_is_read_as_shells_and_other_tools_read_it(tmp_path, line, secret):
    settings = read(tmp_path, f"CLIENT_ID=me\n{line}\n")

    assert settings.client_secret.get_secret_value() == secret


def test_a_file_of_windows_is_read_like_any_other(tmp_path):
    settings = read(tmp_path, b"\xef\xbb\xbfSEED=7\r\n\r\nSCHOOL_YEAR=2031\r\n")

    assert (settings.seed, settings.school_year) == (7, 2031)


def test_thresholds_are_separated_by_semicolons(tmp_path):
    settings = read(tmp_path, 'THRESHOLDS_LOAD="http_req_duration{operation:read}: p(95)<500;  errors: rate<0.1; "\n')

    assert settings.thresholds_load == ("http_req_duration{operation:read}: p(95)<500", "errors: rate<0.1")


def test_openapi_urls_are_separated_by_blanks_or_commas(tmp_path):
    settings = read(tmp_path, "OPENAPI_URLS=http://h/a.json, http://h/b.json http://h/c.json\n")

    assert settings.openapi_urls == ("http://h/a.json", "http://h/b.json", "http://h/c.json")


@pytest.mark.parametrize("yes", ["true", "TRUE", "1", "yes", "on"])
def test_a_switch_is_set_by_any_usual_word(tmp_path, yes):
    assert read(tmp_path, f"INSECURE={yes}\n").insecure is True
