"""What the settings say about the data."""

import re

import pytest

from dms_load_test.app.data import chosen_resources
from dms_load_test.config import Settings
from dms_load_test.edfi.schema import ApiModel
from dms_load_test.edfi.standard import load_standard
from dms_load_test.errors import ConfigError

MODEL = load_standard().model


@pytest.mark.parametrize(("setting", "option"), [("resources", "--resources"), ("exclude", "--exclude")])
def test_a_resource_that_nothing_matches_is_told_with_the_option_it_was_given_to(setting, option):
    with pytest.raises(ConfigError, match=f"{option} stafs: the target has no such resource; did you mean staffs"):
        chosen_resources(Settings(**{setting: ("stafs",)}), MODEL)


def test_what_is_chosen_needs_cannot_be_excluded():
    with pytest.raises(ConfigError, match="refers to it; exclude that too"):
        chosen_resources(Settings(exclude=("students",)), MODEL)


def test_a_choice_of_which_nothing_is_left_is_refused_rather_than_taken_for_none():
    with pytest.raises(ConfigError, match=re.escape("--resources students: --exclude student* leaves nothing of it")):
        chosen_resources(Settings(resources=("students",), exclude=("student*",)), MODEL)
    with pytest.raises(ConfigError, match="--resources district: the target has none of it"):
        chosen_resources(Settings(), ApiModel({}))
