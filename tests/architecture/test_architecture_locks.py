"""The locks and pyproject.toml agree, and installing from the locks trusts hashes alone."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-dev.lock")
RENEW = "run scripts/lock.sh"


def pins(root, lock):
    """The version of each package that a lock names."""
    text = (root / lock).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", text, re.MULTILINE))


def asked_for(root, lock):
    """The requirements of pyproject.toml that a lock must meet: the backend is among them, see scripts/set-up.sh."""
    document = tomllib.loads((root / "pyproject.toml").read_text())
    project = document["project"]
    extras = ("cluster", "postgres", *(("dev",) if lock == "requirements-dev.lock" else ()))
    extra = [text for name in extras for text in project["optional-dependencies"][name]]
    texts = [*project["dependencies"], *document["build-system"]["requires"], *extra]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_is_asked_for_in_a_version_that_will_do(root, lock):
    pinned = pins(root, lock)

    unmet = [
        str(requirement)
        for requirement in asked_for(root, lock)
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert unmet == [], RENEW


def test_the_tests_see_the_versions_that_users_get(root):
    users, tests = (pins(root, lock) for lock in LOCKS)

    assert {name: tests.get(name) for name in users} == users, RENEW


def test_the_group_that_is_locked_holds_the_build_backend(root):
    document = tomllib.loads((root / "pyproject.toml").read_text())

    assert document["dependency-groups"]["build"] == document["build-system"]["requires"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(root, lock):
    entries = re.split(r"\n(?=\S)", (root / lock).read_text().strip())

    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(root, lock):
    assert re.findall(r"\S*://\S*|^-\S+", (root / lock).read_text(), re.MULTILINE) == []
