"""The server's side and collectors that answer otherwise than they should: told, and never in the record."""

import http.server
import math
import threading
from contextlib import contextmanager

import pytest

from dms_load_test.app.beside import beside_run
from dms_load_test.config import load_settings
from dms_load_test.monitor.host import open_host
from dms_load_test.monitor.reading import Reading
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
