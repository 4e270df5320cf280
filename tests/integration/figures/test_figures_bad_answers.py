"""The server's side and collectors that answer otherwise than they should: told, and never in the record."""

import http.server
import math
import socket
import threading
from contextlib import contextmanager

import pytest

from dms_load_test.app.beside import beside_run
from dms_load_test.app.telemetry import Collector, telemetry
from dms_load_test.config import load_settings
from dms_load_test.errors import ConfigError
from dms_load_test.monitor.host import open_host
from dms_load_test.monitor.reading import Reading
from dms_load_test.monitor.watch import ServerWatch, Silence
from dms_load_test.results.events import Manifest, ServerFigures
from dms_load_test.results.record import open_record, read_record
from dms_load_test.results.run_folder import RunFolder

MANIFEST = Manifest("run", "2026-03-01T08:00:00Z", "0", "http://target", "dev", 1, ("load",))
EXPORTER = """
node_cpu_seconds_total{{cpu="0",mode="idle"}} {idle}
node_cpu_seconds_total{{cpu="0",mode="user"}} {user}
node_cpu_seconds_total{{cpu="1",mode="iowait"}} NaN
node_memory_MemTotal_bytes +Inf
node_memory_MemAvailable_bytes 1
node_load1 NaN
node_disk_read_bytes_total{{device="sda"}} {user}
node_disk_read_bytes_total{{device="ghost"}} NaN
"""


@contextmanager
def answering(answer):
    """An HTTP server; `answer(path)` gives the body, None for a 404. Gives its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = answer(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Figures:
    """A source that says the same until it is closed."""

    name = "the source"

    def __init__(self, values):
        self.values = values

    def read(self, _now_s):
        return [Reading("s", self.values)]

    def statements(self):
        return []

    def close(self):
        pass


class Session:
    """As much of a session as figures of the server's side need."""

    def __init__(self, writer):
        self.writer, self.listeners, self.notes = writer, [], []
        self.note = self.notes.append

    def now_s(self):
        return 7.0


@pytest.fixture
def settings(tmp_path):
    return load_settings(None, {"SERVER_FIGURES_EVERY": "60s"}, {}, tmp_path).settings


def test_a_figure_that_is_no_number_stays_out_of_the_record(settings, tmp_path):
    path = tmp_path / "record.jsonl"
    source = Figures({"a_ratio": math.nan, "b_ratio": 0.5, "c_bytes": math.inf})

    with open_record(path) as writer:
        writer.write(MANIFEST)
        with beside_run(Session(writer), settings, [source], RunFolder(tmp_path)):
            pass

    figures = [event for event in read_record(path) if isinstance(event, ServerFigures)]
    assert figures
    assert {tuple(event.values.items()) for event in figures} == {(("b_ratio", 0.5),)}


def test_a_disk_that_tells_no_number_does_not_hide_the_others():
    seconds = iter(range(100))

    def page(path):
        second = next(seconds)
        return EXPORTER.format(idle=second * 3, user=second) if path == "/metrics" else None

    with answering(page) as url:
        source = open_host(url)
        source.read(0.0)
        (reading,) = source.read(1.0)

    assert reading.values == {"cpu_ratio": 0.25, "iowait_ratio": 0.0, "disk_read_bytes_per_s": 1.0}


@contextmanager
def speaking(words, times=1):
    """A server of another protocol: says its words to each of so many that come, whatever they say. Gives its port."""

    def serve():
        for _ in range(times):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(words)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # until the other side has read it all: a reset would discard it
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


NO_HTTP = {
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", "BadStatusLine"),
    "gRPC": (b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0@\0", "BadStatusLine"),
    "cut": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nshort", "IncompleteRead"),
}


@pytest.mark.parametrize(("words", "told"), NO_HTTP.values(), ids=NO_HTTP)
def test_a_port_of_another_protocol_is_no_source(words, told):
    with speaking(words) as port, pytest.raises(ConfigError, match=rf"no HTTP answer \({told}\); expected the address"):
        open_host(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(("words", "told"), NO_HTTP.values(), ids=NO_HTTP)
def test_a_collectors_port_of_another_protocol_is_noted(words, told, tmp_path):
    notes = []
    with (
        speaking(words) as port,
        telemetry(Collector(f"http://127.0.0.1:{port}", {}), tmp_path / "record.jsonl", notes.append, every_s=60),
    ):
        pass

    assert notes == [f"The collector at http://127.0.0.1:{port} does not take the figures: no HTTP answer ({told})."]


VECTOR = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.5,"1"]}]}}'
NO_MACHINE = '{"status":"success","data":{"resultType":"vector","result":[]}}'
NO_ANSWERS = {
    "null": '{"status":"success","data":null}',
    "no value": '{"status":"success","data":{"result":[{"metric":{}}]}}',
    "no list": '{"status":"success","data":{"result":5}}',
    "a page": "<html>back soon</html>",
    "a failure": '{"status":"error","errorType":"timeout","error":"query timed out"}',
}


@pytest.mark.parametrize("page", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_prometheus_that_answers_nonsense_falls_silent_and_is_asked_again(page):
    answers, found = iter([VECTOR, page]), []

    with answering(lambda _: next(answers, NO_MACHINE)) as url:
        source = open_host(url)
        with ServerWatch([source], 60.0) as watch:
            watch.finish()
        found = watch.take()

    assert [type(each) for each in found] == [Silence]
    assert found[0].text.startswith(f"Prometheus at {url} does not answer: ")


@pytest.mark.parametrize("page", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_answers_nonsense_is_no_prometheus(page):
    with answering(lambda _: page) as url, pytest.raises(ConfigError, match="no figures of a machine"):
        open_host(url)
