"""The shell scripts: what they do about what is missing, with stand-ins for Python on the PATH. No network."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux and macOS")

PYTHON = """#!/bin/sh
# A stand-in for Python {version}: answers the scripts' questions, makes environments, notes what pip is asked for.
case "$*" in
    *version_info*) echo "{version} {new}" ;;
    *ensurepip*) exit {without_venv} ;;
    "-m venv"*)
        for folder in "$@"; do :; done
        mkdir -p "$folder/bin"
        cp "$0" "$folder/bin/python"
        echo "$*" >> "{log}"
        cp "{command}" "$folder/bin/dms-load-test" ;;
    *"pip install"*)
        echo "$*" >> "{log}"
        if [ {offline} = 1 ]; then echo "ERROR: No matching distribution found for rich" >&2; exit 1; fi ;;
esac
"""

COMMAND = """#!/bin/sh
echo "home $DMS_LOAD_TEST_HOME"
printf "[%s]" "$@"
exit 99
"""


class Checkout:
    """A copy of what the scripts read, in a folder with a blank in its name, and a PATH of stand-ins."""

    def __init__(self, folder: Path):
        self.home, self.bin, self.log = folder / "a checkout", folder / "bin", folder / "calls.log"
        self.home.mkdir()
        self.bin.mkdir()
        for name in ("run-load-test.sh", "run-smoke-test.sh", "pyproject.toml"):
            shutil.copy(ROOT / name, self.home)
        for name in ("requirements.lock", "requirements-dev.lock"):
            (self.home / name).write_text("rich==15.0.0\n")
        shutil.copytree(ROOT / "scripts", self.home / "scripts")
        for tool in ("bash", "cat", "cksum", "cp", "dirname", "grep", "mkdir", "chmod", "sed", "sh", "tail"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.command = self.add("a-command", COMMAND)

    def add_python(self, name: str, version: str, *, without_venv: bool = False, offline: bool = False):
        self.add(
            name,
            PYTHON.format(
                version=version,
                new=tuple(map(int, version.split("."))) >= (3, 11),
                without_venv=int(without_venv),
                offline=int(offline),
                log=self.log,
                command=self.command,
            ),
        )

    def add(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, *arguments: str, script="run-load-test.sh", current: Path | None = None, **environment: str):
        return subprocess.run(
            [self.home / script, *arguments],
            cwd=current or self.home,
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, what: str) -> list[str]:
        """Return what Python was asked to do, of one kind."""
        return [line for line in self.log.read_text().splitlines() if what in line]

    @property
    def installs(self) -> list[str]:
        return self.calls("pip install")


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_what_is_missing_is_set_up_from_hashes_and_then_the_command_runs(checkout):
    checkout.add_python("python3", "3.12")

    done = checkout.run("--profile", "smoke")

    assert done.stdout.endswith("[run][--profile][smoke]")
    assert len(done.stderr.splitlines()) == 1
    locked, own = checkout.installs
    assert "--require-hashes" in locked
    assert locked.endswith("requirements.lock")
    assert "--no-deps --no-build-isolation" in own


def test_nothing_is_said_or_installed_when_nothing_changed(checkout):
    checkout.add_python("python3", "3.12")
    checkout.run()
    for python in checkout.bin.glob("python*"):
        python.unlink()

    again = checkout.run()

    assert again.stderr == ""
    assert len(checkout.installs) == 2


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements.lock"])
def test_a_change_of_what_is_needed_is_installed(checkout, changed):
    checkout.add_python("python3", "3.12")
    checkout.run()
    with (checkout.home / changed).open("a") as file:
        file.write("# changed\n")

    checkout.run()

    assert len(checkout.installs) == 4
    assert len(checkout.calls("-m venv")) == 1


def test_an_environment_does_not_survive_a_move_and_is_made_anew(checkout, tmp_path):
    checkout.add_python("python3", "3.12")
    checkout.run()
    checkout.home = checkout.home.rename(tmp_path / "moved")

    moved = checkout.run()

    assert f"home {checkout.home}" in moved.stdout
    assert checkout.calls("-m venv")[1] == f"-m venv --clear {checkout.home}/.venv"
    assert len(checkout.installs) == 4


def test_the_exit_code_and_the_arguments_are_passed_on_from_any_directory(checkout, tmp_path):
    checkout.add_python("python3", "3.12")

    done = checkout.run("--set", "CLIENT_ID=a b", "", script="run-smoke-test.sh", current=tmp_path)

    assert done.returncode == 99
    assert done.stdout == f"home {checkout.home}\n[smoke][--set][CLIENT_ID=a b][]"


def test_a_python_that_does_not_start_is_passed_over(checkout):
    checkout.add("python3.13", '#!/bin/sh\necho "pyenv: python3.13: command not found" >&2\nexit 127\n')
    checkout.add_python("python3", "3.11")

    assert checkout.run().returncode == 99


def test_an_old_python_is_told_in_one_line_with_what_to_do(checkout):
    checkout.add_python("python3", "3.9")

    refused = checkout.run()

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        "run-load-test.sh: Python 3.11 or newer is needed; python3 is 3.9; "
        "install it (https://www.python.org/downloads) and run this again"
    )


def test_no_python_is_told_in_one_line_with_what_to_do(checkout):
    refused = checkout.run()

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("run-load-test.sh: Python 3.11 or newer is needed; install it")


def test_a_missing_venv_module_is_told_with_the_package_that_has_it(checkout):
    checkout.add_python("python3.12", "3.12", without_venv=True)

    refused = checkout.run()

    assert refused.returncode == 1
    assert "sudo apt install python3.12-venv" in refused.stderr.splitlines()[-1]


def test_another_python_is_taken_where_the_first_has_no_venv_module(checkout):
    checkout.add_python("python3.13", "3.13", without_venv=True)
    checkout.add_python("python3.11", "3.11")

    assert checkout.run().returncode == 99


def test_no_network_is_told_in_one_line_and_the_next_call_tries_again(checkout):
    checkout.add_python("python3", "3.12", offline=True)

    refused = [checkout.run() for _ in range(2)]

    assert [done.returncode for done in refused] == [1, 1]
    assert "No matching distribution found for rich" in refused[1].stderr.splitlines()[-1]
    assert "check the network" in refused[1].stderr.splitlines()[-1]
    assert len(checkout.installs) == 2


@pytest.mark.parametrize("system", ["msys", "cygwin"])
def test_a_shell_on_windows_is_told_the_way_that_works_there(checkout, system):
    checkout.add_python("python", "3.12")

    refused = checkout.run(OSTYPE=system)

    assert refused.returncode == 1
    assert refused.stderr == (
        "run-load-test.sh: the scripts are for Linux and macOS; on Windows: pip install . and then dms-load-test run\n"
    )
    assert not checkout.log.exists()
