"""What stands beside the target does not send figures or secrets on to another host."""

import http.server
import threading
from contextlib import ExitStack, contextmanager

import pytest

from dms_load_test.app.telemetry import Collector, telemetry
from dms_load_test.errors import ConfigError
from dms_load_test.monitor.host import open_host


@contextmanager
def answering(status, location=""):
    """Serve one answer to everything; yield (URL, requests)."""
    asked = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, self.headers.get("api-key")))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.fixture(params=[301, 302, 303, 307, 308])
def hosts(request):
    """A host that redirects, and the other one: each (URL, requests)."""
    with ExitStack() as stack:
        other = stack.enter_context(answering(200))
        first = stack.enter_context(answering(request.param, f"{other[0]}/elsewhere"))
        yield first, other


def test_a_collector_that_redirects_gets_no_headers_sent_on_and_is_told(hosts, record):
    (url, asked), (elsewhere, asked_elsewhere) = hosts
    notes = []
    with telemetry(Collector(url, {"api-key": "s3cret"}), record().path, notes.append, every_s=60.0):
        pass

    assert asked == [("POST", "s3cret")]
    assert asked_elsewhere == []
    why = f"it redirects to {elsewhere}/elsewhere, which is not followed"
    assert notes == [f"The collector at {url} does not take the figures: {why}."]


def test_a_source_of_figures_that_redirects_is_not_followed(hosts):
    (url, _), (_, asked_elsewhere) = hosts

    with pytest.raises(ConfigError):
        open_host(url)
    assert asked_elsewhere == []
