"""Write the bill of materials of what users get: requirements.lock with licences, as CycloneDX 1.6, or as a list.

    .venv/bin/python scripts/sbom.py > sbom.json        .venv/bin/python scripts/sbom.py --licenses

Nothing is asked of any server: versions are the lock's, licences those that the installed packages state. Packages for
other systems only, which are not installed here, are listed without a licence.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, requires
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).resolve().parents[1]
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)(?: ; (.*?))?(?: \\)?$", re.MULTILINE)
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_EXPRESSION = re.compile(r"[A-Za-z]+-[A-Za-z0-9.-]+|MIT|ISC")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins() -> dict[str, tuple[str, str]]:
    """Return name -> (version, marker) of the lock that users install from."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {name: (version, marker or "") for name, version, marker in _PIN.findall(text)}


def license_of(name: str) -> str:
    """Return a package's licence as an SPDX expression, or in its own words; empty where it is not installed here."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    return _one(about, "License-Expression") or _stated(about)


def _one(about: PackageMetadata, field: str) -> str:
    return next(iter(about.get_all(field) or ()), "")


def _stated(about: PackageMetadata) -> str:
    classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License ::")]
    words = [_one(about, "License"), *classifiers]
    exact = [_SPDX.get(text, text) for text in words if text in _SPDX or _EXPRESSION.fullmatch(text)]
    named = [text.rpartition(" :: ")[2] for text in reversed(words) if text and "\n" not in text]
    return (exact or named or ["not stated"])[0]


def bill() -> dict[str, Any]:
    """Return the CycloneDX document; the same lock gives the same document."""
    own, locked = metadata("dms-load-test"), pins()
    root = f"pkg:pypi/dms-load-test@{own['Version']}"
    refs = {name: f"pkg:pypi/{name}@{version}" for name, (version, _) in locked.items()}
    needs = [{"ref": root, "dependsOn": _needed("dms-load-test", refs)}]
    needs += [{"ref": ref, "dependsOn": _needed(name, refs)} for name, ref in refs.items()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join([root, *refs.values()]))}",
        "version": 1,
        "metadata": {"component": _component("application", "dms-load-test", own["Version"], root)},
        "components": [_component("library", name, locked[name][0], ref) for name, ref in refs.items()],
        "dependencies": needs,
    }


def _component(kind: str, name: str, version: str, ref: str) -> dict[str, Any]:
    made: dict[str, Any] = {"type": kind, "bom-ref": ref, "name": name, "version": version, "purl": ref}
    if text := license_of(name):
        spdx = all(_EXPRESSION.fullmatch(word) or word in {"AND", "OR", "WITH"} for word in text.split())
        made["licenses"] = [{"expression": text} if spdx else {"license": {"name": text}}]
    return made


def _needed(name: str, refs: dict[str, str]) -> list[str]:
    """Return the locked packages that a package asks for, whatever for."""
    try:
        texts = requires(name) or ()
    except PackageNotFoundError:
        return []
    names = {found.group().lower().replace("_", "-") for text in texts if (found := _NAME.match(text))}
    return [refs[needed] for needed in sorted(names & refs.keys())]


def main() -> None:
    """Print the bill, or with --licenses a line for each package."""
    if "--licenses" not in sys.argv[1:]:
        print(json.dumps(bill(), indent=2))  # noqa: T201 - a script for the command line
        return
    for name, (version, marker) in pins().items():
        text = license_of(name) or f"not installed here ({marker})"
        print(f"{name:<22} {version:<12} {text}")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
