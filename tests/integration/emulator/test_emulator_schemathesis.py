"""Somebody else's reading of the emulator's OpenAPI: schemathesis sends what the documents allow, and what they do not.

All its checks are on; `schemathesis.toml` says where DMS's contract lets an answer be what they do not expect.
It runs over one resource, one descriptor and the small documents; `SCHEMATHESIS_RESOURCES=all` takes all, or name some
by commas. `SCHEMATHESIS_PHASES=fuzzing` leaves out the enumeration of values, which takes most of the time.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dms_load_test.edfi.links import links_of
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import ApiModel
from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator import EmulatorOptions, start_emulator

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
CHOSEN = os.environ.get("SCHEMATHESIS_RESOURCES", "students")
CONFIG = Path(__file__).with_name("schemathesis.toml")
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "coverage,fuzzing")
LIMIT_S = 3600 if CHOSEN == "all" else 240


def chosen_model():
    """The chosen resources with the abstract kinds and descriptors that they refer to."""
    model = load_standard().model
    if CHOSEN == "all":
        return model
    names, waiting = {"sexDescriptors"}, CHOSEN.split(",")
    while waiting:
        name = waiting.pop()
        names.add(name)
        waiting += [
            link.targets[0]
            for link in links_of(model, model.resources[name])
            if link.targets and names.isdisjoint(link.targets)
        ]
    resources = {name: schema for name, schema in model.resources.items() if name in names}
    return ApiModel(resources, model.abstract, model.descriptors)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    if CHOSEN == "all":
        with start_emulator() as running:
            yield running
        return
    folder = tmp_path_factory.mktemp("openapi")
    documents = write_openapi(chosen_model(), data_url="http://x/data", token_url="http://x/token", version="5.2")
    files = []
    for name, document in zip(("resources", "descriptors"), documents, strict=True):
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    with start_emulator(EmulatorOptions(port=0, openapi=tuple(files))) as running:
        yield running


@pytest.mark.timeout(LIMIT_S + 30)
@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ("specifications/resources-spec.json", f"^/ed-fi/({CHOSEN.replace(',', '|')})(/|$)"),
        ("specifications/descriptors-spec.json", "^/ed-fi/sexDescriptors(/|$)"),
        ("specifications/discovery-spec.json", "^/$"),
        ("changequeries/v1/swagger.json", "^/availableChangeVersions$"),
    ],
)
def test_no_answer_is_a_server_error_or_undocumented(served, make_client, tmp_path, document, paths):
    token = make_client(served).token().json["access_token"]
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
        f"{served.base_url}/metadata/{document}",
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", PHASES, "--max-examples", "3", "--seed", "1"),
        *("--continue-on-failure", "--no-color", "--suppress-health-check", "all"),
        *([] if CHOSEN == "all" else ["--include-path-regex", paths]),
    ]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert re.search(r"[1-9]\d* generated, [1-9]\d* passed", ended.stdout), ended.stdout[-2000:]
