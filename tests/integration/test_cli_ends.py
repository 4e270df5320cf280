"""The program where its surroundings are odd: streams that are closed or full, and all that asks for an end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dms_load_test.emulator import start_emulator

if sys.platform == "win32":
    pytest.skip("Windows has neither /dev/full nor these signals", allow_module_level=True)

FULL = Path("/dev/full")
LIMIT_S = 60


@pytest.fixture
def program(tmp_path):
    """Start the program by a shell's command line, in which `$P` is the program, in an empty folder."""

    def start(line, **environment):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        settings = {"P": f"{sys.executable} -m dms_load_test", "RESULTS_DIR": str(tmp_path / "results")}
        return subprocess.Popen(
            ["/bin/sh", "-c", f"exec $P {line}"],
            cwd=tmp_path,
            env=kept | settings | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def ended(process):
    out, err = process.communicate(timeout=LIMIT_S)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("profiles >&-", 0),
        ("profiles <&- >&- 2>&-", 0),
        ("run --profile smoke --phase smoke >&-", 0),
        ("doctor --target http://127.0.0.1:9/api >&-", 104),
    ],
)
def test_a_closed_stream_costs_no_more_than_what_it_would_have_told(program, line, code):
    assert ended(program(line, CLIENT_ID="", CLIENT_SECRET=""))[0] == code


def test_nobody_is_there_to_confirm_where_standard_input_is_closed(program):
    with start_emulator() as emulator:
        client = {"CLIENT_ID": emulator.key, "CLIENT_SECRET": emulator.secret, "API_BASE_URL": emulator.base_url}
        assert ended(program("run --profile smoke --phase load -q", **client))[0] == 0
        code, _, err = ended(program("clean <&-", **client))

    assert (code, err) == (104, "dms-load-test: nobody is there to confirm; give --yes\n")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("line", ["profiles", "generate students -n 1000", "--help"])
def test_output_that_a_full_disk_does_not_take_is_told_in_a_line(program, line):
    code, _, err = ended(program(f"{line} >{FULL}"))

    assert code == 108
    assert err == "dms-load-test: the output cannot be written: No space left on device; make space for it\n"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_run_whose_output_a_full_disk_does_not_take_goes_on_to_its_report(program, tmp_path):
    code, _, err = ended(program(f"run --profile smoke --phase smoke >{FULL}"))
    (folder,) = (tmp_path / "results").iterdir()

    assert code == 108
    assert err.startswith("dms-load-test: the output could not be written: No space left on device; ")
    assert err.count("\n") == 1
    assert {"report.html", "summary.json"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 2])
def test_the_emulator_ends_in_order_whatever_asks_for_it_and_however_often(program, number, times):
    process = program("emulator --port 0")
    while not process.stdout.readline().startswith("Ctrl-C ends it"):
        pass
    for _ in range(times):
        process.send_signal(number)

    assert ended(process)[::2] == (105, "dms-load-test: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_to_end_writes_its_results_and_leaves_no_lock(program, tmp_path, number):
    process = program("run --profile smoke --phase full --set DURATION_READWRITE_PHASE=60s")
    while not process.stdout.readline().startswith("readwrite"):
        pass
    process.send_signal(number)
    code, out, _ = ended(process)
    (folder,) = (tmp_path / "results").iterdir()

    assert code == 105
    assert "Interrupted, results are partial" in out
    assert (folder / "report.html").exists()
    assert not (folder / "running.lock").exists()
