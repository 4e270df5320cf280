"""The account holds against a hostile server, in every ending: nothing sent is lost, nothing is counted twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.api import ApiTarget, PhasePolicy
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import SYSTEM_CLOCK
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.loop import new_event_loop
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.stop import StopReason, StopSignal
from dms_load_test.engine.transport import Client
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld, User
from dms_load_test.load.executor import ConstantArrivalRate, SharedIterations
from dms_load_test.load.plan import NO_RETRY, RetryPolicy, Step
from dms_load_test.load.shard import WHOLE

CREATED = b"HTTP/1.1 201 Created\r\nLocation: /data/ed-fi/students/1\r\nContent-Length: 0\r\n\r\n"
TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"access_token":"t"}'
SILENCE = b""
BEHAVIOURS = {
    "created": CREATED,
    "continued": b"HTTP/1.1 100 Continue\r\n\r\n" + CREATED,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nall there is",
    "conflict": b'HTTP/1.1 409 Conflict\r\nContent-Length: 14\r\n\r\n{"detail":"x"}',
    "unauthorized": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "unavailable": b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "half": CREATED[:25],
    "too short": b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\nshort",
    "too long": CREATED + b"and more that nobody asked for",
    "garbage": b"\x16\x03\x01\x00\xff garbage\r\n\r\n",
    "endless head": b"HTTP/1.1 201 Created\r\n" + b"X-Filler: 0123456789\r\n" * 500,
    "damaged gzip": b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    "silence": SILENCE,
}
ENDINGS = ("byte by byte", "keep", "close", "abort")
answers = st.tuples(st.sampled_from(sorted(BEHAVIOURS)), st.sampled_from(ENDINGS))
executors = st.sampled_from(
    [
        SharedIterations(vus=4, iterations=24, max_duration_s=5, graceful_stop_s=0.02),
        SharedIterations(vus=4, iterations=24, max_duration_s=0.03, graceful_stop_s=0.0),
        ConstantArrivalRate(rate_per_s=400, duration_s=0.06, pre_allocated_vus=2, max_vus=4, graceful_stop_s=0.02),
    ]
)
stops = st.sampled_from([None, (0.01, False), (0.01, True)])
retries = st.sampled_from([NO_RETRY, RetryPolicy(attempts=2, max_elapsed_s=0.2)])


class HostileServer:
    """Answers each request with the next of its behaviours, in turn, whoever asks."""

    def __init__(self, behaviours):
        self.behaviours = behaviours
        self.asked = 0

    async def serve(self, reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/oauth/token" in head:
            await reader.readexactly(len(b"grant_type=client_credentials"))
            writer.write(TOKEN)
            return True
        await reader.readexactly(2)
        name, ending = self.behaviours[self.asked % len(self.behaviours)]
        self.asked += 1
        data = BEHAVIOURS[name]
        if ending == "byte by byte":
            for at in range(min(len(data), 200)):
                writer.write(data[at : at + 1])
                await asyncio.sleep(0)
            data = data[200:]
        writer.write(data)
        await writer.drain()
        if ending == "abort":
            writer.transport.abort()
        return ending not in {"close", "abort"}


async def create_one(vu):
    await vu.api.create("students", b"{}", vu.iteration)


async def drive(behaviours, executor, stop_after, retry):
    """Run one step against the hostile server; return its outcome, progress, samples and failures."""
    hostile = HostileServer(behaviours)
    listener = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    client = Client(TransportOptions(request_timeout_s=0.02, max_header_bytes=4096))
    samples, failures, progress, stop = [], [], StepProgress(), StopSignal()
    auth = SharedAuthManager(client, f"{base}/oauth/token", "key", "hidden-secret", emit=lambda _: None)
    policy = PhasePolicy(phase="load", emit=samples.append, on_failure=failures.append, retry=retry)
    target = ApiTarget(client, auth, base, f"{base}/data", policy)
    world = PhaseWorld(documents=None, inventory=None, ordinals=Ordinals({}), on_check=print, seed=1)
    users = cache(lambda number: User(number, target.user(), world))
    step = Step(name="hostile", executor=executor, iteration=create_one)
    if stop_after:
        seconds, at_once = stop_after
        asyncio.get_running_loop().call_later(seconds, lambda: stop.request(StopReason.INTERRUPTED, at_once=at_once))
    async with asyncio.timeout(20):
        outcome = await run_step(step, WHOLE, users, SYSTEM_CLOCK, stop, progress)
    await auth.close()
    client.close()
    assert client.open_connections == 0
    listener.close()
    return outcome, progress, samples, failures


@settings(max_examples=30)
@given(st.lists(answers, min_size=1, max_size=8), executors, stops, retries)
def test_planned_is_sent_dropped_and_not_started_and_sent_is_succeeded_and_failed(
    behaviours, executor, stop_after, retry
):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        outcome, progress, samples, failures = runner.run(drive(behaviours, executor, stop_after, retry))
    final = [sample for sample in samples if sample.final]
    succeeded = sum(sample.ok for sample in final)
    cancelled = sum(sample.error == "cancelled" for sample in final)
    assert outcome.planned == 24
    assert outcome.planned == outcome.completed + outcome.interrupted + outcome.dropped + outcome.not_started
    assert len(final) == outcome.completed + outcome.interrupted
    assert len(final) == succeeded + len(failures) + cancelled
    assert cancelled <= outcome.interrupted, "an answer that was there when its user was stopped counts as one"
    assert progress.vus == 0
    for sample in samples:
        assert (sample.status == 0) == bool(sample.error)
        assert min(sample.sending_ns, sample.waiting_ns, sample.receiving_ns, sample.blocked_ns) >= 0
        assert sample.sending_ns + sample.waiting_ns + sample.receiving_ns == sample.finished_ns - sample.started_ns
