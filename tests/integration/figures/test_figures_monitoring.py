"""A run's metrics as monitoring systems get them: checked with theirs, not with our own readers."""

import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from dms_load_test.app.dashboard import dashboard_options, start_dashboard
from dms_load_test.app.metering import MeteredRecord
from dms_load_test.app.telemetry import Collector, parse_headers, telemetry
from dms_load_test.errors import ConfigError
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.views.dashboard import metrics_route
from dms_load_test.views.meters import Meters
from dms_load_test.views.prometheus import exposition

json_format = pytest.importorskip("google.protobuf.json_format", reason="OTLP's own reader is not installed")
OTLP = "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2"
ExportMetricsServiceRequest = pytest.importorskip(
    OTLP, reason="OTLP's own reader is not installed"
).ExportMetricsServiceRequest
PROMETHEUS = shutil.which("prometheus")
DOCS = Path(__file__).parents[3] / "docs" / "monitoring.md"


@contextmanager
def served(free_port, until, app):
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def prometheus(free_port, until, folder, port_to_scrape):
    port = free_port()
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: run, static_configs: [{{targets: ['127.0.0.1:{port_to_scrape}']}}]}}]\n"
    )
    command = [
        PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield lambda query: asked(port, query)
    finally:
        process.terminate()
        process.wait(20)


def asked(port, query):
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return [(row["metric"], float(row["value"][1])) for row in json.load(answer)["data"]["result"]]


@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus here: apt-get install prometheus")
def test_a_real_prometheus_scrapes_the_figures_of_the_record(record, tmp_path, percentile, free_port, until):
    made = record(name="run")
    (tmp_path / "prometheus").mkdir()
    app = Starlette(routes=[metrics_route(MeteredRecord(made.path).text)])
    with served(free_port, until, app) as port, prometheus(free_port, until, tmp_path / "prometheus", port) as ask:
        ((_, total),) = until(lambda: ask("sum(http_reqs)"))
        ((_, failed),) = ask("sum(http_req_failed)")
        ((_, operations),) = ask('crud_operations{resource="students",operation="read",status="200"}')
        ((_, p95_s),) = ask("histogram_quantile(0.95, sum by (le) (http_req_duration_bucket))")
        ((_, cpu),) = ask('server_cpu_ratio{source="host"}')
        ((_, up),) = ask("up")

    assert up == 1
    assert total == len(made.samples)
    assert failed == sum(not s.ok for s in made.samples)
    assert operations == sum((s.resource, s.operation, s.status) == ("students", "read", 200) for s in made.samples)
    assert 25 <= percentile(made.times_ms(), 95) <= 50  # one bucket; a quantile is interpolated within it
    assert 0.025 <= p95_s <= 0.05
    assert cpu == 0.25


@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus here: apt-get install prometheus")
def test_a_real_prometheus_answers_the_documented_question(record, server, tmp_path, free_port, until):
    made = record(server(1, failed=0.1), name="run")
    lines = made.path.read_bytes().splitlines(keepends=True)
    made.path.write_bytes(b"".join(lines[: len(lines) // 2]))
    (tmp_path / "prometheus").mkdir()
    (question,) = re.findall(r"```promql\n(.*)\n```", DOCS.read_text())

    app = Starlette(routes=[metrics_route(MeteredRecord(made.path).text)])
    with served(free_port, until, app) as port, prometheus(free_port, until, tmp_path / "prometheus", port) as ask:
        until(lambda: ask("sum(http_reqs)"))
        made.path.write_bytes(b"".join(lines))  # rates are of what grows
        until(lambda: ask("sum(http_reqs)")[0][1] == len(made.samples))
        ((_, share),) = ask(question)

    failed = sum(not s.ok for s in made.samples) / len(made.samples)
    assert share == pytest.approx(failed, rel=0.3)


def test_every_metric_is_documented_with_its_labels(record):
    text = MeteredRecord(record(findings=True).path).text()
    told = dict(re.findall(r"^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*?)\})? ", text, re.MULTILINE))
    rows = re.findall(r"^\| (`.*?) \| (`.*`|none) \|$", DOCS.read_text(), re.MULTILINE)
    documented = {
        metric: re.findall(r"`(\w+)`", labels) for metrics, labels in rows for metric in re.findall(r"`(\w+)`", metrics)
    }

    for metric, labels in documented.items():
        assert re.findall(r"(\w+)=", told[metric].replace(',le="', "")) == labels, metric
    kinds = ("generator_", "server_", "http_req_")  # of these the page names one, and tells that there are others
    assert [name for name in told if name not in documented and not name.startswith(kinds)] == []


@pytest.mark.parametrize(
    "metric", ["iterations", "dropped_iterations", "retries", "rate_limited", "data_sent", "data_received"]
)
def test_what_seconds_tell_of_all_phases_together_is_given_to_none_of_them(record, metric):
    assert re.search(rf"^{metric} \d+$", MeteredRecord(record().path).text(), re.MULTILINE)


def test_the_dashboard_answers_prometheus_on_its_port(record):
    made = record()

    with (
        start_dashboard(dashboard_options(made.path, "127.0.0.1", 0)) as url,
        urllib.request.urlopen(f"{url}metrics", timeout=10) as answer,
    ):
        text = answer.read().decode()
        kind = answer.headers["Content-Type"]

    assert total_of(text) == len(made.samples)
    assert kind.startswith("text/plain; version=0.0.4")


def test_a_dashboard_whose_record_is_damaged_ends_instead_of_standing_still(record, until):
    made = record()
    with made.path.open("ab") as file:
        file.write(b"no event\n")

    with start_dashboard(dashboard_options(made.path, "127.0.0.1", 0)) as url:
        until(lambda: does_not_listen(urllib.parse.urlsplit(url).port))


def does_not_listen(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_metrics_follow_a_record_that_grows(record):
    made = record()
    lines = made.path.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    made.path.write_bytes(b"".join(lines[:half]) + lines[half][:10])
    metered = MeteredRecord(made.path)

    before = metered.text()
    made.path.write_bytes(b"".join(lines))

    assert total_of(before) < total_of(metered.text()) == len(made.samples)


def total_of(text):
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith("http_reqs{"))


def test_histograms_are_cumulative_and_labels_are_escaped():
    meters, times = Meters(), Distribution()
    for us in (500, 1000, 2_000_000, 90_000_000):
        times.record(us)
    meters.time("t", times, {"phase": 'a"b\\c\nd'}, "Help\nme")

    text = exposition(meters)

    label = r'phase="a\"b\\c\nd"'
    assert "# HELP t Help\\nme\n# TYPE t histogram\n" in text
    assert f't_bucket{{{label},le="0.001"}} 2\n' in text
    assert f't_bucket{{{label},le="2.5"}} 3\n' in text
    assert f't_bucket{{{label},le="60"}} 3\n' in text
    assert f't_bucket{{{label},le="+Inf"}} 4\n' in text
    assert f"t_sum{{{label}}} 92.0015\n" in text


class Receiver(http.server.BaseHTTPRequestHandler):
    """A collector that keeps what it is sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(collector):
    return f"http://127.0.0.1:{collector.server_port}"


def test_a_collector_gets_what_opentelemetrys_protocol_says(record, collector):
    made, notes = record(name="run-1"), []
    with telemetry(Collector(address(collector), {"api-key": "K"}), made.path, notes.append, every_s=60):
        pass

    ((path, headers, body),) = collector.got
    request = json_format.Parse(body, ExportMetricsServiceRequest())
    (resource,) = request.resource_metrics
    metrics = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    assert (path, headers["api-key"], headers["Content-Type"]) == ("/v1/metrics", "K", "application/json")
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.instance.id"] == "run-1"
    assert sum(point.as_double for point in metrics["http_reqs"].sum.data_points) == len(made.samples)
    assert metrics["http_reqs"].sum.is_monotonic
    histogram = metrics["http_req_duration"].histogram.data_points
    assert sum(point.count for point in histogram) == len(made.samples)
    assert all(sum(point.bucket_counts) == point.count for point in histogram)
    assert all(len(point.bucket_counts) == len(point.explicit_bounds) + 1 for point in histogram)
    assert metrics["vus"].gauge.data_points[0].as_double == 10
    assert notes == []


def test_a_collector_that_is_gone_is_told_once_and_stops_nothing(record, free_port, until):
    notes = []
    nowhere = f"http://127.0.0.1:{free_port()}"
    with telemetry(Collector(nowhere, {}), record().path, notes.append, every_s=0.05):
        until(lambda: notes)
        time.sleep(0.2)

    assert len(notes) == 1
    assert nowhere in notes[0]


def test_headers_are_read_as_opentelemetry_writes_them():
    assert parse_headers("api-key=a=b, other = c") == {"api-key": "a=b", "other": "c"}
    assert parse_headers("authorization=Basic%20YTpi,x=100%25%2C%20or%20more") == {
        "authorization": "Basic YTpi",
        "x": "100%, or more",
    }
    assert parse_headers("") == {}


@pytest.mark.parametrize("text", ["key=hush\nhush", "key=hush%0d%0Ahush", "key=hush\u20ac", "hu sh=1", "a=1,=hush"])
def test_a_header_that_http_cannot_carry_is_refused_without_being_quoted(text):
    with pytest.raises(ConfigError, match="OTLP_HEADERS") as told:
        parse_headers(text)

    assert "sh" not in str(told.value)


@pytest.mark.parametrize("base", ["http://c:4318", "http://c:4318/", "http://c:4318/v1/metrics"])
def test_the_path_of_metrics_is_added_where_it_is_missing(base):
    assert Collector(base, {}).url == "http://c:4318/v1/metrics"
