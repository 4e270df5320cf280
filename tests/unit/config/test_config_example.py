"""`.env.example` documents every setting, as the table has it."""

import re
from pathlib import Path

from dms_load_test.config import KEYS, load_settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"


def test_the_example_tells_every_setting_with_its_meaning_and_default():
    told = re.findall(r"^# (.+)\n#([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)

    assert told == [(key.description, name, key.default) for name, key in KEYS.items()]


def test_the_example_with_every_line_in_force_is_what_holds_without_it(tmp_path):
    text = re.sub(r"^#([A-Z0-9_]+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env.load-test").write_text(text)

    from_example = load_settings("dev", {}, {}, tmp_path)

    assert from_example.origins["SEED"].layer == ".env.load-test"
    (tmp_path / ".env.load-test").unlink()
    assert from_example.settings == load_settings("dev", {}, {}, tmp_path).settings
