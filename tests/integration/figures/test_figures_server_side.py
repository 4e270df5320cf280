"""The server's side: a real node-exporter and a real Prometheus where they are installed."""

import gzip
import http.server
import json
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from dms_load_test.app.beside import beside_run
from dms_load_test.config import load_settings
from dms_load_test.errors import ConfigError
from dms_load_test.monitor import host
from dms_load_test.monitor.host import open_host, parse_metrics
from dms_load_test.monitor.reading import Rates, Reading, Statement
from dms_load_test.monitor.watch import ServerWatch, Silence
from dms_load_test.results.events import ServerFigures, StatementRow, Statements
from dms_load_test.results.run_folder import RunFolder

NODE_EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")


@contextmanager
def process(*command):
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        started.terminate()
        started.wait(20)


@contextmanager
def exporter(free_port, until):
    port = free_port()
    with process(NODE_EXPORTER, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.skipif(NODE_EXPORTER is None, reason="no node-exporter here: apt-get install prometheus-node-exporter")
def test_a_real_node_exporter_tells_this_machines_cpu_and_memory(free_port, until):
    with exporter(free_port, until) as url:
        source = until(lambda: open_host(url))
        source.read(0.0)
        burn(0.3)
        (reading,) = source.read(1.0)

    assert reading.source == "host"
    assert 0 < reading.values["cpu_ratio"] <= 1
    assert 0 < reading.values["memory_ratio"] < 1
    assert reading.values["disk_read_bytes_per_s"] >= 0
    assert "lo" not in reading.values


def burn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.skipif(not (NODE_EXPORTER and PROMETHEUS), reason="no prometheus here: apt-get install prometheus")
def test_a_prometheus_tells_the_figures_of_the_machines_it_scrapes(tmp_path, free_port, until):
    port = free_port()
    with exporter(free_port, until) as url:
        target = url.removeprefix("http://")
        (tmp_path / "p.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: n, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        arguments = (f"--config.file={tmp_path / 'p.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}",
                     f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")  # fmt: skip
        with process(PROMETHEUS, *arguments):
            source = until(lambda: open_host(f"http://127.0.0.1:{port}"))

            def complete():
                readings = source.read(0.0)
                return readings if readings and "cpu_ratio" in readings[0].values else None

            (reading,) = until(complete)

    assert reading.source == f"host {target}"
    assert 0 <= reading.values["cpu_ratio"] <= 1
    assert 0 < reading.values["memory_ratio"] < 1


GROWN = {
    'node_cpu_seconds_total{instance="db",cpu="0",mode="idle"}': 0.5,
    'node_cpu_seconds_total{instance="db",cpu="0",mode="iowait"}': 0.25,
    'node_cpu_seconds_total{instance="db",cpu="0",mode="user"}': 0.25,
    'node_cpu_seconds_total{instance="db",cpu="1",mode="idle"}': 0.75,
    'node_cpu_seconds_total{instance="db",cpu="1",mode="user"}': 0.25,
    'node_disk_read_bytes_total{instance="db",device="sda"}': 4096,
    'node_disk_written_bytes_total{instance="db",device="sda"}': 8192,
    'node_network_receive_bytes_total{instance="db",device="eth0"}': 64,
    'node_network_receive_bytes_total{instance="db",device="lo"}': 1024,
    'node_network_transmit_bytes_total{instance="db",device="eth0"}': 128,
}
"""How much a machine's counters grow a second."""
FIGURES = {
    "cpu_ratio": 0.25,
    "iowait_ratio": 0.125,
    "disk_read_bytes_per_s": 4096,
    "disk_written_bytes_per_s": 8192,
    "network_received_bytes_per_s": 64,
    "network_sent_bytes_per_s": 128,
}


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: apt-get install prometheus")
@pytest.mark.parametrize("scraped_every_s", [15, 60, 120])
def test_prometheus_makes_the_figures_that_an_exporter_has_however_often_it_scrapes(tmp_path, scraped_every_s):
    """Waiting for a disk is no work of the CPU; a minute that holds one scrape gives no rate."""
    series = [
        {"series": name, "values": f"0+{per_s * scraped_every_s}x{1200 // scraped_every_s}"}
        for name, per_s in GROWN.items()
    ]
    asked = [
        {
            "expr": host._QUERIES[name],
            "eval_time": "16m",
            "exp_samples": [{"labels": '{instance="db"}', "value": value}],
        }
        for name, value in FIGURES.items()
    ]
    test = {"interval": f"{scraped_every_s}s", "input_series": series, "promql_expr_test": asked}
    (tmp_path / "t.yml").write_text(json.dumps({"rule_files": [], "tests": [test]}))  # JSON is YAML, too

    ended = subprocess.run([PROMTOOL, "test", "rules", tmp_path / "t.yml"], check=False, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_an_exporter_gives_the_same_figures(monkeypatch):
    pages = ("\n".join(f"{name} {per_s * second}" for name, per_s in GROWN.items()) for second in (0, 10))
    monkeypatch.setattr(host, "_get", lambda _: next(pages))
    source = host._NodeExporter("http://db:9100/metrics")
    source.read(0.0)
    (reading,) = source.read(10.0)

    assert reading.values == FIGURES


def test_what_is_no_exporter_is_refused(free_port):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>welcome</html>")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(ConfigError, match="no figures of a machine"):
            open_host(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    with pytest.raises(ConfigError, match="node-exporter"):
        open_host(f"http://127.0.0.1:{free_port()}")


def test_prometheus_text_is_read_with_its_escapes():
    text = '# HELP a b\na{x="1\\"2\\n\\\\",y=""} 1.5e3 1700000000\nb NaN\nc +Inf\n\nbroken{\nd 7\n'

    found = list(parse_metrics(text))

    assert found[0] == ("a", {"x": '1"2\n\\', "y": ""}, 1500.0)
    assert [name for name, _, _ in found] == ["a", "b", "c", "d"]


def test_rates_begin_with_the_second_reading_and_survive_a_restart():
    rates = Rates()

    assert rates.of({"a": 100.0}, 10.0) == {}
    assert rates.of({"a": 150.0, "b": 1.0}, 20.0) == {"a": 5.0}
    assert rates.of({"a": 10.0, "b": 3.0}, 30.0) == {"b": 0.2}


class Scripted:
    """A source that answers as told."""

    name = "the source"

    def __init__(self, answers):
        self.answers = iter(answers)
        self.closed = False

    def read(self, _now_s):
        answer = next(self.answers, "gone")
        if isinstance(answer, str):
            raise ConnectionError(answer)
        return [Reading("s", {"x": answer})]

    def statements(self):
        return [Statement("SELECT 1", 1, 1.0, 1)]

    def close(self):
        self.closed = True


def test_a_source_that_falls_silent_is_told_once_until_it_speaks_again(until):
    source = Scripted([1.0, "gone", "gone", 2.0, "away"])
    found = []
    with ServerWatch([source], 0.01) as watch:
        until(lambda: found.extend(watch.take()) or len(found) >= 4)
        watch.finish()

    assert found[:4] == [
        Reading("s", {"x": 1.0}),
        Silence("the source does not answer: gone."),
        Reading("s", {"x": 2.0}),
        Silence("the source does not answer: away."),
    ]
    assert source.closed


def test_the_last_word_of_a_source_is_what_cost_most():
    source = Scripted([float(n) for n in range(100_000)])
    with ServerWatch([source], 60.0) as watch:
        statements = watch.finish()

    assert statements == [Statement("SELECT 1", 1, 1.0, 1)]
    assert watch.take()[-1] == Reading("s", {"x": 1.0})


class FakeSession:
    """As much of a session as what goes on beside it needs."""

    def __init__(self):
        self.writer, self.events, self.notes, self.listeners, self.counted = self, [], [], [], []
        self.on_sample = self.counted.append
        self.write, self.note = self.events.append, self.notes.append

    def now_s(self):
        return 7.0

    def now_ns(self):
        return 7_000_000_000


def test_what_sources_say_is_in_the_record_before_the_run_ends(tmp_path, until):
    session = FakeSession()
    settings = load_settings(None, {"SERVER_FIGURES_EVERY": "60s"}, {}, tmp_path).settings

    with beside_run(session, settings, [Scripted([1.0, 2.0])], RunFolder(tmp_path)):
        until(lambda: [tell(None) for tell in session.listeners] and session.events)

    assert session.events == [
        ServerFigures(7.0, "s", {"x": 1.0}),
        ServerFigures(7.0, "s", {"x": 2.0}),
        Statements(7.0, (StatementRow("SELECT 1", 1, 1.0, 1),)),
    ]
    assert session.listeners == []


def test_samples_are_counted_and_written_down(record, tmp_path):
    session, made = FakeSession(), record(seconds=2, name="made")
    settings = load_settings(None, {"SAMPLES": "true"}, {}, tmp_path).settings
    counting = session.on_sample

    with beside_run(session, settings, [], RunFolder(tmp_path)):
        for sample in made.samples:
            session.on_sample(sample)

    written = gzip.decompress((tmp_path / "samples" / "samples-0001.jsonl.gz").read_bytes()).splitlines()
    assert len(written) == len(made.samples) == len(session.counted)
    assert session.on_sample is counting
    assert session.notes == []
