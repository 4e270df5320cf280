"""What cost the users of the k6 scripts their time, row by row: each is reproduced, and the answer is the right one.

A row is the problem in their words; its function brings the situation about and judges what the tool says and does.
"""

import contextlib
import json
import socket
import ssl
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
import trustme

from dms_load_test.emulator import EmulatorOptions, start_emulator

QUICK = ("--set", "DURATION_READWRITE_PHASE=3s", "--set", "THINK_TIME_MIN=0s", "--set", "THINK_TIME_MAX=5ms")
PAINS = {}


def pain(words):
    """Enter a row of the table."""

    def enter(function):
        PAINS[words] = function
        return function

    return enter


class Bench:
    """What a row works with: the command in a folder of its own, a healthy server, and one whole run against it."""

    def __init__(self, command, server, whole):
        self.command, self.server, self.whole = command, server, whole
        self.settings = server.settings

    def run(self, *arguments, **environment):
        return self.command(*arguments, **(self.settings | environment))

    @contextlib.contextmanager
    def faults(self, *rules):
        url = self.server.base_url.removesuffix("/api") + "/emulator/faults"
        self._ask(url, "PUT", json.dumps(rules).encode())
        try:
            yield
        finally:
            self._ask(url, "DELETE")

    def _ask(self, url, method, body=None):
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method), timeout=10) as answer:
            assert answer.status == 200


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def serving(handler, kind=ThreadingHTTPServer):
    """Run a small server beside the test."""
    with kind(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()


@pain("401 Unauthorized, intermittent or on DELETE")
def _unauthorized(bench):
    rule = {"kind": "revoke", "times": 1, "methods": ["POST"], "path": "/data/ed-fi/schools"}
    with bench.faults(rule):
        loaded = bench.run("run", "--profile", "smoke", "--phase", "load")
    with bench.faults({"kind": "revoke", "times": 1, "methods": ["DELETE"]}):
        cleaned = bench.run("clean", "--yes")
    assert (loaded.code, cleaned.code) == (0, 0), loaded.out + cleaned.out
    assert loaded.summary["failures"] == []
    assert "refused: " not in cleaned.out


@pain('"Token obtained: null", "JWT is not well formed"')
def _null_token(bench):
    url = bench.server.base_url.removesuffix("/api") + "/connect/revoke"
    ended = bench.run("smoke", OAUTH_TOKEN_URL=url)
    assert ended.code == 110
    assert "holds no access_token" in ended.err


@pain('400 "Malformed Authorization header" from the token endpoint')
def _form_credentials(bench):
    body = f"grant_type=client_credentials&client_id={bench.server.key}&client_secret={bench.server.secret}".encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{bench.server.base_url}/oauth/token", data=body, timeout=10)
    with refused.value:
        assert refused.value.code == 400
    assert bench.whole.code == 0


@pain("Invalid OAuth scope")
def _scope(bench):
    class TokenEndpoint(BaseHTTPRequestHandler):
        def do_POST(self):
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = "" if "scope" in form else bench.server.token()
            body = json.dumps({"access_token": token, "expires_in": 1800} if token else {"error": "invalid_scope"})
            self.send_response(200 if token else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with serving(TokenEndpoint) as listener:
        ended = bench.run("smoke", OAUTH_TOKEN_URL=f"http://127.0.0.1:{listener.server_port}/token")
    assert (ended.code, ended.err) == (0, "")


@pain('429 "Too many token requests", wait 5 minutes')
def _too_many_tokens(bench):
    with start_emulator(EmulatorOptions(port=0, flavor="ods")) as ods:
        ended = bench.run(
            "run", "--profile", "smoke", "--phase", "load", "--set", "VUS_LOAD_PHASE=20",
            API_BASE_URL=ods.base_url, CLIENT_ID=ods.key, CLIENT_SECRET=ods.secret,
        )  # fmt: skip
    assert ended.code == 0, ended.out + ended.err
    assert "preflight: 1 token request\n" in ended.out


@pain("403 Forbidden on resources: the claim set lacks them")
def _forbidden(bench):
    with start_emulator(EmulatorOptions(port=0, claim_set="EdFiAPIPublisherReader")) as reader:
        target = {"API_BASE_URL": reader.base_url, "CLIENT_ID": reader.key, "CLIENT_SECRET": reader.secret}
        ended = bench.command("run", "--profile", "smoke", "--phase", "load", **target)
        examined = bench.command("doctor", **target)
    assert ended.code == 110
    assert "claim set EdFiAPIPublisherReader lacks 30 of 30 planned resources" in ended.err
    assert list(ended.results.iterdir()) == []
    assert examined.code == 110
    assert "failed   permissions" in examined.out


@pain("404 on every resource: base URL with or without /data")
def _base_url(bench):
    assert bench.run("smoke", API_BASE_URL=f"{bench.server.base_url}/data").code == 0


@pain('Dependencies URL wrong or unparsed: "0 resources"')
def _dependencies(bench):
    ended = bench.run("smoke", DEPENDENCIES_URL=f"{bench.server.base_url}/metadata/data/v3/dependencies")
    assert ended.code == 110
    assert "answers 404" in ended.err
    assert "DEPENDENCIES_URL" in ended.err


@pain('"Failed to set up load test client"')
def _no_service(bench):
    ended = bench.command("setup-client", CONFIG_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    assert ended.code == 110
    assert "start it, or correct CONFIG_SERVICE_URL" in ended.err
    assert not (bench.command.folder / ".env.load-test").exists()


@pain('"Client credentials are invalid or expired", also when the server is down')
def _credentials(bench):
    kept = bench.command.folder / ".env.load-test"
    kept.write_text("CLIENT_ID=me\nCLIENT_SECRET=stale\n")
    kept.chmod(0o600)
    service = bench.server.base_url.removesuffix("/api")
    wrong = bench.command("smoke", API_BASE_URL=bench.server.base_url)
    down = bench.command("smoke", API_BASE_URL=f"http://127.0.0.1:{free_port()}", CONFIG_SERVICE_URL=service)
    assert "check CLIENT_ID and CLIENT_SECRET" in wrong.err
    assert "start the API" in down.err
    assert (wrong.code, down.code) == (110, 110)
    assert kept.read_text() == "CLIENT_ID=me\nCLIENT_SECRET=stale\n"


@pain(".env against .env.load-test")
def _two_files(bench):
    (bench.command.folder / ".env").write_text("API_BASE_URL=http://elsewhere\n")
    examined = bench.run("doctor")
    assert examined.code == 0, examined.out
    assert ".env is not read; settings belong into .env.load-test" in examined.out
    assert "target from environment variable API_BASE_URL" in examined.out


@pain("Connection refused")
def _refused(bench):
    ended = bench.run("smoke", API_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert ended.code == 110
    assert "connection refused; start the API, or correct API_BASE_URL" in ended.err


@pain("SSL/TLS certificate errors")
def _certificates(bench):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(bench.command.folder / "authority.pem")
    host, port = bench.server.base_url.removeprefix("http://").removesuffix("/api").split(":")

    class Tunnel(StreamRequestHandler):
        def handle(self):
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as secured,
                socket.create_connection((host, int(port))) as plain,
            ):
                back = threading.Thread(target=pump, args=(plain, secured), daemon=True)
                back.start()
                pump(secured, plain)
                back.join()

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    ThreadingTCPServer.daemon_threads = True
    with serving(Tunnel, ThreadingTCPServer) as listener:
        url = f"https://127.0.0.1:{listener.server_address[1]}/api"
        untrusted = bench.run("doctor", API_BASE_URL=url)
        trusted = bench.run("doctor", API_BASE_URL=url, CA_BUNDLE=str(bench.command.folder / "authority.pem"))
        insecure = bench.run("doctor", API_BASE_URL=url, INSECURE="true")
    assert untrusted.code == 110
    assert "failed   TLS" in untrusted.out
    assert "set CA_BUNDLE to the PEM file of the authority, or INSECURE=true" in untrusted.out
    assert "ok       TLS            TLSv1.3" in trusted.out
    assert "the certificate is not verified" in insecure.out


@pain("409 Conflict, duplicate keys: data left from the run before")
def _left_overs(bench):
    with start_emulator(EmulatorOptions(port=0)) as fresh:
        target = {"API_BASE_URL": fresh.base_url, "CLIENT_ID": fresh.key, "CLIENT_SECRET": fresh.secret}
        runs = [bench.command("run", "--profile", "smoke", "--phase", "load", results=n, **target) for n in "ab"]
        server = type(bench.server)(fresh.base_url, fresh.key, fresh.secret)
        assert server.counts(["students", "schools"]) == {"students": 4, "schools": 4}
    assert [run.code for run in runs] == [0, 0]
    assert [run.summary["failures"] for run in runs] == [[], []]


@pain('"dependency not found": readwrite before load')
def _too_early(bench):
    ended = bench.run("run", "--phase", "readwrite", "--profile", "smoke")
    assert ended.code == 104
    assert "no run has loaded documents into" in ended.err


@pain("400 data validation, PUT without id")
def _validation(bench):
    assert bench.whole.code == 0
    assert bench.whole.summary["failures"] == []
    assert operations(bench.whole, "update") > 0


@pain("Slow responses, degradation")
def _slow(bench):
    with bench.faults({"kind": "latency", "low_ms": 150}):
        ended = bench.run("smoke", "--set", "THRESHOLDS_SMOKE=http_req_duration: p(95)<100")
    assert ended.code == 99
    assert "failed  http_req_duration{phase:smoke}" in ended.out


@pain("k6 out of memory")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak apart from its parent's")
def _memory(bench):
    code = (
        "import runpy, sys\n"
        "sys.argv = ['dms-load-test', 'run', '--profile', 'smoke', '--phase', 'load', '-q',\n"
        "            '--set', 'STUDENT_COUNT=60']\n"
        "try: runpy.run_module('dms_load_test', run_name='__main__')\n"
        "finally: print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0], file=sys.stderr)\n"
    )
    ended = bench.command.python(code, **bench.settings)
    peak_kb = int(ended.err.split()[-1])
    assert ended.code == 0
    assert peak_kb < 300_000


@pain('"Test seems stuck"')
def _stuck(bench):
    assert "done: " in bench.whole.out
    with start_emulator(EmulatorOptions(port=0, faults=("stall:seconds=20,path=/data/ed-fi/students",))) as stalling:
        ended = bench.command(
            "run", "--profile", "smoke", "--phase", "load", "--set", "TARGET_LOST_AFTER=1s",
            "--set", "VUS_LOAD_PHASE=8", "--set", "REQUEST_TIMEOUT=500ms",
            API_BASE_URL=stalling.base_url, CLIENT_ID=stalling.key, CLIENT_SECRET=stalling.secret,
        )  # fmt: skip
    assert ended.code == 110
    assert "requests have ended without an answer, and none with one" in ended.out


@pain('VU "0/1", never executing')
def _users(bench):
    lines = (bench.whole.folder / "record.jsonl").read_text().splitlines()
    began = [event for line in lines if (event := json.loads(line))["type"] == "step_begin"]
    assert {event["phase"] for event in began} == {"smoke", "load", "readwrite"}
    assert all(event["users"] >= 1 for event in began)
    assert bench.whole.summary["metrics"]


@pain('"generateForResourceType is not a function": nothing passes from phase to phase')
def _phases(bench):
    done = {row["phase"]: sum(part["count"] for part in row["operations"]) for row in bench.whole.summary["phases"]}
    assert all(done[phase] > 0 for phase in ("smoke", "load", "readwrite"))
    assert operations(bench.whole, "read") > 0


@pain("\"Cannot read property 'default' of undefined\": modules of the runtime")
def _modules(bench):
    assert bench.command("profiles").code == 0
    assert bench.command("generate", "students", "-n", "1").code == 0


@pain("Missing metrics, no data in the output")
def _metrics(bench):
    written = {path.name for path in bench.whole.folder.iterdir()}
    assert {"record.jsonl", "summary.json", "report.html"} <= written
    assert bench.whole.summary["verdict"]["kind"] == "passed"
    assert bench.whole.summary["metrics"]


@pain("The test aborts immediately")
def _aborts(bench):
    rule = {"kind": "error", "status": 409, "methods": ["POST"], "path": "/data/ed-fi/students"}
    load = ("run", "--profile", "smoke", "--phase", "load", "--set", "ABORT_ON_4XX=true")
    with bench.faults(rule):
        ended = bench.run(*load)
        allowed = bench.run(*load, "--set", "ABORT_ALLOW=401,409", results="allowed")
    sent = bench.run("send", "students", "0", "--run", ended.folder.name)
    shown = (ended.folder / "first-failure.txt").read_text()
    assert ended.code == 108
    assert "document        students" in shown
    assert f"send students 0 --run {ended.folder.name}" in shown or "send students 1" in shown
    assert "POST /api/data/ed-fi/students got 409" in ended.out
    assert allowed.code == 99
    assert sent.code == 0
    assert '"studentUniqueId"' in sent.out


@pain("The DELETE call is broken")
def _deletes(bench):
    assert operations(bench.whole, "delete") > 0
    assert bench.whole.summary["failures"] == []


@pain("k6 or Node not installed, or of the wrong version")
def _prerequisites(bench):
    ended = bench.run("smoke", PATH="")
    assert ended.code == 0, ended.err


def operations(ended, operation):
    return sum(
        row["count"]
        for phase in ended.summary["phases"]
        for row in phase["operations"]
        if row["operation"] == operation
    )


@pytest.fixture(scope="module")
def shared():
    """One healthy server for all rows, and the whole run against it, made at first use."""
    with start_emulator(EmulatorOptions(port=0, secret="s3cret-of-the-test")) as running:
        yield running, {}


@pytest.fixture
def bench(shared, inside, server_of, tmp_path_factory):
    running, made = shared
    server = server_of(running)
    if "whole" not in made:
        apart = type(inside)(tmp_path_factory.mktemp("whole"))
        made["whole"] = apart("run", "--profile", "smoke", *QUICK, **server.settings)
    return Bench(inside, server, made["whole"])


@pytest.mark.parametrize("words", PAINS)
def test_what_cost_time_is_answered(bench, words):
    PAINS[words](bench)
