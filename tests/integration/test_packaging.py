"""What is handed out: source archive, metadata, bill of materials, version; and what starts quickly."""

import json
import os
import re
import resource
import socket
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).parents[2]


def not_for(lock, **environment):
    """Locked packages that this Python does without, or one of another environment."""
    marked = re.findall(r"^([a-z0-9][a-z0-9.-]*)==\S+ ; (.*?)(?: \\)?$", lock, re.MULTILINE)
    return {name for name, marker in marked if not Marker(marker).evaluate(environment)}


def hatch(*arguments, folder):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *arguments], cwd=folder, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of an unpacked source archive."""
    folder = tmp_path_factory.mktemp("source")
    hatch("--target", "sdist", "--directory", str(folder), folder=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extraction_filter = getattr(tarfile, "data_filter", None)  # Python before 3.11.4 has none
        files.extractall(folder)
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


@pytest.fixture(scope="module")
def wheel(source):
    """The wheel that the source archive gives: files by name."""
    hatch("--target", "wheel", "--directory", str(source.parent), folder=source)
    (archive,) = source.parent.glob("*.whl")
    with zipfile.ZipFile(archive) as files:
        return {name: files.read(name) for name in files.namelist()}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_source_archive_holds_what_is_needed_to_test_and_to_build(source):
    shown = ("LICENSE", "README.md", "requirements-dev.lock", "run-tests.sh", "tests/conftest.py")
    hidden = (".ci/run", ".dockerignore", ".env.example")

    assert [name for name in (*shown, *hidden) if not (source / name).is_file()] == []


def test_the_source_archive_gives_a_wheel_with_the_whole_package(wheel):
    package = ROOT / "src" / "dms_load_test"
    files = {path.relative_to(package.parent).as_posix() for path in package.rglob("*") if path.is_file()}
    sources = {name for name in files if "__pycache__" not in name}

    assert sources <= wheel.keys()
    assert "dms_load_test/py.typed" in wheel


def test_the_metadata_says_what_it_is(wheel, project):
    about = message_from_bytes(next(data for name, data in wheel.items() if name.endswith("/METADATA")))

    assert about["License-Expression"] == "Apache-2.0"
    assert about["Requires-Python"] == ">=3.11"
    assert {"cluster", "otlp", "postgres"} <= set(about.get_all("Provides-Extra"))
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in about.get_all("Classifier")
    assert project["scripts"].keys() == {"dms-load-test"}


def test_the_bill_of_materials_names_every_locked_package_with_its_licence(project):
    absent = [name for name in ("distributed", "psycopg") if find_spec(name) is None]
    if absent:
        pytest.skip(f"licences are read from what is installed; {', '.join(absent)} of the extras: not here")
    done = subprocess.run([sys.executable, "scripts/sbom.py"], cwd=ROOT, capture_output=True, check=True)
    bill = json.loads(done.stdout)
    lock = (ROOT / "requirements.lock").read_text()
    locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    refs = {component["bom-ref"] for component in bill["components"]}

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == project["version"]
    assert {component["name"] for component in bill["components"]} == locked
    assert {c["name"] for c in bill["components"] if not c.get("licenses")} <= not_for(lock)
    assert all(set(entry["dependsOn"]) <= refs for entry in bill["dependencies"])


@pytest.mark.parametrize(
    ("environment", "absent"),
    [
        ({"python_full_version": "3.11.9", "sys_platform": "linux"}, {"colorama", "tzdata"}),
        ({"python_full_version": "3.13.1", "sys_platform": "linux"}, {"colorama", "tzdata", "zipp"}),
        ({"python_full_version": "3.13.1", "sys_platform": "win32"}, {"uvloop", "zipp"}),
    ],
)
def test_a_licence_is_asked_of_what_this_python_and_system_install(environment, absent):
    lock = (ROOT / "requirements.lock").read_text()

    assert not_for(lock, **environment) & {"colorama", "tzdata", "uvloop", "zipp"} == absent


def test_no_licence_obliges_more_than_we_keep():
    """All that users get may be passed on with Apache-2.0 software; a new kind of licence is to be looked at first."""
    done = subprocess.run(
        [sys.executable, "scripts/sbom.py", "--licenses"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    known = ("MIT", "BSD", "Apache-2.0", "ISC", "PSF-2.0", "MPL-2.0", "LGPL-3.0-only", "not installed here")

    assert [line for line in done.stdout.splitlines() if not any(word in line[36:] for word in known)] == []


def test_the_version_tells_data_standard_and_libraries():
    done = subprocess.run(
        [sys.executable, "-m", "dms_load_test", "--version"], capture_output=True, check=True, text=True
    )
    lines = done.stdout.splitlines()

    assert lines[0].startswith("dms-load-test ")
    assert lines[1] == "data standard Ed-Fi 5.2.0"
    assert {"msgspec", "httptools"} <= {line.split()[0] for line in lines[3:]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_be_taught_to_complete(shell):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['dms-load-test']; import dms_load_test.__main__ as m; m.main()",
        ],
        env=os.environ
        | {"_DMS_LOAD_TEST_COMPLETE": f"source_{shell}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "_DMS_LOAD_TEST_COMPLETE" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count a child's CPU time for its parent")
def test_help_comes_at_once():
    """CPU time, which does not hang on who else uses the machine; of three, as the first one may have to compile."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "dms_load_test", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    assert min(spent) < 0.4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the CPU time of a child that still runs")
def test_the_first_request_is_sent_soon(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as target:
        target.settimeout(60)
        settings = {
            "API_BASE_URL": f"http://127.0.0.1:{target.getsockname()[1]}",
            "CLIENT_ID": "a",
            "CLIENT_SECRET": "b",
        }
        command = [sys.executable, "-m", "dms_load_test", "run", "--profile", "smoke", "--quiet"]
        with subprocess.Popen(command, cwd=tmp_path, env=os.environ | settings, stderr=subprocess.DEVNULL) as run:
            asked, _ = target.accept()
            with asked:
                request = asked.recv(1000)
                ticks = Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            run.kill()

    assert request.startswith(b"GET / HTTP/1.1")
    assert sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") < 1.5
