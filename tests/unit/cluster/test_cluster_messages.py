"""What coordinator and workers tell each other."""

import re
from pathlib import Path
from typing import get_args

import pytest

import dms_load_test
from dms_load_test.cluster.messages import Instruction, Report

ROOMS = [Path(dms_load_test.__file__).parent / room for room in ("app", "cluster")]


@pytest.fixture(scope="module")
def text():
    return "".join(path.read_text() for room in ROOMS for path in sorted(room.glob("*.py")))


@pytest.mark.parametrize("kind", get_args(Instruction) + get_args(Report))
def test_every_message_is_sent_by_somebody(text, kind):
    assert re.search(rf"\b{kind.__name__}\(", text)
