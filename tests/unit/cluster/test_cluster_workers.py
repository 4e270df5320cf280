"""The coordinator's crew with a cluster that is a list of what was sent to it."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace

import pytest

from dms_load_test.app.session import Session
from dms_load_test.app.workers import Workers
from dms_load_test.cluster.clocks import Offset
from dms_load_test.cluster.messages import AddDocuments, Entered, EnterPhase
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.load.plan import Phase
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.inventory import RunInventory
from dms_load_test.results.record import RecordWriter

NAMES = ("a", "b")


class Auth(SharedAuthManager):
    """Has a token without asking for one."""

    def __init__(self):
        self.phase = ""

    def line(self, now_ns):
        return b"Authorization: Bearer token\r\n"

    def life_s(self):
        return 100.0


class Cluster:
    """Stands for `Link`: workers are ready as soon as they are told to be."""

    def __init__(self):
        self.sent = []
        self.heard = None

    async def open(self, serve, jobs, *, local):
        """Every worker is there."""

    async def measure(self, worker):
        return Offset(0, 0)

    def send(self, worker, instruction):
        self.sent.append((worker, instruction))
        if isinstance(instruction, EnterPhase):
            asyncio.get_running_loop().call_soon(self.heard, worker, Entered(instruction.phase))

    def waiting(self, worker):
        return 0

    async def close(self):
        """Nothing is left."""


@dataclass
class Job:
    """What is each worker's own of a job."""

    shard: object = None
    origin_ns: int = 0


class View:
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
async def session(tmp_path):
    path = tmp_path / "inventory.sqlite3"
    found = Session(RecordWriter(BytesIO(), path), View(), Aggregate(0), 0, 60.0)
    with RunInventory(path, phase="load") as found.inventory:
        yield found


@pytest.fixture
async def crew(cluster, session, tmp_path):
    made = Workers(session, SimpleNamespace(auth=Auth()), tmp_path / "inventory.sqlite3", stop_on_loss=False)
    cluster.heard = made.heard
    await made.open(cluster, NAMES, Job(), local=False)
    yield made
    await made.close()


async def test_phases_side_by_side_deal_each_document_once(crew, cluster, session):
    for ordinal in range(6):
        session.inventory.add("students", ordinal, f"{ordinal:032x}")

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for name in ("readwrite", "changes"):
            tasks.create_task(crew.enter(Phase(name=name, steps=())))

    dealt = [(worker, told) for worker, told in cluster.sent if isinstance(told, AddDocuments)]
    assert Counter(worker for worker, told in dealt if told.first) == Counter(NAMES)
    assert Counter(row[1] for _, told in dealt for row in told.rows) == Counter(range(6))
