"""Every resource of the embedded standard and of the published OpenAPI 5.0, judged by two independent checkers."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from dms_load_test.edfi.dependencies import DependencyGraph
from dms_load_test.edfi.openapi import read_openapi
from dms_load_test.edfi.openapi_writer import write_openapi
from dms_load_test.edfi.schema import path_of
from dms_load_test.edfi.standard import load_standard
from dms_load_test.generators import DataOptions, DistrictSizes, Optional, build_documents

SHARED = Path(__file__).parents[3] / "shared" / "data"
STANDARD = load_standard()
URIS = {
    name: [f"uri://ed-fi.org/{name}#{code}" for code in codes] for name, codes in STANDARD.descriptor_values.items()
}
DEV = DistrictSizes(10, 100, 20, 10, 3)


@cache
def published():
    paths = [SHARED / f"openapi-ds-5.0-{part}.json" for part in ("resources", "descriptors")]
    if not all(path.exists() for path in paths):
        pytest.skip("the published OpenAPI documents are not there")
    documents = [json.loads(path.read_text()) for path in paths]
    return read_openapi(documents), documents


def model_of(name):
    return STANDARD.model if name == "5.2" else published()[0]


def openapi_of(name):
    if name == "5.2":
        return write_openapi(STANDARD.model, data_url="http://x", token_url="http://x", version="1")
    return published()[1]


def all_documents(model, optional, counts=None, seed=7):
    options = DataOptions(frozenset(model.resources), optional, counts or {})
    return build_documents(model, DEV, seed, URIS, options)


@pytest.mark.parametrize("name", ["5.2", "5.0"])
@pytest.mark.parametrize(
    ("optional", "counts"),
    [("common", {"*": 1}), ("common", {"*": 50}), ("all", {"*": 50}), ("none", {}), ("common", {}), ("all", {"*": 3})],
    ids=["one", "fifty", "fifty, all members", "district, none", "district", "three, all members"],
)
def test_every_resource_has_documents_that_keep_the_laws(checker, name, optional, counts):
    model = model_of(name)
    documents = all_documents(model, Optional(optional), counts)
    levels = DependencyGraph.build(model, ()).levels(documents.counts)

    found = checker(model, URIS, documents).problems(levels, lambda _, count: range(min(count, 50)))

    assert list(found) == []
    assert documents.left_out == {}
    assert documents.counts.keys() == model.resources.keys()
    assert not counts or set(documents.counts.values()) == set(counts.values())


@pytest.mark.parametrize("name", ["5.2", "5.0"])
@pytest.mark.parametrize("optional", list(Optional))
def test_documents_validate_against_the_openapi_documents_with_jsonschema(name, optional):
    model = model_of(name)
    documents = all_documents(model, optional)
    for openapi in openapi_of(name):
        for resource in documents.counts:
            post = openapi["paths"].get(path_of(resource), {}).get("post")
            if post is None:
                continue
            content = post["requestBody"]["content"]["application/json"]["schema"]
            schema = {**content, "components": openapi["components"]}
            validator = Draft202012Validator(schema, format_checker=FormatChecker())
            for ordinal in range(min(2, documents.counts[resource])):
                document = documents.document(resource, ordinal)
                problems = [
                    f"{error.json_path} {error.message}"
                    for error in validator.iter_errors(document)
                    if error.json_path != "$" or "'id'" not in error.message
                ]
                assert problems == [], resource


def test_equal_seeds_make_equal_bytes_in_another_process():
    script = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]);import test_generators_coverage as t; print(t.digest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "99")
    }

    assert outputs == {digest()}


def digest():
    from hashlib import sha256  # noqa: PLC0415 - for the other process, which imports this file

    documents = all_documents(STANDARD.model, Optional.ALL)
    found = sha256()
    for resource, count in sorted(documents.counts.items()):
        for ordinal in range(min(count, 4)):
            found.update(documents.payload(resource, ordinal))
    return found.hexdigest()
