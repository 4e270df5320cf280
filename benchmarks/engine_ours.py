"""Our engine as a run uses it: BASE USERS SECONDS [RATE]. Prints JSON; with RATE, an open model of so many arrivals.

Users, verbs, executor, metrics, the second's fold, the record and the watch are those of `dms-load-test run`; left out
are the screen, and what comes before and after a phase.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import msgspec
from rich.console import Console

from dms_load_test.app.session import Session, Watched
from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import SYSTEM_CLOCK
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.loop import run, settle
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import Client
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.load.executor import ConstantArrivalRate, ConstantVus
from dms_load_test.load.plan import Step
from dms_load_test.load.shard import WHOLE
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.record import open_record
from dms_load_test.views.terminal import make_progress_view

encode = msgspec.json.Encoder().encode


def document(number):
    name = {"otherNameTypeDescriptor": "uri://ed-fi.org/OtherNameTypeDescriptor#Nickname", "firstName": "Annie"}
    return {
        "studentUniqueId": f"S{number}",
        "firstName": "Ana",
        "lastSurname": "Garcia",
        "birthDate": "2010-05-12",
        "birthCity": "Austin",
        "birthSexDescriptor": "uri://ed-fi.org/SexDescriptor#Female",
        "otherNames": [{**name, "lastSurname": "Garcia"}],
        "visas": [],
        "identificationDocuments": [],
        "personalIdentificationDocuments": [],
    }


async def create_and_read(vu):
    reply = await vu.api.create("students", encode(document(vu.iteration)), vu.iteration)
    if reply.ok:
        await vu.api.read("students", reply.document_id)


async def create(vu):
    await vu.api.create("students", encode(document(vu.iteration)), vu.iteration)


async def phase(base, step, on_second=None):
    """Run a step; return the totals, the generator's worst loop lag (ms) and the seconds it took."""
    client, aggregate = Client(TransportOptions(insecure=True)), Aggregate(0, "load")
    with tempfile.TemporaryDirectory() as folder, open_record(Path(folder) / "record.jsonl") as writer:
        view = make_progress_view(Console(file=sys.stderr), quiet=True)
        session = Session(writer, view, aggregate, SYSTEM_CLOCK.now_ns(), 30.0)
        if on_second:
            session.listeners.append(on_second)
        auth = SharedAuthManager(client, f"{base}/oauth/token", "key", "secret", emit=aggregate.add, phase="load")
        policy = PhasePolicy(phase="load", emit=aggregate.add, on_failure=aggregate.add_failure)
        target = ApiTarget(client, auth, base, f"{base}/data", policy)
        world = PhaseWorld(documents=None, inventory=None, ordinals=Ordinals({}), on_check=aggregate.check, seed=1)
        users = cache(lambda number: User(number, target.user(), world))
        progress = StepProgress(on_iteration=aggregate.iteration)
        settle()
        began = time.perf_counter()
        async with session.pulse():
            with session.watch(Watched("load", progress, (), session.now_ns())):
                await run_step(step, WHOLE, users, SYSTEM_CLOCK, session.stop, progress)
        took_s = time.perf_counter() - began
        await auth.close()
    client.close()
    return session, took_s


def figures(session, took_s):
    rows = session.totals.operation_sums("load")
    requests, failed = sum(row.count for row in rows), sum(row.failed for row in rows)
    told = {"requests": requests, "failed": failed, "seconds": took_s}
    for row in rows:
        p50, p95, p99 = (us / 1000 for us in row.response.percentiles_us((50, 95, 99)))
        told[row.operation] = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    told["dropped"] = sum(session.totals.drops("load").values())
    return told


def main():
    base, users, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    if rate:
        executor = ConstantArrivalRate(
            rate_per_s=rate, duration_s=seconds, pre_allocated_vus=users, max_vus=10 * users, graceful_stop_s=5.0
        )
        step = Step(name="open", executor=executor, iteration=create)
    else:
        executor = ConstantVus(vus=users, duration_s=seconds, graceful_stop_s=10.0)
        step = Step(name="closed", executor=executor, iteration=create_and_read)
    print(json.dumps(figures(*run(phase(base, step)))))


if __name__ == "__main__":
    main()
