"""Laws of the settings: durations are read as they are written, and layers override in any combination."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.config import KEYS, Settings, load_settings
from dms_load_test.config.values import duration_text, parse_duration

LAYERS = ("flag", "environment", "profile", ".env.load-test")


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_a_duration_is_read_as_it_is_written(seconds):
    assert parse_duration(duration_text(seconds)) == seconds


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


@given(st.text(max_size=8).filter(lambda text: not any(digit.isdecimal() for digit in text)))
def test_a_text_without_digits_is_no_duration(text):
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@given(st.dictionaries(st.sampled_from(LAYERS), st.integers(1, 10**6)))
def test_the_highest_layer_that_speaks_is_heard(spoken):
    def lines(layer):
        return f"STUDENT_COUNT={spoken[layer]}\n" if layer in spoken else ""

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".env.load-test").write_text(lines(".env.load-test"))
        (folder / ".env.profiles").mkdir()
        (folder / ".env.profiles" / "mine.env").write_text(lines("profile"))
        flags, environment = (
            {"STUDENT_COUNT": str(spoken[layer])} if layer in spoken else {} for layer in ("flag", "environment")
        )
        settings = load_settings("mine", flags, environment, folder).settings

    heard = next((spoken[layer] for layer in LAYERS if layer in spoken), 100)
    assert settings.student_count == heard


def _lists(one, separator=" ", **sizes):
    return st.lists(one, **sizes).map(separator.join)


def _numbers(low, high=10**9):
    return st.integers(low, high).map(str)


def _floats(low, high):
    return st.floats(low, high, exclude_min=True).map(repr)


WORD = st.from_regex(r"[^\s,=]+", fullmatch=True)
PORT = st.integers(1, 65535)
THRESHOLD = st.builds(
    "{}:{}{}<{}".format,
    st.sampled_from(["http_req_failed", "errors", "http_req_failed{operation:read}"]),
    st.sampled_from(["", " "]),
    st.sampled_from(["rate", "rate<0.5, rate"]),
    st.floats(0.01, 1),
)
URL = st.builds("https://{}:{}/api".format, st.from_regex(r"[a-z]{1,9}", fullmatch=True), PORT)
DURATION = st.builds("{}h{}m0.{}s".format, st.integers(1, 99), st.integers(0, 59), st.integers(0, 999))
TEXTS = {
    "Amount": _floats(0, 1e6),
    "ArrivalRate": _floats(0, 1e6),
    "Count": _numbers(1),
    "Duration": DURATION,
    "Folder": WORD,
    "Fullness": st.sampled_from(["none", "common", "all"]),
    "KeyPrefix": st.from_regex(r"[A-Za-z0-9-]{0,8}", fullmatch=True),
    "Mix": _lists(_numbers(1), ",", min_size=4, max_size=4),
    "OptionalFile": st.one_of(st.just(""), WORD),
    "OptionalScheduler": st.one_of(st.just(""), PORT.map("tcp://host:{}".format)),
    "OptionalSeed": st.one_of(st.just(""), _numbers(0, 2**53 - 1)),
    "OptionalText": st.text(max_size=9),
    "OptionalUrl": st.one_of(st.just(""), URL),
    "OrganizationIds": st.one_of(st.just(""), _numbers(1).map("{}-1999999999".format)),
    "Pause": DURATION,
    "Popularity": st.sampled_from(["uniform", "zipf"]),
    "Ratio": _floats(0, 1),
    "SchoolYear": _numbers(2000, 2080),
    "Sizes": _lists(_numbers(1), ",", min_size=1),
    "Statuses": _lists(_numbers(400, 499), ","),
    "Switch": st.sampled_from(["true", "false", "1", "no"]),
    "Text": st.text(min_size=1, max_size=9),
    "Thresholds": _lists(THRESHOLD, ";"),
    "Urls": _lists(URL),
    "Weights": _lists(st.builds("{}={}".format, WORD, st.integers(0, 99)), ","),
    "Words": _lists(WORD, ","),
    "WorkerLoss": st.sampled_from(["continue", "stop"]),
    "Workers": st.one_of(st.just("auto"), _numbers(1, 99999)),
}
"""What may be written for a setting, by the name of its type."""


@pytest.mark.parametrize("key", [key for key in KEYS.values() if not key.is_secret], ids=lambda key: key.name)
@given(data=st.data())
def test_a_value_is_shown_as_it_may_be_written(key, data):
    def read(text):
        return getattr(Settings.model_validate({key.field: text}), key.field)

    value = read(data.draw(TEXTS[Settings.__annotations__[key.field]]))
    assert read(key.text_of(value)) == value
