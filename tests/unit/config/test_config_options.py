"""Which settings have an option of their own: the table that origins are told by, held against the command line."""

import pytest
from typer.main import get_command

import dms_load_test.config
from dms_load_test.cli import app
from dms_load_test.config.sources import OPTIONS
from dms_load_test.errors import ConfigError

RUN = get_command(app).commands["run"]
OPTIONS_OF_RUN = {option.opts[0]: option for option in RUN.params if option.param_type_name == "option"}


class FlagsTakenError(Exception):
    """Carries the flags that settings would be read from."""


@pytest.fixture
def flags_of(monkeypatch):
    """Return what an option sets, by variable name; nothing where it is about something else."""

    def take(_profile, flags, *_):
        raise FlagsTakenError(flags)

    monkeypatch.setattr(dms_load_test.config, "load_settings", take)

    def flags_of(name):
        given = [name] if OPTIONS_OF_RUN[name].is_flag else [name, "1"]
        try:
            RUN.main(given, standalone_mode=False)
        except FlagsTakenError as taken:
            return taken.args[0]
        except ConfigError:  # the option was found wrong by itself, thus is no setting
            return {}

    return flags_of


def test_a_setting_with_an_option_of_its_own_is_known_by_it(flags_of):
    others = OPTIONS_OF_RUN.keys() - {"--set"}
    assert {setting: option for option in others for setting in flags_of(option)} == OPTIONS
