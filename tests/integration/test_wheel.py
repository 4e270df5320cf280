"""What `pip install` gives: the package runs from a wheel alone, away from any checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of an unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, current: Path, code: str) -> str:
    """Run `code` with the wheel's package, which stands before this checkout's on the path."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=current,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_the_profiles_are_found_in_the_wheel(installed, tmp_path):
    code = """
from pathlib import Path
from dms_load_test.config import list_profiles
print(*(profile.path for profile in list_profiles(Path.cwd())), sep="\\n")
"""

    paths = [Path(line) for line in run(installed, tmp_path, code).splitlines()]

    assert [path.name for path in paths] == ["dev.env", "prod.env", "smoke.env", "staging.env"]
    assert {path.parent for path in paths} == {installed / "dms_load_test" / "profiles"}


def test_the_embedded_data_standard_is_found_in_the_wheel(installed, tmp_path):
    code = """
import dms_load_test
from dms_load_test.edfi.standard import load_standard
print(dms_load_test.__file__, len(load_standard().model.resources))
"""

    where, resources = run(installed, tmp_path, code).split()

    assert Path(where).is_relative_to(installed)
    assert int(resources) == 349


def test_the_pages_are_found_in_the_wheel(installed, tmp_path):
    code = """
from dms_load_test.views.pages import SCRIPTS, render_waiting, web_text
print(len(render_waiting()), *(len(web_text(name)) for name in (*SCRIPTS, "live.js", "style.css")))
"""

    assert all(int(length) > 100 for length in run(installed, tmp_path, code).split())
