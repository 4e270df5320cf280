"""What a new user runs into: no disk, no TLS where it is looked for, a proxy, Ctrl-C before anything has begun."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

if sys.platform == "win32":
    pytest.skip("limits and signals of a child differ on Windows", allow_module_level=True)
import pty
import resource

SMALL_BYTES = 50 * 1024
"""The record of a dev run grows beyond it in its first seconds."""
LARGE_BYTES = 2 * 1024 * 1024
"""All files of a smoke run fit into it but the report."""


@contextmanager
def limited(most_bytes):
    """Limit the size of files, as a disk that is full would: the system refuses to write on, in the same way."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_help_names_what_is_needed_first_first_and_each_command_in_a_line_of_80_columns(inside):
    ended = inside("--help", COLUMNS="80")
    commands = ended.out.partition("Commands:")[2].strip().splitlines()

    assert [line.split()[0] for line in commands[:3]] == ["run", "smoke", "doctor"]
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


def test_a_disk_that_is_full_ends_the_run_at_once_and_keeps_what_was_written(command, server):
    with limited(SMALL_BYTES):
        ended = command("run", "--profile", "dev", "--quiet", **server.settings)
    report = command("report", str(ended.folder))

    assert ended.code == 108, ended.err
    assert "what was written until then stays: make space" in ended.err
    assert "Traceback" not in ended.err
    assert report.code == 0, report.err


def test_a_run_whose_report_does_not_fit_is_judged_and_says_last_that_it_has_none(command, server):
    with limited(LARGE_BYTES):
        ended = command("run", "--profile", "smoke", "--phase", "load", **server.settings)

    assert ended.code == 0, ended.err
    assert re.search(
        r"No report was written: .*; make space, or choose another place with --out", ended.out.splitlines()[-1]
    )
    assert not [path for path in ended.folder.iterdir() if path.name.startswith("report")]


class Proxy(BaseHTTPRequestHandler):
    """Passes each request on to the target, whatever host it names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        there = http.client.HTTPConnection(self.server.target, timeout=10)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        there.request(self.command, urlsplit(self.path)._replace(scheme="", netloc="").geturl(), body, self.headers)
        answer = there.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in {"content-type", "location"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        there.close()

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_):
        pass


def test_the_doctor_looks_at_the_way_through_the_proxy_that_a_run_takes(command, server):
    """Where a proxy is needed, this machine often cannot resolve the target's name."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.target, proxy.asked = urlsplit(server.base_url).netloc, []
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        settings = server.settings | {"API_BASE_URL": "http://api.invalid/api"}
        ended = command(
            "doctor", "--profile", "smoke", "--json", HTTP_PROXY=f"http://127.0.0.1:{proxy.server_port}", **settings
        )
        proxy.shutdown()
    found = {check["name"]: check for check in json.loads(ended.out)}

    assert ended.code == 0, ended.out
    assert proxy.asked[0] == "http://api.invalid/api/"
    assert found["name"]["text"].endswith(", the proxy on the way to api.invalid")
    assert found["connection"]["text"].endswith(", the proxy on the way to api.invalid")


def test_in_a_terminal_the_doctor_is_wrapped_between_words_beside_its_head(command, server):
    screen, stdout = pty.openpty()
    settings = command.environment | server.settings | {"COLUMNS": "60"}
    program = [sys.executable, "-m", "dms_load_test", "doctor", "--profile", "smoke"]
    with subprocess.Popen(program, cwd=command.folder, env=settings, stdout=stdout) as process:
        os.close(stdout)
        said = b""
        with suppress(OSError):  # Linux says EIO where the other end is closed
            while part := os.read(screen, 4096):
                said += part
    os.close(screen)
    lines = said.decode().replace("\r", "").splitlines()

    assert process.returncode == 0
    assert [line for line in lines if len(line) > 60 and " " in line.strip()] == []
    assert len(lines) > 15
    assert {line[:24].strip() for line in lines if line.startswith(" ")} <= {"", "->"}


def test_https_to_a_server_without_it_is_told_as_such(command, server):
    ended = command("smoke", **server.settings | {"API_BASE_URL": server.base_url.replace("http:", "https:")})

    assert ended.code == 110
    assert "write http:// in API_BASE_URL" in ended.err


@pytest.mark.parametrize("after_s", [0.2, 0.6, 1.2])
def test_ctrl_c_before_the_run_has_begun_is_no_traceback(command, server, after_s):
    started = command.start("run", "--profile", "smoke", **server.settings)
    time.sleep(after_s)  # a user's patience, in which the program is being loaded or looks at the target
    started.send_signal(signal.SIGINT)
    ended = command.end(started)

    # CPython itself ends by the signal where it came while a string was executed, as dataclasses do when imported.
    assert ended.code in {105, -signal.SIGINT}
    assert "Traceback" not in ended.err
