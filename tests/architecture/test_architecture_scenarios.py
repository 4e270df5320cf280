"""Scenarios are written with what their users have, too: the scenario API, and nothing else of ours."""

import ast

import pytest

from dms_load_test.scenarios import SCENARIOS

API = "dms_load_test.scenarios."
VALUES = {"dms_load_test.load.ordinals"}
"""What a load that is resumed leaves out."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_built_in_scenario_imports_from_the_scenario_room_alone(root, name):
    tree = ast.parse((root / "src" / "dms_load_test" / "scenarios" / f"{name}.py").read_text())
    ours = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("dms_load_")
    }

    assert {module for module in ours if not module.startswith(API)} <= VALUES


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_built_in_scenario_tells_what_it_does_in_its_first_line(name):
    assert SCENARIOS[name].about
