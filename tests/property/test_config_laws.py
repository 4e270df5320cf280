"""Laws of the settings: durations are read as they are written, and layers override in any combination."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.config import duration_text, load_settings, parse_duration

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
