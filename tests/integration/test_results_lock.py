import subprocess
import sys

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.results.lock import held, is_held
from dms_load_test.results.run_folder import RunFolder

HOLD = """
import sys, time
from pathlib import Path
from dms_load_test.results.lock import held
from dms_load_test.results.run_folder import RunFolder
with held(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_ends_with_its_context_and_leaves_nothing(tmp_path):
    folder = RunFolder(tmp_path)
    with held(folder):
        assert is_held(folder)
    assert not is_held(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_holds_nothing_any_more(tmp_path):
    folder = RunFolder(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        assert is_held(folder)
        with pytest.raises(ConfigError, match="still going on"), held(folder):
            pass
        process.kill()
        process.wait()
        assert not is_held(folder)
        with held(folder):
            pass
