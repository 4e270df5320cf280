"""A room says what it holds: the first lines of each module, and a room of many modules which of them does what."""

import ast
import re
import sys
import tomllib
from collections import Counter

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = re.compile(r"`(\w+)`")
COMES_WITH = {"dask": "distributed", "psutil": "distributed", "markupsafe": "jinja2", "pydantic_core": "pydantic"}
"""Imported with the library that stands on it and gives its values to us."""
SPELLED = {"dotenv": "python-dotenv", "yaml": "pyyaml"}
READ_AS_A_FILE = {"plotly"}
"""Its JavaScript is what is used: see docs/adr/0008-chosen-dependencies.md."""


@pytest.fixture(scope="module")
def rooms(sources):
    return {path: text for path, text in sources.items() if path.startswith("src/")}


def test_every_module_begins_with_what_it_holds(rooms):
    assert [path for path, text in rooms.items() if not ast.get_docstring(ast.parse(text))] == []


def test_the_map_of_app_names_each_of_its_modules_once(rooms):
    folder = "src/dms_load_test/app/"
    modules = {path.removeprefix(folder).removesuffix(".py") for path in rooms if path.startswith(folder)}
    named = Counter(NAME.findall(ast.get_docstring(ast.parse(rooms[f"{folder}__init__.py"]))))

    assert named == Counter([*(modules - {"__init__"}), "cli"])


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(root, rooms):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = (text for name in ("cluster", "postgres") for text in project["optional-dependencies"][name])
    declared = {canonicalize_name(Requirement(text).name) for text in (*project["dependencies"], *extras)}
    nodes = [node for text in rooms.values() for node in ast.walk(ast.parse(text))]
    modules = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    tops = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"dms_load_test"}

    assert {SPELLED.get(top, COMES_WITH.get(top, top)) for top in tops} == declared - READ_AS_A_FILE
