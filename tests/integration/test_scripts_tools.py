"""What run-tests.sh installs for the tests, and how, with stand-ins for the system's programs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "tools.sh"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux and macOS")

APT = """#!/bin/sh
echo "$* | ${DEBIAN_FRONTEND:-asks} | $("$POLICY"; echo $?) | $(cat)" >> "$CALLS"
for package; do :; done
case " $LACKING " in *" $package "*) echo "E: Package '$package' has no installation candidate" >&2; exit 100 ;; esac
"""
ALL = ["chromium", "prometheus", "prometheus-node-exporter", "postgresql"]


class System:
    """A Debian of stand-ins: its path, its policy about services, and what it was asked to do."""

    def __init__(self, folder):
        self.bin, self.calls, self.policy = folder / "bin", folder / "calls", folder / "policy-rc.d"
        self.postgresql, self.log = folder / "postgresql", folder / "tools.log"
        self.bin.mkdir()
        for tool in ("cat", "chmod", "rm", "sh"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.add("apt-get", APT)
        self.add("systemctl", '#!/bin/sh\necho "$*" >> "$CALLS"\n')
        self.is_user(0)

    def add(self, name, text="#!/bin/sh\n"):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def is_user(self, number):
        self.add("id", f"#!/bin/sh\necho {number}\n")

    def install(self, lacking=""):
        words = f'set -eu; . "{SCRIPT}"; POLICY=$1 POSTGRESQL=$2; export POLICY; install_tools "$3"; echo done'
        return subprocess.run(
            [shutil.which("bash"), "-c", words, "tools", self.policy, self.postgresql, self.log],
            env={"PATH": str(self.bin), "CALLS": str(self.calls), "LACKING": lacking},
            input="y\n",
            capture_output=True,
            text=True,
            check=True,
        )

    @property
    def asked(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    @property
    def installed(self):
        return [call.split(" | ")[0].split()[-1] for call in self.asked if " install " in call]


@pytest.fixture
def system(tmp_path):
    return System(tmp_path)


def test_what_is_missing_is_installed_and_no_more(system):
    system.add("chromium")

    assert system.install().stdout == "done\n"
    assert system.installed == ALL[1:]
    assert all("--no-install-recommends" in call for call in system.asked if " install " in call)


def test_nothing_is_asked_or_answered(system):
    system.install()

    calls = [call for call in system.asked if " | " in call]
    assert len(calls) == 5
    assert all(call.endswith("| noninteractive | 101 | ") for call in calls)


def test_no_service_starts_then_or_later_and_the_policy_is_as_it_was(system):
    system.install()

    assert not system.policy.exists()
    assert [call for call in system.asked if call.startswith("disable")] == [f"disable {package}" for package in ALL]


def test_a_policy_that_is_there_stays(system):
    system.policy.write_text("#!/bin/sh\nexit 104\n")
    system.policy.chmod(0o755)
    system.install()

    assert "104" in system.policy.read_text()
    assert system.asked[0].split(" | ")[2] == "104"


def test_what_a_system_does_not_have_does_not_keep_the_rest_away(system):
    done = system.install(lacking="chromium update")

    assert system.installed == ALL
    assert done.stderr.splitlines()[1:] == [
        f"Could not install chromium (see {system.log}): some tests will be skipped."
    ]
    assert "no installation candidate" in system.log.read_text()
    assert "disable chromium" not in system.asked


def test_nothing_is_installed_where_services_could_not_be_kept_from_starting(system):
    system.policy = system.policy.parent / "nowhere" / "policy-rc.d"

    assert "some tests will be skipped" in system.install().stderr
    assert system.asked == []


@pytest.mark.parametrize("without", ["root", "apt-get", "need"])
def test_the_system_is_left_alone_where_it_cannot_or_need_not_change(system, without):
    if without == "root":
        system.is_user(1000)
    elif without == "apt-get":
        (system.bin / "apt-get").unlink()
    else:
        system.postgresql.mkdir()
        for tool in ("chromium-browser", *ALL[1:3]):
            system.add(tool)

    assert system.install().stderr == ""
    assert system.asked == []
