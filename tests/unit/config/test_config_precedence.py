"""flags > environment > profile > .env.load-test > defaults: one test for each pair, and what belongs to it."""

from pathlib import Path

import pytest

from dms_load_test.config import Settings, home, load_settings

NAME = "VUS_LOAD_PHASE"
LAYERS = ("flag", "environment", "profile", ".env.load-test", "default")
VALUE = {"flag": 11, "environment": 12, "profile": 13, ".env.load-test": 14, "default": Settings().vus_load_phase}


def load(folder: Path, *layers: str):
    """Load settings of a folder where each of `layers` sets NAME to its own value."""
    text = {layer: f"{NAME}={VALUE[layer]}\n" for layer in layers}
    (folder / ".env.profiles").mkdir()
    (folder / ".env.profiles" / "mine.env").write_text(text.get("profile", ""))
    (folder / ".env.load-test").write_text(text.get(".env.load-test", ""))
    flags = {NAME: str(VALUE["flag"])} if "flag" in layers else {}
    environment = {NAME: str(VALUE["environment"])} if "environment" in layers else {}
    return load_settings("mine", flags, environment, folder)


@pytest.mark.parametrize(
    ("winner", "loser"), [(high, low) for at, high in enumerate(LAYERS) for low in LAYERS[at + 1 :]]
)
def test_the_higher_of_two_layers_wins(tmp_path, winner, loser):
    effective = load(tmp_path, *{winner, loser} - {"default"})

    assert effective.settings.vus_load_phase == VALUE[winner]
    assert effective.origins[NAME].layer == winner


def test_a_profile_that_nobody_asked_for_fills_in_below_the_own_file(tmp_path):
    (tmp_path / ".env.load-test").write_text("STUDENT_COUNT=5000\n")

    unasked = load_settings(None, {}, {}, tmp_path)
    asked = load_settings("dev", {}, {}, tmp_path)

    assert unasked.profile.name == "dev"
    assert unasked.settings.student_count == 5000
    assert unasked.origins["STUDENT_COUNT"].layer == ".env.load-test"
    assert unasked.origins["SCHOOL_COUNT"].layer == "profile"
    assert asked.settings.student_count == 100


def test_every_layer_alone_is_heard(tmp_path):
    for layer in LAYERS[:-1]:
        folder = tmp_path / layer.strip(".")
        folder.mkdir()
        assert load(folder, layer).settings.vus_load_phase == VALUE[layer]


def test_an_origin_tells_file_and_line(tmp_path):
    (tmp_path / ".env.load-test").write_text("# mine\n\n\nSEED=7\n")

    origin = load_settings(None, {}, {}, tmp_path).origins["SEED"]

    assert origin.where == f"{tmp_path / '.env.load-test'}, line 4"


def test_every_setting_has_an_origin(tmp_path):
    effective = load_settings(None, {"SEED": "1"}, {"STAFF_COUNT": "1"}, tmp_path)

    assert [row.name for row in effective.rows()] == list(effective.origins)
    assert effective.origins["SEED"].where == "--seed or --set SEED"
    assert effective.origins["STAFF_COUNT"].where == "environment variable STAFF_COUNT"
    assert effective.origins["API_BASE_URL"].where == "default"


def test_an_empty_value_takes_back_what_a_lower_layer_says(tmp_path):
    (tmp_path / ".env.load-test").write_text("API_BASE_URL=http://host/api\nTHRESHOLDS_LOAD='errors: rate<0.5'\n")

    settings = load_settings(None, {"API_BASE_URL": ""}, {"THRESHOLDS_LOAD": ""}, tmp_path).settings

    assert settings.api_base_url is None
    assert settings.thresholds_load == ()


def test_variables_of_other_programs_are_left_alone(tmp_path):
    assert (
        load_settings(None, {}, {"PATH": "/bin", "VUS": "many"}, tmp_path).settings
        == load_settings(None, {}, {}, tmp_path).settings
    )


def test_paths_in_files_start_at_the_project_folder_and_others_at_the_current_one(tmp_path, monkeypatch):
    project, current = tmp_path / "project", tmp_path / "current"
    project.mkdir()
    current.mkdir()
    monkeypatch.chdir(current)
    (project / ".env.load-test").write_text("CA_BUNDLE=authorities.pem\n")
    (project / "authorities.pem").touch()
    (current / "mine.pem").touch()

    from_file = load_settings(None, {}, {}, project).settings
    from_elsewhere = load_settings(None, {"RESULTS_DIR": "out"}, {"CA_BUNDLE": "mine.pem"}, project).settings

    assert from_file.ca_bundle == project / "authorities.pem"
    assert from_file.results_dir == project / "results"
    assert from_elsewhere.ca_bundle == Path("mine.pem")
    assert from_elsewhere.results_dir == Path("out")


def test_the_scripts_name_the_project_folder_and_the_bare_command_takes_the_current_one(tmp_path):
    assert home({"DMS_LOAD_TEST_HOME": str(tmp_path)}, Path("here")) == tmp_path
    assert home({}, Path("here")) == Path("here")
    assert home({"DMS_LOAD_TEST_HOME": ""}, Path("here")) == Path("here")
