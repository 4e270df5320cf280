"""Plan files: what they say, and where what is wrong with them stands."""

import re
from pathlib import Path

import pytest

from dms_load_test import scenarios
from dms_load_test.app.plan_file import ITEM_SETTINGS, PlanFile, read_plan_file
from dms_load_test.config import Settings
from dms_load_test.errors import ConfigError
from dms_load_test.scenarios.program import Item

PLAN = """\
target: ${URL}
profile: dev
settings:
  STUDENT_COUNT: 500
run:
  - smoke
  - scenario: load
  - beside:
      - scenario: readwrite
        name: writers
        thresholds: ["errors: rate<0.01"]
        settings: {VUS_READWRITE_PHASE: 4}
        shape: step
      - changes
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text, **environment):
        path = tmp_path / "plan.yaml"
        path.write_text(text)
        return read_plan_file(path, environment)

    return read_text


def test_a_plan_says_what_runs_in_turn_and_what_side_by_side(read):
    plan = read(PLAN, URL="http://localhost:8080/api")

    assert plan.profile == "dev"
    assert plan.settings == {"API_BASE_URL": "http://localhost:8080/api", "STUDENT_COUNT": "500"}
    assert plan.program.turns == (
        (Item(scenario="smoke", name="smoke"),),
        (Item(scenario="load", name="load"),),
        (
            Item(
                scenario="readwrite",
                name="writers",
                thresholds=("errors: rate<0.01",),
                settings={"VUS_READWRITE_PHASE": "4"},
                shape="step",
            ),
            Item(scenario="changes", name="changes"),
        ),
    )


def test_a_variable_may_have_a_default(read):
    assert read("target: ${URL:-http://a/b}\nrun: [smoke]\n").settings == {"API_BASE_URL": "http://a/b"}


@pytest.mark.parametrize("environment", [{}, {"URL": ""}])
def test_an_empty_target_or_profile_leaves_those_of_other_runs(read, environment):
    plan = read("target: ${URL:-}\nprofile: ${URL:-}\nrun: [smoke]\n", **environment)

    assert plan == PlanFile(plan.program)


def test_the_example_of_a_plan_runs_against_the_target_that_is_configured():
    example = Path(__file__).parents[3] / "examples" / "nightly.yaml"

    assert "API_BASE_URL" not in read_plan_file(example, {}).settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1: the file is empty"),
        ("run: [smoke\n", ":2: "),
        ("target: ${NOT_SET}\nrun: [smoke]\n", ":1: ${NOT_SET} is not set in the environment"),
        ("profile: dev\n", ":1: run: is missing"),
        ("run: smoke\n", ":1: run: expected a list"),
        ("run:\n  - smoke\n  - lod\n", ':3: scenario "lod": expected one of smoke, load'),
        ("run:\n  - mine.py\n", ":2: scenario "),
        ("run:\n  - scenario: load\n    threshold: []\n", ':3: "threshold" is not known here; expected scenario'),
        ("run:\n  - name: x\n", ":2: scenario: is missing"),
        ("run:\n  - scenario: load\n    thresholds:\n      - 'errors: rat<1'\n", ":4: threshold"),
        ("run:\n  - scenario: load\n    settings:\n      STUDENTS: 1\n", ":4: STUDENTS: no such setting"),
        ("settings:\n  STUDENT_COUNT: many\nrun: [smoke]\n", ":2: STUDENT_COUNT: expected a whole number"),
        ("run:\n  - scenario: readwrite\n    shape: round\n", ':3: shape "round": expected one of volume'),
        ("run:\n  - load\n  - load\n", ':3: "load" is the name of line 2, too'),
        ("run:\n  - beside: load\n", ":2: beside: expected a list"),
        ("run: [smoke]\nrun: [load]\n", ':2: "run" stands here twice'),
    ],
)
def test_a_mistake_is_told_with_file_and_line(read, text, told):
    with pytest.raises(ConfigError) as raised:
        read(text)
    assert f"plan.yaml{told}" in str(raised.value)


@pytest.mark.parametrize(
    ("scenario", "name", "value"),
    [
        ("load", "STUDENT_COUNT", "5"),
        ("readwrite", "REQUEST_TIMEOUT", "5s"),
        ("readwrite", "OTLP_HEADERS", "api-key=s3cret"),
        ("readwrite", "WORKERS", "2"),
        ("pipeclean", "STUDENT_COUNT", "5"),
    ],
)
def test_a_setting_that_an_item_would_not_heed_is_refused(read, scenario, name, value):
    with pytest.raises(ConfigError, match=f"plan.yaml:3: {name}: {scenario} does not read it") as raised:
        read(f"run:\n  - scenario: {scenario}\n    settings: {{{name}: {value}}}\n")
    assert "s3cret" not in str(raised.value)


def test_pipeclean_chooses_the_resources_of_the_district_of_its_own(read):
    plan = read("run:\n  - scenario: pipeclean\n    settings: {RESOURCES: schools}\n")

    assert plan.program.items[0].settings == {"RESOURCES": "schools"}


def test_the_settings_that_an_item_may_have_are_those_that_scenarios_read():
    code = "".join(path.read_text() for path in Path(scenarios.__file__).parent.glob("*.py"))

    assert set(re.findall(r"settings\.(\w+)", code)) & Settings.model_fields.keys() == ITEM_SETTINGS


def test_a_missing_plan_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file or directory; expected a plan file"):
        read_plan_file(tmp_path / "none.yaml", {})


def test_a_plan_of_too_many_brackets_is_told(read):
    with pytest.raises(ConfigError, match=r"plan\.yaml: brackets are nested too deeply"):
        read("run: " + "[" * 3000)
