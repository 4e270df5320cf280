"""The dashboard's process: who gets in, what it does for slow browsers, and when it goes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from dms_load_test.app.dashboard import DashboardOptions, address, dashboard_options, start_dashboard
from dms_load_test.errors import ConfigError

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, **headers):
    with OPENER.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return answer.read().decode(), answer.headers


def refused(url, **headers):
    with pytest.raises(urllib.error.HTTPError) as raised:
        ask(url, **headers)
    with raised.value as answer:
        return answer.code


def messages(answer, number):
    """The next server-sent messages."""
    found = []
    while len(found) < number:
        line = answer.readline()
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    return found


def test_only_names_of_ours_are_answered(record):
    with start_dashboard(DashboardOptions(str(record()), port=0)) as url:
        assert "DMS Load Test" in ask(url)[0]
        assert refused(url, Host="evil.example") == 421
        assert "default-src 'none'" in ask(url)[1]["Content-Security-Policy"]


def test_an_address_that_others_reach_asks_for_a_token(record):
    path = record()
    options = dashboard_options(path, "0.0.0.0", 0)
    assert len(options.token) >= 16
    assert address(options, 5665).endswith(f":5665/?token={options.token}")
    assert dashboard_options(path, "127.0.0.1", 0).token == dashboard_options(path, "localhost", 0).token == ""

    with start_dashboard(DashboardOptions(str(path), port=0, token="a-token")) as url:
        base = url.partition("?")[0]
        assert refused(base) == refused(f"{base}?token=another") == refused(f"{base}events") == 403
        cookie = ask(url)[1]["Set-Cookie"].partition(";")[0]
        assert "plotly" in ask(f"{base}static/plotly.js", Cookie=cookie)[0][:200]


def test_no_other_file_is_served(record):
    with start_dashboard(DashboardOptions(str(record()), port=0)) as url:
        assert refused(f"{url}static/..%2Fpages.py") == 404
        assert refused(f"{url}static/page.html.j2") == 404


def test_a_run_that_has_not_begun_is_waited_for(tmp_path):
    with start_dashboard(DashboardOptions(str(tmp_path / "record.jsonl"), port=0)) as url:
        assert "Waiting for the run to begin" in ask(url)[0]


def test_whoever_comes_gets_everything_at_once_and_is_told_the_end(record):
    with start_dashboard(DashboardOptions(str(record()), port=0)) as url:
        answer = OPENER.open(f"{url}events", timeout=20)
        (first,) = messages(answer, 1)
        while "1,664" not in first["parts"].get("figures", ""):  # the record was still being read
            (first,) = messages(answer, 1)
        assert len(first["charts"]["charts"][0]["x"]) == 32
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(answer.readlines()))
        reader.start()
    reader.join(10)
    answer.close()
    last = [line for line in lines if line.startswith(b"data: ")][-1]
    assert json.loads(last[6:])["ended"] is True


def test_a_browser_that_does_not_read_holds_up_nobody(record):
    with start_dashboard(DashboardOptions(str(record(steps=4, seconds=60)), port=0)) as url:
        host, port = url.removeprefix("http://").strip("/").split(":")
        stuck = []
        for _ in range(5):
            connection = socket.create_connection((host, int(port)))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            stuck.append(connection)
        with OPENER.open(f"{url}events", timeout=20) as answer:
            assert messages(answer, 1)[0]["parts"]["summary"]
        for connection in stuck:
            connection.close()


def test_a_port_in_use_is_told_with_what_to_do(record):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = DashboardOptions(str(record()), port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="choose another --dashboard-port"), start_dashboard(options):
            pass


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_it_ends_when_the_run_is_killed(record, wait_for):
    code = (
        "import sys, time; from dms_load_test.app.dashboard import *\n"
        "with start_dashboard(DashboardOptions(sys.argv[1], port=0)) as url: print(url, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(record())], stdout=subprocess.PIPE, text=True)
    with run:
        url = run.stdout.readline().strip()
        assert "DMS Load Test" in ask(url)[0]
        run.send_signal(signal.SIGKILL)

    def gone():
        try:
            ask(url)
        except urllib.error.URLError:
            return True
        return False

    wait_for(gone)
