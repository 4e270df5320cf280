"""A server in a process of its own, as its parent sees it."""

import os
import sys

import pytest

from dms_load_test.child import start_child

SERVER = """
import sys, threading
from dms_load_test.child import announce
end = threading.Event()
announce("http://" + sys.stdin.readline().strip(), end.set)
end.wait(60)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a module of this text as a child."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))

    def start(text):
        (tmp_path / "a_child.py").write_text(text)
        return start_child("a_child", b"options", patience_s=30.0)

    return start


def test_a_child_gets_its_options_and_names_its_address(start):
    with start(SERVER) as child:
        assert child.address == "http://options"


def test_a_child_ends_with_the_context(start):
    with start(SERVER) as child:
        os.kill(child.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_a_child_that_does_not_start_has_no_address_and_says_why(start):
    with start("import sys; sys.exit('the port is taken')") as child:
        assert (child.address, child.said()) == ("", "the port is taken")
