"""CPU, memory, disks and network of machines, from a node-exporter or from a Prometheus that scrapes some."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
from math import isfinite
from typing import TYPE_CHECKING, Literal

import msgspec

from dms_load_test.errors import ConfigError
from dms_load_test.monitor.fetch import fetch
from dms_load_test.monitor.reading import Rates, Reading, Source, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PATIENCE_S = 3.0
_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?")
_LABEL = re.compile(r'(?P<name>[a-zA-Z_]\w*)="(?P<value>(?:\\.|[^"\\])*)"')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}

Metric = tuple[str, dict[str, str], float]
"""Name, labels, value."""


def _rate(counter: str) -> str:
    """Return the question for a counter's growth a second, by machine: over a minute, or else over five.

    A rate needs two scrapes in its time: of machines that are scraped each minute, a minute holds one.
    """
    return " or ".join(f"sum by (instance) (rate({counter}[{window}]))" for window in ("1m", "5m"))


def _cpu_share(modes: str) -> str:
    """Return the question for the share of CPU modes in all CPU time, by machine."""
    every = "node_cpu_seconds_total"
    chosen = f'{every}{{mode=~"{modes}"}}'
    return f"({_rate(chosen)}) / ({_rate(every)})"


_QUERIES = {
    "cpu_ratio": f"1 - {_cpu_share('idle|iowait')}",
    "iowait_ratio": _cpu_share("iowait"),
    "memory_ratio": "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    "load_1m": "node_load1",
    "disk_read_bytes_per_s": _rate("node_disk_read_bytes_total"),
    "disk_written_bytes_per_s": _rate("node_disk_written_bytes_total"),
    "network_received_bytes_per_s": _rate('node_network_receive_bytes_total{device!="lo"}'),
    "network_sent_bytes_per_s": _rate('node_network_transmit_bytes_total{device!="lo"}'),
}
"""Figure -> what Prometheus is asked for; each gives one value for each machine, as `_cpu` and `_sums` would."""
_COUNTERS = {
    "node_disk_read_bytes_total": "disk_read_bytes_per_s",
    "node_disk_written_bytes_total": "disk_written_bytes_per_s",
    "node_network_receive_bytes_total": "network_received_bytes_per_s",
    "node_network_transmit_bytes_total": "network_sent_bytes_per_s",
}


def parse_metrics(text: str) -> Iterator[Metric]:
    """Yield the samples of Prometheus' text format; lines that are none are left out."""
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            continue
        try:
            value = float(match["value"])
        except ValueError:
            continue
        yield match["name"], {m["name"]: _unescaped(m["value"]) for m in _LABEL.finditer(match["labels"] or "")}, value


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: _ESCAPES.get(match[0], match[0]), text)


def open_host(url: str) -> Source:
    """Return the source behind a URL: a Prometheus if it answers as one, else a node-exporter.

    Raises: ConfigError: it is neither, or cannot be reached.
    """
    base = url.rstrip("/")
    try:
        prometheus = _Prometheus(base)
        if prometheus.is_one():
            return prometheus
        exporter = _NodeExporter(base if base.endswith("/metrics") else f"{base}/metrics")
        if exporter.is_one():
            return exporter
    except OSError as error:
        raise ConfigError(f"{url}: {error}; expected the address of a node-exporter or of a Prometheus") from error
    raise ConfigError(f"{url}: no figures of a machine; expected the address of a node-exporter or of a Prometheus")


class _NodeExporter:
    def __init__(self, url: str) -> None:
        self.name = f"node-exporter at {url}"
        self._url = url
        self._rates = Rates()

    def is_one(self) -> bool:
        """Whether it tells a machine's CPU."""
        return any(name == "node_cpu_seconds_total" for name, _, _ in parse_metrics(_get(self._url)))

    def read(self, now_s: float) -> list[Reading]:
        """Return one reading: `host`."""
        counters, values = _sums(parse_metrics(_get(self._url)))
        return [Reading("host", {**values, **_cpu(self._rates.of(counters, now_s))})]

    def statements(self) -> list[Statement]:
        """Return nothing: a machine has none."""
        return []

    def close(self) -> None:
        """Do nothing: each question has a connection of its own."""


def _sums(metrics: Iterable[Metric]) -> tuple[dict[str, float], dict[str, float]]:
    """Return (counters to make rates of, figures as they are) of a node-exporter's metrics, without what is NaN."""
    counters: dict[str, float] = {}
    found: dict[str, float] = {}
    for name, labels, value in metrics:
        if not isfinite(value):
            continue
        key = f"cpu {labels.get('mode', '')}" if name == "node_cpu_seconds_total" else _COUNTERS.get(name)
        if key is not None and labels.get("device") != "lo":
            counters[key] = counters.get(key, 0.0) + value
        elif key is None:
            found[name] = value
    values: dict[str, float] = {}
    if "node_load1" in found:
        values["load_1m"] = found["node_load1"]
    total, free = found.get("node_memory_MemTotal_bytes"), found.get("node_memory_MemAvailable_bytes")
    if total and free is not None:
        values["memory_ratio"] = round(1 - free / total, 4)
    return counters, values


def _cpu(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rates, those of the CPU's modes as shares of all its time."""
    modes = {name.removeprefix("cpu "): rate for name, rate in rates.items() if name.startswith("cpu ")}
    values = {name: round(rate, 1) for name, rate in rates.items() if not name.startswith("cpu ")}
    total = sum(modes.values())
    if total > 0:
        values["cpu_ratio"] = round(1 - (modes.get("idle", 0.0) + modes.get("iowait", 0.0)) / total, 4)
        values["iowait_ratio"] = round(modes.get("iowait", 0.0) / total, 4)
    return values


class _Row(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct):
    result: list[_Row]


class _Answer(msgspec.Struct):
    """As much of a Prometheus' answer as a question for one moment needs."""

    status: Literal["success"]
    data: _Data


class _Prometheus:
    def __init__(self, base: str) -> None:
        self.name = f"Prometheus at {base}"
        self._base = base

    def is_one(self) -> bool:
        """Whether it answers questions as a Prometheus does."""
        try:
            self._ask("vector(1)")
        except (ValueError, urllib.error.HTTPError):
            return False
        return True

    def read(self, now_s: float) -> list[Reading]:  # noqa: ARG002 - Prometheus makes the rates
        """Return a reading for each machine: `host db:9100`."""
        machines: dict[str, dict[str, float]] = {}
        for figure, query in _QUERIES.items():
            for labels, value in self._ask(query):
                machines.setdefault(labels.get("instance", ""), {})[figure] = round(value, 4)
        return [Reading(f"host {machine}".strip(), values) for machine, values in sorted(machines.items())]

    def _ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return (labels, value) of each answer to a question. Raises: OSError, ValueError: no Prometheus answers."""
        text = _get(f"{self._base}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
        answer = msgspec.json.decode(text, type=_Answer)
        return [(row.metric, float(row.value[1])) for row in answer.data.result]

    def statements(self) -> list[Statement]:
        """Return nothing: a machine has none."""
        return []

    def close(self) -> None:
        """Do nothing: each question has a connection of its own."""


def _get(url: str) -> str:
    """Return a page's text. Raises: OSError: it cannot be had."""
    return fetch(url, _PATIENCE_S).decode("utf-8", "replace")
