"""Records made by the real recorder from requests that a made-up server answered."""

import socket
import time
from dataclasses import dataclass, field
from math import exp, log, sqrt
from pathlib import Path
from random import Random

import msgspec
import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.metrics.thresholds import parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.metrics.verdict import RunFacts, account, judge
from dms_load_test.results.events import (
    End,
    Manifest,
    PhaseBegin,
    PhaseEnd,
    ServerFigures,
    SettingRow,
    StepBegin,
    StepEnd,
    TableLine,
    ViolationLine,
)
from dms_load_test.results.record import open_record
from dms_load_test.results.recorder import Recorder
from dms_load_test.results.run import accounts_line, verdict_line
from dms_load_test.sample import Failure, Sample

NS = 1_000_000_000
PHASE = "readwrite"
OPERATIONS = {"create": 201, "read": 200, "query": 200, "update": 204, "delete": 204}
CREATES = ("students", "create")
RESOURCES = ("students", "schools", "sections", "tpdm/candidates", "grades")


@dataclass
class Server:
    """What a made-up server is like: times are log-normal, and drift together over some seconds."""

    seed: int
    slow: float = 1.0
    failed: float = 0.002
    per_s: int = 100
    drift: float = 0.05
    memory: float = 0.5
    spread: float = 0.5


@dataclass
class Recorded:
    """A record, and the requests that it is about."""

    path: Path
    samples: list[Sample] = field(default_factory=list)

    def times_ms(self, **tags):
        return sorted(
            (s.finished_ns - s.due_ns) / 1e6
            for s in self.samples
            if all(getattr(s, tag) == value for tag, value in tags.items())
        )


def exact(values, percent):
    """The percentile by nearest rank."""
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def requests_of(server, second, level, dice):
    rate = int(server.per_s / server.slow * exp(-level / 2) + dice.gauss(0, 3))
    for number in range(rate):
        place, (operation, status) = dice.choice(list(enumerate(OPERATIONS.items())))
        median_ns = 10e6 * (1 + place / 3) * server.slow
        took_ns = int(dice.lognormvariate(log(median_ns) + level, server.spread))
        ok = dice.random() >= server.failed
        start = second * NS + number * (NS // 1000)
        yield Sample(
            PHASE, operation, dice.choice(RESOURCES), status if ok else 500, ok, True, "", 1, start, start,
            start + took_ns, 0, 0, 0, 20_000, took_ns, 30_000, 400, 900,
        )  # fmt: skip


def manifest(run_id):
    return Manifest(
        run_id=run_id,
        started_at="2026-03-01T08:00:00Z",
        tool_version="0.1.0",
        target="https://dms.example/api/",
        profile="dev",
        seed=7,
        items=(PHASE,),
        data_standard="Ed-Fi 5.2.0",
        settings=(SettingRow("VUS_READWRITE_PHASE", "10", "default"),),
    )


class Writer:
    """Writes one record, second by second."""

    def __init__(self, writer, run_id):
        self.write = writer.write
        self.aggregate, self.recorder, self.totals = Aggregate(0, PHASE), Recorder(writer), Totals()
        self.write(manifest(run_id))
        self.write(PhaseBegin(0.0, PHASE, {"students": 10}, ("http_req_duration: p(95)<500",)))
        self.write(StepBegin(0.0, PHASE, "step 1", "constant-vus", 10, 60.0))

    def second(self, number, samples):
        for sample in samples:
            self.aggregate.add(sample)
            if not sample.ok:
                self.aggregate.add_failure(
                    Failure(PHASE, sample.operation, sample.resource, 500, "=boom | <b>", "<script>alert(1)</script>")
                )
        self.aggregate.check("found | again", passed=True)
        self.aggregate.iteration(5_000_000)
        self.aggregate.set_users(10, 10)
        snapshot = self.aggregate.snapshot((number + 1) * NS)
        self.totals.add(snapshot)
        self.recorder.snapshot(snapshot, {"cpu_ratio": 0.4})

    def next_step(self, seconds, number):
        self.recorder.flush(seconds * NS)
        self.write(StepEnd(float(seconds), PHASE, f"step {number}", "duration over"))
        self.write(StepBegin(float(seconds), PHASE, f"step {number + 1}", "constant-vus", 10, 60.0))

    def findings(self):
        """What a scenario found out, counted and timed itself, and a write that the target lost."""
        self.write(
            TableLine(9.0, PHASE, "what | <b>was</b> found", ("name", "number"), (("=a", 1.25), ("b", None)), "as told")
        )
        self.write(ViolationLine(9.5, PHASE, "lost", "students", "0123456789abcdef", 17, "404 | <i>at the end</i>"))
        self.aggregate.integrity_violation("lost")
        self.aggregate.count("pages_read", 12, "first")
        self.aggregate.observe("sync_lag", 12.5)

    def end(self, seconds, limit_ms):
        self.recorder.flush(seconds * NS)
        self.write(ServerFigures(float(seconds), "host", {"cpu_ratio": 0.25}))
        self.write(StepEnd(seconds, PHASE, "step 1", "duration over"))
        creates = sum(r.count for r in self.totals.operation_rows(PHASE) if (r.resource, r.operation) == CREATES)
        accounts = account(PHASE, {"students": creates}, self.totals)
        self.write(accounts_line(seconds, accounts))
        self.write(PhaseEnd(seconds, PHASE, "finished"))
        threshold = parse_threshold(f"http_req_duration: p(95)<{limit_ms}", PHASE)
        self.write(verdict_line(seconds, judge((threshold,), self.totals, RunFacts())))
        self.write(End(seconds, "finished"))


@pytest.fixture
def record(tmp_path):
    """Make a record: `record(Server(1), seconds=30)`; `killed`: cut in the middle of a line; `findings`: has some."""

    def make(server=None, *, seconds=30, name="", limit_ms=500, killed=False, findings=False):
        server = server or Server(1)
        dice = Random(server.seed)
        folder = tmp_path / (name or f"20260301T080000Z-dev-{len(list(tmp_path.iterdir())):04}")
        folder.mkdir()
        made = Recorded(folder / "record.jsonl")
        level = 0.0
        with open_record(made.path) as file:
            writer = Writer(file, folder.name)
            for second in range(seconds):
                level = server.memory * level + dice.gauss(0, server.drift * sqrt(1 - server.memory**2))
                samples = list(requests_of(server, second, level, dice))
                made.samples += samples
                if findings and second == 0:
                    writer.findings()
                writer.second(second, samples)
            if not killed:
                writer.end(seconds, limit_ms)
        if killed:
            made.path.write_bytes(made.path.read_bytes()[:-20])
        return made

    return make


@pytest.fixture
def retold():
    """Write members of a record's manifest anew: `retold(record.path, seed=8)`."""

    def tell(path, **members):
        first, _, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(msgspec.json.encode(msgspec.json.decode(first) | members) + b"\n" + rest)

    return tell


@pytest.fixture
def stepped(tmp_path):
    """Make a record of steps of 50 s, each with so many requests a second, one like the other: `stepped(10, 40)`."""

    def make(*per_s):
        made = Recorded(tmp_path / "record.jsonl")
        with open_record(made.path) as file:
            writer = Writer(file, "stepped")
            for number in range(50 * len(per_s)):
                step, second = divmod(number, 50)
                if step and not second:
                    writer.next_step(number, step)
                writer.second(number, [steady(number, place) for place in range(per_s[step])])
            writer.end(50 * len(per_s), 500)
        return made

    return make


def steady(second, place):
    start = second * NS + place * (NS // 1000)
    return Sample(
        PHASE, "read", "students", 200, True, True, "", 1, start, start, start + 10_000_000, 0, 0, 0, 20_000,
        10_000_000, 30_000, 400, 900,
    )  # fmt: skip


@pytest.fixture
def server():
    """The class of made-up servers."""
    return Server


@pytest.fixture
def percentile():
    """The exact percentile of sorted values, by nearest rank."""
    return exact


@pytest.fixture(scope="session")
def free_port():
    """Give a function that returns a port on which nobody listens."""

    def port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return port


@pytest.fixture(scope="session")
def until():
    """Give a function that asks a server again and again until there is an answer."""

    def answer(ask, seconds=30, errors=(OSError, ConfigError)):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = ask()
            except errors:
                found = None
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError("no answer in time")

    return answer
