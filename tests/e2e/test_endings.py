"""Every way a run can end otherwise: a clear message, the right code, the results so far, no traceback."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import typer

from dms_load_test.app import run
from dms_load_test.emulator import EmulatorOptions, start_emulator

if sys.platform == "win32":
    pytest.skip("signals to a child differ on Windows", allow_module_level=True)
import pty


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--profil", "smoke"], "--profil"),
        (["run", "--profile", "smok"], "did you mean smoke?"),
        (["run", "--phase", "write"], "expected one of smoke, load, readwrite, full"),
        (["run", "--set", "STUDENT_COUNT=2x"], "STUDENT_COUNT: expected a whole number"),
        (["run", "--set", "STUDENTS=2"], "STUDENTS: no such setting"),
        (["run", "--set", "THRESHOLDS_LOAD=http_req_duration: p95<3"], "THRESHOLDS_LOAD"),
        (["run", "--target", "localhost:8080"], "API_BASE_URL: expected an http or https URL"),
        (["run", "--target", "http://127.0.0.1:9"], "CLIENT_ID"),
        (["run", "--phase", "readwrite"], "--target"),
        (["walk"], "walk"),
        (["generate", "student"], "did you mean students?"),
        (["generate", "students", "-n", "0"], "-n"),
        (["resources", "--graph", "svg"], 'expected "dot"'),
    ],
)
def test_wrong_arguments_are_refused_with_what_was_expected(command, arguments, told):
    ended = command(*arguments)

    assert ended.code == 104
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert not list(ended.results.glob("*"))


def test_a_reader_who_leaves_early_is_no_failure(command):
    """`dms-load-test config | head -1`."""
    ours, theirs = os.pipe()
    os.close(ours)
    environment = command.environment | {"RESULTS_DIR": str(command.folder / "results")}
    program = [sys.executable, "-m", "dms_load_test"]
    for arguments in (["config"], ["config", "--help"], ["plan", "--profile", "smoke"]):
        done = subprocess.run(
            [*program, *arguments],
            cwd=command.folder,
            env=environment,
            stdout=theirs,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), arguments
    os.close(theirs)


def test_ctrl_c_at_a_question_ends_the_command_as_interrupted(inside, monkeypatch):
    def asked(_):
        raise typer.Abort  # as Typer makes of Ctrl-C

    monkeypatch.setattr("typer.confirm", asked)
    inside.stdin = SimpleNamespace(isatty=lambda: True)
    ended = inside("smoke", API_BASE_URL="http://127.0.0.1:9/api", CONFIG_SERVICE_URL="http://127.0.0.1:9")

    assert (ended.code, ended.err) == (105, "dms-load-test: interrupted\n")


def test_the_first_ctrl_c_at_the_question_of_clean_ends_it(command, server, wait_for):
    command("run", "--profile", "smoke", "--phase", "load", "-q", **server.settings)
    before = server.counts(["students"])
    screen, keyboard = pty.openpty()
    program = [sys.executable, "-m", "dms_load_test", "clean"]
    environment = command.environment | server.settings | {"RESULTS_DIR": str(command.folder / "results")}
    with (command.folder / "out").open("w+b") as out, (command.folder / "err").open("w+b") as err:
        process = subprocess.Popen(program, cwd=command.folder, env=environment, stdin=keyboard, stdout=out, stderr=err)
        wait_for(lambda: b"Delete them?" in b"".join((command.folder / name).read_bytes() for name in ("out", "err")))
        process.send_signal(signal.SIGINT)
        code = process.wait(10)
    os.close(screen)
    os.close(keyboard)

    assert code == 105
    assert b"Traceback" not in (command.folder / "err").read_bytes()
    assert server.counts(["students"]) == before


def test_a_signal_while_the_workers_are_let_go_costs_neither_verdict_nor_report(inside, server, monkeypatch):
    crew_of = run.crew_of

    @asynccontextmanager
    async def slow_to_end(*arguments):
        async with crew_of(*arguments) as crew:
            yield crew
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)  # the loop takes the signal up

    monkeypatch.setattr(run, "crew_of", slow_to_end)
    ended = inside("smoke", **server.settings)

    assert ended.code == 0, ended.err
    assert ended.summary["verdict"]["kind"] == "passed"
    assert (ended.folder / "report.html").exists()


def test_nothing_listening_is_told_with_what_to_do(command):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = command("run", "--target", f"http://127.0.0.1:{port}", CLIENT_ID="a", CLIENT_SECRET="b")

    assert ended.code == 110
    assert "start the API, or correct API_BASE_URL" in ended.err
    assert not list(ended.results.glob("*"))


def test_a_silent_target_is_named_before_it_is_waited_for_and_the_limit_on_that_told(inside):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        arguments = ("smoke", "--target", url, "--set", "REQUEST_TIMEOUT=1s")
        ended = inside(*arguments, CLIENT_ID="a", CLIENT_SECRET="b")
        quiet = inside(*arguments, "-q", CLIENT_ID="a", CLIENT_SECRET="b")

    assert (ended.code, quiet.code) == (110, 110)
    assert ended.out == f"Connecting to {url}.\n"
    assert quiet.out == ""
    assert "REQUEST_TIMEOUT" in ended.err


def test_a_wrong_secret_is_told_as_such_and_not_repeated(command, server):
    ended = command("run", **server.settings | {"CLIENT_SECRET": "not-this-one"})

    assert ended.code == 110
    assert "check CLIENT_ID and CLIENT_SECRET" in ended.err
    assert "not-this-one" not in ended.err + ended.out


@pytest.mark.parametrize("path", ["", "/", "/data", "/data/"])
def test_a_base_url_with_a_slash_or_with_data_works(command, server, path):
    ended = command("smoke", **server.settings | {"API_BASE_URL": server.base_url + path})

    assert (ended.code, ended.err) == (0, "")


def test_a_base_url_without_the_path_base_works(command, server):
    ended = command("smoke", **server.settings | {"API_BASE_URL": server.base_url.removesuffix("/api")})

    assert (ended.code, ended.err) == (0, "")


def test_a_base_url_that_is_no_ed_fi_api_is_explained(command, server):
    ended = command("smoke", **server.settings | {"API_BASE_URL": f"{server.base_url}/health"})

    assert ended.code == 110
    assert "no Ed-Fi API is at" in ended.err


def test_ctrl_c_ends_in_order_with_the_results_so_far(command, server, wait_for):
    process = command.start("run", "--profile", "dev", "--phase", "load", **server.settings)
    wait_for(lambda: list((command.folder / "results").glob("*/record.jsonl")))
    wait_for(lambda: server.counts(["students"])["students"] > 10)
    process.send_signal(signal.SIGINT)
    ended = command.end(process)

    assert ended.code == 105
    assert "Interrupted, results are partial" in ended.out
    assert "Traceback" not in ended.err
    load = [row for row in ended.summary["accounts"] if row["phase"] == "load"]
    assert all(row["planned"] == row["created"] + row["not_done"] for row in load)
    assert 0 < sum(row["created"] for row in load) < sum(row["planned"] for row in load)


def test_a_server_that_dies_ends_the_run_with_what_was_done_until_then(command, wait_for):
    with start_emulator(EmulatorOptions(port=0)) as running:
        process = command.start(
            "run", "--profile", "dev", "--phase", "load", "--set", "TARGET_LOST_AFTER=2s",
            API_BASE_URL=running.base_url, CLIENT_ID=running.key, CLIENT_SECRET=running.secret,
        )  # fmt: skip
        wait_for(lambda: list((command.folder / "results").glob("*/inventory.sqlite3*")))
        wait_for(lambda: b"level 7" in next((command.folder / "results").glob("*/record.jsonl")).read_bytes())
    ended = command.end(process)

    assert ended.code == 110
    assert "requests have ended without an answer, and none with one" in ended.out
    assert "Traceback" not in ended.err
    assert ended.summary["verdict"]["kind"] == "target lost"
    assert sum(row["created"] for row in ended.summary["accounts"]) > 0


def test_a_threshold_that_fails_ends_with_99(command, server):
    ended = command("smoke", "--set", "THRESHOLDS_SMOKE=http_req_duration: max<0.001", **server.settings)

    assert ended.code == 99
    assert ended.summary["verdict"]["kind"] == "thresholds failed"


def test_a_limit_that_cuts_the_load_off_counts_the_rest_as_not_done(command, server):
    ended = command(
        "run", "--profile", "dev", "--phase", "load", "--set", "DURATION_LOAD_PHASE=1s",
        "--set", "STUDENT_COUNT=5000", **server.settings,
    )  # fmt: skip

    load = [row for row in ended.summary["accounts"] if row["phase"] == "load"]
    assert ended.code == 99
    assert ended.summary["verdict"]["kind"] == "incomplete"
    assert sum(row["not_done"] for row in load) > 0
    assert all(row["planned"] == row["created"] + row["not_done"] for row in load)
