import base64
import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psutil
import pytest

from dms_load_test.cli import main
from dms_load_test.emulator import EmulatorOptions, start_emulator

LIMIT_S = 90


@dataclass
class Ended:
    """What a finished command left."""

    code: int
    out: str
    err: str
    results: Path

    @property
    def folder(self):
        (folder,) = self.results.iterdir()
        return folder

    @property
    def summary(self):
        return json.loads((self.folder / "summary.json").read_bytes())

    @property
    def events(self):
        return [json.loads(line) for line in (self.folder / "record.jsonl").read_bytes().splitlines()]

    @property
    def notes(self):
        return [event["text"] for event in self.events if event["type"] == "note"]

    @property
    def planned(self):
        return {row["resource"]: row["planned"] for row in self.summary["accounts"]}


class Command:
    """`dms-load-test` as a user has it, in an empty folder and without anybody's settings."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}

    def start(self, *arguments, results="results", **environment):
        return subprocess.Popen(
            [sys.executable, "-m", "dms_load_test", *arguments],
            cwd=self.folder,
            env=self.environment | {"RESULTS_DIR": str(self.folder / results)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, code, **environment):
        """Run a piece of Python as the command is run."""
        folder = {"RESULTS_DIR": str(self.folder / "results")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env=self.environment | folder | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr, self.folder / "results")

    def has_begun(self, step):
        """Whether a run in the results has begun a step: `level 6` is `level 6 of 13`. Cheap: it is asked often."""
        wanted = re.compile(rf'"type":"step_begin".*"step":"{step}[ "]')
        return any(wanted.search(path.read_text()) for path in (self.folder / "results").glob("*/record.jsonl"))

    def end(self, process, results="results"):
        out, err = process.communicate(timeout=LIMIT_S)
        return Ended(process.returncode, out, err, self.folder / results)

    def __call__(self, *arguments, results="results", **environment):
        return self.end(self.start(*arguments, results=results, **environment), results)


class Inside(Command):
    """The same command without a process of its own, which saves its start: for tests of what it says and does."""

    stdin = io.StringIO()

    def __call__(self, *arguments, results="results", **environment):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        settings = self.environment | {"RESULTS_DIR": str(self.folder / results)} | environment
        with (
            mock.patch.dict(os.environ, settings, clear=True),
            mock.patch.object(sys, "argv", ["dms-load-test", *arguments]),
            mock.patch.object(sys, "stdin", self.stdin),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return Ended(ended.value.code or 0, *texts, self.folder / results)


class Server:
    """A target with a client, and questions to it that bypass our own client."""

    def __init__(self, base_url, key, secret):
        self.base_url, self.key, self.secret = base_url, key, secret
        self.settings = {"API_BASE_URL": base_url, "CLIENT_ID": key, "CLIENT_SECRET": secret}

    def token(self):
        pair = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        asked = urllib.request.Request(
            f"{self.base_url}/oauth/token",
            data=b"grant_type=client_credentials",
            headers={"Authorization": f"Basic {pair}"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)["access_token"]

    def counts(self, resources):
        token = self.token()
        return {resource: self._count(resource, token) for resource in resources}

    def _count(self, resource, token):
        asked = urllib.request.Request(
            f"{self.base_url}/data/ed-fi/{resource}?totalCount=true&limit=0",
            headers={"Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.headers["Total-Count"])


def worker_processes_of(coordinator):
    found = psutil.Process(coordinator.pid).children(recursive=True)
    return [process for process in found if "spawn_main" in " ".join(process.cmdline())]


@pytest.fixture
def worker_processes():
    """The processes of a run's own cluster."""
    return worker_processes_of


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def dask_cluster(workers, *options, tls=None):
    processes = []

    def start(module, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"],
            env=os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"} | (tls or {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)

    port = free_port()
    protocol = "tls" if tls else "tcp"
    address = f"{protocol}://127.0.0.1:{port}"
    start("dask_scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", str(port))
    for _ in range(workers):
        start("dask_worker", address, "--nthreads", "1", "--no-nanny", *options)
    try:
        yield address, processes[0], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def dask():
    """A Dask cluster that somebody else started: a scheduler and workers, each a process."""
    return dask_cluster


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


@pytest.fixture
def inside(tmp_path):
    return Inside(tmp_path)


@pytest.fixture
def server_of():
    """Ask a running emulator."""
    return lambda running: Server(running.base_url, running.key, running.secret)


@pytest.fixture
def server():
    with start_emulator(EmulatorOptions(port=0, secret="s3cret-of-the-test")) as running:
        yield Server(running.base_url, running.key, running.secret)


@pytest.fixture
def server_with():
    """Start a server with options of the emulator, such as faults."""
    with ExitStack() as stack:

        def start(**options):
            running = stack.enter_context(start_emulator(EmulatorOptions(port=0, **options)))
            return Server(running.base_url, running.key, running.secret)

        yield start


@pytest.fixture
def wait_for():
    """Wait for a condition of another process: there is nothing to await."""

    def wait(condition, seconds=30):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.05)

    return wait
