"""What an emulator is told and shows."""

import pytest

from dms_load_test.emulator import EmulatorOptions, base_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/api"),
        ("0.0.0.0", "http://127.0.0.1:80/api"),
        ("::1", "http://[::1]:80/api"),
        ("::", "http://[::1]:80/api"),
        ("example.org", "http://example.org:80/api"),
    ],
)
def test_the_base_url_can_be_opened(host, url):
    assert base_url(host, 80) == url


def test_the_secret_is_not_shown():
    assert "hush" not in repr(EmulatorOptions(secret="hush"))
