"""No coordinated omission: what a stalled server does to those who wanted to come is in the figures."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest

from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.stop import StopSignal
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.load.executor import ConstantArrivalRate, ConstantVus
from dms_load_test.load.plan import Step
from dms_load_test.load.shard import WHOLE

STALL_S = 0.4
LONG_S = 0.1


async def create_one(vu):
    await vu.api.create("students", b"{}", vu.iteration)


async def create_and_think(vu):
    await create_one(vu)
    await vu.think(0.01)


@pytest.fixture
async def run(server, new_client):
    """Run an executor against a server that stalls once; return the samples' (response, service) times in seconds."""
    client, samples = new_client(), []
    base = f"http://127.0.0.1:{server.port}"
    server.script = [
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"access_token":"t"}',
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    ]
    auth = SharedAuthManager(client, f"{base}/oauth/token", "key", "hidden-secret", emit=lambda _: None)
    policy = PhasePolicy(phase="load", emit=samples.append, on_failure=print)
    target = ApiTarget(client, auth, base, f"{base}/data", policy)
    world = PhaseWorld(documents=None, inventory=None, ordinals=Ordinals({}), on_check=print, seed=1)
    users = cache(lambda number: User(number, target.user(), world))

    async def run(executor, iteration):
        await auth.wait()
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, server.awake.clear)
        loop.call_later(0.3 + STALL_S, server.awake.set)
        await run_step(Step(name="s", executor=executor, iteration=iteration), WHOLE, users, SYSTEM_CLOCK, StopSignal())
        return [((s.finished_ns - s.due_ns) / NS_PER_S, (s.finished_ns - s.started_ns) / NS_PER_S) for s in samples]

    yield run
    await auth.close()


async def test_a_stall_is_charged_to_the_requests_it_delayed(run):
    executor = ConstantArrivalRate(rate_per_s=100, duration_s=1.0, pre_allocated_vus=3, max_vus=200)
    times = await run(executor, create_one)
    delayed = [response_s for response_s, _ in times if response_s > LONG_S]
    assert len(times) == 100
    assert len(delayed) == pytest.approx(100 * (STALL_S - LONG_S), abs=8)
    assert max(delayed) == pytest.approx(STALL_S, abs=0.1)


async def test_arrivals_that_find_no_free_user_are_dropped_not_delayed(run):
    executor = ConstantArrivalRate(rate_per_s=100, duration_s=1.0, pre_allocated_vus=3, max_vus=3)
    times = await run(executor, create_one)
    assert len(times) == pytest.approx(100 * (1 - STALL_S) + 3, abs=8)
    assert all(response_s - service_s < LONG_S for response_s, service_s in times)


async def test_a_closed_model_cannot_see_the_queue(run):
    times = await run(ConstantVus(vus=3, duration_s=1.0), create_and_think)
    assert sum(response_s > LONG_S for response_s, _ in times) == 3
