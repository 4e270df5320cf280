"""Arguments that would silently do nothing, or be missed after hours: refused before anything is sent."""

import os
import sys

import pytest

from dms_load_test.cli import main


@pytest.fixture
def ended(tmp_path, monkeypatch, capsys):
    """Run the command in this process, in an empty folder; give its code and what it said on standard error."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() - {"PATH", "HOME"}:
        monkeypatch.delenv(name)

    def run(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["dms-load-test", *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        return exited.value.code or 0, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--target", ""], "--target: it is empty; is a variable not set?"),
        (["run", "--profile", " "], "--profile: it is empty"),
        (["smoke", "-p", ""], "--profile: it is empty"),
        (["run", "--then-soak", "60m"], "--then-soak: it comes after the scenario knee"),
        (
            ["run", "--summary-export", "nowhere/k6.json"],
            "--summary-export nowhere/k6.json: there is no folder nowhere",
        ),
        (["run", "--summary-export", "."], "--summary-export .: it is no regular file"),
        (["run", "--set", "CA_BUNDLE=."], "CA_BUNDLE: . is a folder"),
        (["run", "--target", "http://exämple.invalid/api/"], "API_BASE_URL: expected an http or https URL of ASCII"),
        (
            ["plan", "--set", "STUDENT_COUNT=100000000000000000000000"],
            "STUDENT_COUNT: expected a whole number from 1 to",
        ),
        (["emulator", "--fault", "error:status=x"], 'fault error: status is "x"; expected a whole number'),
    ],
)
def test_what_would_do_nothing_or_fail_late_is_refused_at_once(ended, tmp_path, arguments, told):
    code, err = ended(*arguments)

    assert (code, err.startswith(f"dms-load-test: {told}")) == (104, True), err
    assert not (tmp_path / "results").exists()


def test_a_weight_of_what_the_target_does_not_have_is_refused(ended, tmp_path):
    code, err = ended("run", "--profile", "smoke", "--set", "READWRITE_WEIGHTS=nosuch=5")

    assert (code, "READWRITE_WEIGHTS nosuch: no such resource" in err) == (104, True)
    assert list((tmp_path / "results").iterdir()) == []


def test_a_secrets_command_that_cannot_be_run_is_told_in_words(ended):
    settings = {"CLIENT_ID": "a", "CLIENT_SECRET_COMMAND": "no-such-command"}
    code, err = ended("run", "--target", "http://127.0.0.1:9/api", **settings)

    assert (code, err) == (104, "dms-load-test: CLIENT_SECRET_COMMAND: cannot be run: No such file or directory\n")


def test_this_machines_limits_are_no_fault_of_the_target(ended):
    users = 10**9
    code, err = ended("run", "--profile", "smoke", "--set", f"VUS_LOAD_PHASE={users}")

    assert (code, "open files: " in err) == (104, True)


def test_a_phase_that_no_run_has_is_refused(ended):
    assert ended("run", "--profile", "smoke", "--phase", "smoke", "--quiet")[0] == 0
    code, err = ended("history", "--phase", "nosuch")

    assert (code, "no run has a phase nosuch" in err) == (104, True)
    assert ended("history", "--phase", "smoke")[0] == 0
