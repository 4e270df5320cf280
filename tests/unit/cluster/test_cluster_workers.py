"""The coordinator's crew with a cluster that is a list of what was sent to it."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace

import pytest

from dms_load_test.app.session import Session
from dms_load_test.app.workers import Workers
from dms_load_test.cluster.messages import AddDocuments, Beat, Entered, EnterPhase, Outcome, PartEnded, RunPart
from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import NS_PER_S, Clock
from dms_load_test.load.executor import ConstantVus
from dms_load_test.load.plan import Phase, Step
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.inventory import Journal, RunInventory
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

    async def measure_ns(self, worker):
        return 0

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


@dataclass
class Now:
    ns: int = 0


class View:
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


async def nothing(vu):
    """Stands for an iteration, which workers run."""


def beat(at_ns):
    return Beat(Aggregate(0).snapshot(at_ns), Journal((), ()), violations=(), done=(), health={})


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
async def session(tmp_path):
    path = tmp_path / "inventory.sqlite3"
    found = Session(RecordWriter(BytesIO(), path), View(), Aggregate(0), 0, 60.0)
    found.now = Now()
    found.clock = Clock(lambda: found.now.ns, asyncio.sleep)
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


async def test_what_a_lost_worker_had_not_told_of_a_timed_step_is_lost_however_late_that_is_found_out(
    crew, cluster, session
):
    users = ConstantVus(vus=4, duration_s=60.0)
    phase = Phase(name="readwrite", steps=(Step(name="readwrite", executor=users, iteration=nothing),))
    running = asyncio.create_task(crew.run(phase, 0, phase.steps[0], StepProgress()))
    await asyncio.sleep(0)
    orders = {worker: told for worker, told in cluster.sent if isinstance(told, RunPart)}

    crew.heard("b", beat(at_ns=orders["b"].begin_ns + 30 * NS_PER_S))
    session.now.ns += 70 * NS_PER_S
    crew.lost("b", "it does not answer")
    crew.heard("a", PartEnded(orders["a"].part, Outcome(9, 9, 0, 0, 0, 2, finished=False)))

    assert (await running).completed == 9
    assert crew.losses == ["25% of a step of readwrite was lost with worker 2 of 2"]
    assert "What it did after 30.2 s is in no figure." in session.view.notes[0]
