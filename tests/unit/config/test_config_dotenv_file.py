import io
import os
from string import printable

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.config.dotenv_file import change_file, with_values
from dms_load_test.errors import ConfigError

VALUES = st.text(alphabet=printable[:95], min_size=1, max_size=40)


@given(VALUES, VALUES)
@settings(max_examples=50)
def test_any_value_reads_back_as_it_was(first, second):
    text = with_values("# mine\nA=old\n", {"A": first, "B": second})

    assert dotenv_values(stream=io.StringIO(text), interpolate=False) == {"A": first, "B": second}


def test_other_lines_stay_and_names_go_away():
    text = "# mine\nexport A=1\n\nB=2 # why\nC=3\n"

    assert with_values(text, {"A": "9", "C": None}) == "# mine\nA=9\n\nB=2 # why\n"


def test_a_file_is_changed_whole_and_for_its_owner_only(tmp_path):
    path = tmp_path / ".env.load-test"
    path.write_text("SEED=1\n")
    path.chmod(0o644)

    change_file(path, {"CLIENT_ID": "me"})

    assert path.read_text() == "SEED=1\nCLIENT_ID=me\n"
    assert [entry.name for entry in tmp_path.iterdir()] == [".env.load-test"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("values", "lost"), [({"CLIENT_SECRET": "x"}, True), ({"CLIENT_SECRET": None}, False)])
def test_a_file_that_cannot_be_written_is_told_and_a_secret_that_is_lost_by_it(tmp_path, values, lost):
    with pytest.raises(ConfigError, match="cannot be written") as told:
        change_file(tmp_path / "nowhere" / ".env.load-test", values)

    assert ("the new secret is lost" in str(told.value)) is lost
