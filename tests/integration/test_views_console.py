"""Standard output as the process has it: pipes that close, encodings that lack characters."""

import subprocess
import sys

PRINTS = (
    "from dms_load_test.views.terminal import make_console\n"
    "console = make_console()\n"
    "for number in range(1_500): console.print(f'line {number} ' + '\\u2026' * 60, soft_wrap=True)\n"
    "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('went on')\n"
)


def run(script, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def test_a_reader_that_leaves_does_not_end_the_run(tmp_path):
    marker = tmp_path / "marker"
    with run(PRINTS, str(marker)) as process:
        assert process.stdout.readline().startswith(b"line 0")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0
    assert marker.read_text() == "went on"


def test_a_character_that_the_encoding_lacks_is_replaced(tmp_path):
    with run(PRINTS, str(tmp_path / "marker"), env={"PYTHONIOENCODING": "ascii", "PATH": ""}) as process:
        out, err = process.communicate(timeout=60)
    assert err == b""
    assert out.splitlines()[0] == b"line 0 " + b"?" * 60


def test_output_that_is_no_terminal_is_plain_and_a_hundred_columns_wide():
    script = "from dms_load_test.views.terminal import make_console as c; print(c().is_terminal, c().width)"
    with run(script) as process:
        assert process.communicate(timeout=60)[0].split() == [b"False", b"100"]
