"""The benchmarks' own way of running the engine works, and agrees with the server it runs against."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.skipif(sys.platform == "win32", reason="the benchmarks' servers run on uvloop")
def test_what_the_engine_reports_is_what_the_server_did():
    server = subprocess.Popen(
        [sys.executable, FOLDER / "engine_delays.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        base = server.stdout.readline().strip()
        command = [sys.executable, FOLDER / "engine_ours.py", base, "20", "1", "60"]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    finally:
        truth = json.loads(server.communicate("", timeout=60)[0])
    assert (told["requests"], told["failed"], told["dropped"]) == (60, 0, 0)
    assert truth["requests"] == 60
    assert truth["p50_ms"] > 5
    assert told["create"]["p50_ms"] >= truth["p50_ms"] * 0.99


@pytest.mark.skipif(sys.platform == "win32", reason="they measure on Linux")
def test_a_rival_is_found_from_the_folder_that_it_was_named_in(tmp_path, monkeypatch):
    python = tmp_path / "rivals" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, "argv", ["engine.py", "--python", "rivals/bin/python", "--k6", "sh"])

    options = importlib.import_module("engine").arguments()

    assert options.python == str(python)
    assert options.k6 == shutil.which("sh")
