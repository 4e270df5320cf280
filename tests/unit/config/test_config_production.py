import pytest

from dms_load_test.config import Settings
from dms_load_test.config.production import production_sign, refuse_production
from dms_load_test.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "https://api.ed-fi.org/v7.3/api",
        "https://prod.example.org",
        "https://edfi-prod.example.org/api",
        "https://PROD2.example.org",
        "https://example.org/prod/api",
        "https://production.example.org",
        "https://live.example.org",
    ],
)
def test_what_looks_like_production_is_refused_unless_known(url):
    with pytest.raises(ConfigError, match=r"looks like production, because .* --i-know-this-is-production"):
        refuse_production(Settings(), url, known=False)
    refuse_production(Settings(), url, known=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/prod",
        "http://127.0.0.1/live",
        "http://[::1]:8080/prod",
        "https://preprod.example.org",
        "https://pre-prod.example.org",
        "https://prod-test.example.org",
        "https://products.example.org",
        "https://delivery.example.org",
        "https://dms.example.org/api",
        "http://10.0.0.5:8080",
    ],
)
def test_what_does_not_look_like_production_passes(url):
    assert production_sign(Settings(), url) == ""


def test_the_rule_is_the_users():
    settings = Settings(production_hosts=("*.state.example",), production_words=("echt",), test_words=("probe",))

    assert "*.state.example" in production_sign(settings, "https://edfi.state.example")
    assert '"echt"' in production_sign(settings, "https://echt.example.org")
    assert production_sign(settings, "https://probe-echt.example.org") == ""
    assert production_sign(settings, "https://prod.example.org") == ""
