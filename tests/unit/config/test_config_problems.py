"""Every wrong value is refused before anything is sent: what was expected, what was given, where it stands."""

import pytest

from dms_load_test.config import KEYS, load_settings, parse_assignments
from dms_load_test.errors import ConfigError


def refusal(folder, flags=None, environment=None, file=""):
    (folder / ".env.load-test").write_text(file)
    with pytest.raises(ConfigError) as caught:
        load_settings(None, flags or {}, environment or {}, folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("SCHOOL_COUNT", "0", "a whole number from 1 to 1000000000"),
        ("SCHOOL_COUNT", "2x", "a whole number from 1 to 1000000000"),
        ("STUDENT_COUNT", "-5", "a whole number from 1 to 1000000000"),
        ("STAFF_COUNT", "1.5", "a whole number from 1 to 1000000000"),
        ("SECTIONS_PER_COURSE", "", "a whole number from 1 to 1000000000"),
        ("VUS_LOAD_PHASE", "0", "a whole number from 1 to 1000000000"),
        ("VUS_READWRITE_PHASE", "75,000", "a whole number from 1 to 1000000000"),
        ("STUDENT_COUNT", "1000000001", "a whole number from 1 to 1000000000"),
        ("PAGE_SIZES", "25 1000000001", "whole numbers from 1 to 1000000000"),
        ("WORKERS", "100000", "a whole number from 1 to 99999, or auto"),
        ("RATE_READWRITE_PHASE", "1e300", "a number from 0 to 1000000"),
        ("KNEE_MOST_RATE", "1000001", "a number larger than 0, up to 1000000"),
        ("DURATION_LOAD_PHASE", "367d", "a duration longer than 0, up to 366d"),
        ("THINK_TIME_MAX", "367d", "a duration of 0 or more, up to 366d"),
        ("SEED", "abc", "a whole number from 0 to 9007199254740991"),
        ("SEED", "-1", "a whole number from 0 to 9007199254740991"),
        ("SEED", "9007199254740992", "a whole number from 0 to 9007199254740991"),
        ("SCHOOL_YEAR", "25", "a year from 2000 to 2080"),
        ("DURATION_LOAD_PHASE", "0s", "a duration longer than 0"),
        ("DURATION_LOAD_PHASE", "5 minutes", "a duration longer than 0"),
        ("DURATION_READWRITE_PHASE", "30s5m", "a duration longer than 0"),
        ("REQUEST_TIMEOUT", "inf", "a duration longer than 0"),
        ("THINK_TIME_MIN", "-1s", "a duration of 0 or more"),
        ("API_BASE_URL", "localhost:8080", "an http or https URL"),
        ("API_BASE_URL", "ftp://host/api", "an http or https URL"),
        ("API_BASE_URL", "http://", "an http or https URL"),
        ("API_BASE_URL", "http://host:0/api", "an http or https URL"),
        ("API_BASE_URL", "http://host:99999/api", "an http or https URL"),
        ("API_BASE_URL", "http://host/api?tenant=1", "an http or https URL"),
        ("API_BASE_URL", "http://host/my api", "an http or https URL"),
        ("OPENAPI_URLS", "http://host/a, nowhere", "URLs separated by blanks"),
        ("INSECURE", "perhaps", "true or false"),
        ("RESULTS_DIR", "", "the path of a folder"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(tmp_path, name, text, expected):
    message = refusal(tmp_path, environment={name: text})

    assert message.startswith(f"{name}: expected {expected}")
    assert message.endswith(f'not "{text}" (environment variable {name})')


def test_a_long_wrong_value_is_cut(tmp_path):
    assert len(refusal(tmp_path, environment={"STUDENT_COUNT": "7" * 2_000_000})) < 400


def test_a_wrong_value_in_a_file_is_told_with_its_line(tmp_path):
    message = refusal(tmp_path, file="SEED=1\n\n# sizes\nSCHOOL_COUNT=2x  # two\n")

    assert message.endswith(f'not "2x" ({tmp_path / ".env.load-test"}, line 4)')


def test_a_wrong_value_of_a_profile_is_told_with_the_profile_file(tmp_path):
    (tmp_path / ".env.profiles").mkdir()
    path = tmp_path / ".env.profiles" / "mine.env"
    path.write_text("STUDENT_COUNT=lots\n")

    with pytest.raises(ConfigError) as caught:
        load_settings("mine", {}, {}, tmp_path)

    assert str(caught.value).endswith(f'not "lots" ({path}, line 1)')


def test_a_wrong_value_is_refused_even_where_a_higher_layer_overrides_it(tmp_path):
    assert refusal(tmp_path, flags={"SEED": "1"}, file="SEED=one\n").startswith("SEED: expected")


def test_all_problems_are_told_together(tmp_path):
    message = refusal(
        tmp_path,
        flags={"SEED": "x", "SCHOOLS": "3"},
        environment={"API_BASE_URL": "nowhere"},
        file="STUDNET_COUNT=3\nthis is no setting\nCLIENT_ID=me\nSTAFF_COUNT=0\n",
    )

    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        "STUDNET_COUNT",
        f"{tmp_path / '.env.load-test'}, line 2",
        "STAFF_COUNT",
        "API_BASE_URL",
        "SCHOOLS",
        "SEED",
        "CLIENT_SECRET",
    ]


def test_an_unknown_name_in_a_file_is_refused_with_the_nearest_known_one(tmp_path):
    message = refusal(tmp_path, file="STUDNET_COUNT=3\n")

    assert message.startswith("STUDNET_COUNT: no such setting; did you mean STUDENT_COUNT?")
    assert message.endswith(".env.load-test, line 1)")


def test_an_unknown_name_of_set_is_refused_with_the_nearest_known_one(tmp_path):
    message = refusal(tmp_path, flags={"vus_load_phase": "3"})

    assert message == "vus_load_phase: no such setting; did you mean VUS_LOAD_PHASE? (--set vus_load_phase)"


def test_an_unknown_name_like_no_other_is_refused_with_where_to_look(tmp_path):
    assert "`dms-load-test config` lists all" in refusal(tmp_path, flags={"XYZZY": "3"})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"CLIENT_ID": "me"}, "CLIENT_SECRET: missing; CLIENT_ID is of no use without it"),
        ({"CLIENT_SECRET": "s3cret"}, "CLIENT_ID: missing; CLIENT_SECRET is of no use without it"),
        ({"THINK_TIME_MIN": "2s", "THINK_TIME_MAX": "1s"}, "THINK_TIME_MIN: more than THINK_TIME_MAX"),
        ({"CA_BUNDLE": "/nowhere.pem"}, "CA_BUNDLE: no such file: /nowhere.pem"),
    ],
)
def test_values_that_do_not_go_together_are_told_with_their_origins(tmp_path, given, told):
    message = refusal(tmp_path, environment=given)

    assert message.startswith(told)
    assert all(f"environment variable {name}" in message for name in given)


def test_a_key_without_its_certificate_is_refused(tmp_path):
    (tmp_path / "key.pem").touch()

    assert refusal(tmp_path, file="CLIENT_KEY=key.pem\n").startswith("CLIENT_CERTIFICATE: missing")


def test_a_contradiction_with_a_value_that_is_wrong_itself_is_not_told(tmp_path):
    message = refusal(tmp_path, environment={"THINK_TIME_MIN": "x", "THINK_TIME_MAX": "0.01s"})

    assert message.startswith("THINK_TIME_MIN: expected a duration")
    assert "more than" not in message


def test_a_threshold_that_cannot_be_read_is_told_with_what_is_wrong_about_it(tmp_path):
    message = refusal(tmp_path, environment={"THRESHOLDS_LOAD": "errors: rate<0.05; http_req_duratio: p(95)<5"})

    assert message.startswith("THRESHOLDS_LOAD: threshold 'http_req_duratio: p(95)<5': unknown metric")
    assert message.endswith("(environment variable THRESHOLDS_LOAD)")


def test_no_refusal_shows_a_secret(tmp_path):
    message = refusal(
        tmp_path,
        flags={"CLIENT_SECRET": "hunter2"},
        environment={
            "API_BASE_URL": "https://user:hunter2@host/api",
            "OPENAPI_URLS": "http://h/ http://u:hunter2@h/ x",
        },
    )

    assert "API_BASE_URL" in message
    assert "OPENAPI_URLS" in message
    assert "hunter2" not in message


def test_an_argument_of_set_without_an_equals_sign_is_refused():
    with pytest.raises(ConfigError, match="--set SEED: expected KEY=VALUE"):
        parse_assignments(["STAFF_COUNT=3", "SEED"])


def test_an_argument_of_set_may_hold_equals_signs_in_its_value():
    assert parse_assignments(["CLIENT_SECRET=a=b==", "SEED=1", "SEED=2"]) == {"CLIENT_SECRET": "a=b==", "SEED": "2"}


@pytest.mark.parametrize("broken", [b"CLIENT_ID=\xff\xfe\n", None])
def test_a_file_that_cannot_be_read_is_told(tmp_path, broken):
    path = tmp_path / ".env.load-test"
    if broken is None:
        path.mkdir()
    else:
        path.write_bytes(broken)

    with pytest.raises(ConfigError, match=r"\.env\.load-test: "):
        load_settings(None, {}, {}, tmp_path)


def test_every_setting_says_what_it_is_and_what_to_write():
    assert all(key.description.endswith(".") and key.expected for key in KEYS.values())
