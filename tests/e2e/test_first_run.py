"""What a new user runs into: no disk, no TLS where it is looked for, Ctrl-C before anything has begun."""

import signal
import sys
import time

import pytest

if sys.platform == "win32":
    pytest.skip("limits and signals of a child differ on Windows", allow_module_level=True)
import resource

SMALL_BYTES = 50 * 1024
"""The record of a dev run grows beyond it in its first seconds."""


def test_a_disk_that_is_full_ends_the_run_at_once_and_keeps_what_was_written(command, server):
    """A limit on the size of files stands for it: the system refuses to write on, in the same way."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_BYTES, most))
    try:
        ended = command("run", "--profile", "dev", "--quiet", **server.settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    report = command("report", str(ended.folder))

    assert ended.code == 108, ended.err
    assert "what was written until then stays: make space" in ended.err
    assert "Traceback" not in ended.err
    assert report.code == 0, report.err


def test_https_to_a_server_without_it_is_told_as_such(command, server):
    ended = command("smoke", **server.settings | {"API_BASE_URL": server.base_url.replace("http:", "https:")})

    assert ended.code == 110
    assert "write http:// in API_BASE_URL" in ended.err


@pytest.mark.parametrize("after_s", [0.2, 0.6, 1.2])
def test_ctrl_c_before_the_run_has_begun_is_no_traceback(command, server, after_s):
    started = command.start("run", "--profile", "smoke", **server.settings)
    time.sleep(after_s)  # a user's patience, in which the program is being loaded or looks at the target
    started.send_signal(signal.SIGINT)
    ended = command.end(started)

    # CPython itself ends by the signal where it came while a string was executed, as dataclasses do when imported.
    assert ended.code in {105, -signal.SIGINT}
    assert "Traceback" not in ended.err
