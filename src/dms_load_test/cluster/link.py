"""The coordinator's side of Dask: letters to workers, reports from them, and who is lost.

All goes by the scheduler, so that a coordinator need not reach the workers nor they it. For each worker one question
is on its way at any time, which the worker answers when it has something to tell, or after a second: that is also the
sign of life for both.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from distributed import Client

from dms_load_test.cluster import post
from dms_load_test.cluster.clocks import Question, offset_ns
from dms_load_test.cluster.local import local_cluster
from dms_load_test.cluster.messages import Letter
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from dms_load_test.cluster.messages import Instruction, Report
    from dms_load_test.cluster.post import Description

CONNECT_S = 5.0
WORKERS_S = 60.0
"""A cluster that is being started has this long until the workers that were asked for are there."""
SILENCE_S = 8.0
"""An answer that is later is none. More than `post.LEASE_S`: who is given up has stopped before others take over."""
OPEN_S = 60.0
"""What workers do before a run, such as reading the files that it needs, has this long."""
CLOSE_S = 5.0
_QUESTIONS = 8


@asynccontextmanager
async def dask_client(scheduler: str | None, workers: int) -> AsyncIterator[Client]:
    """Connect to the scheduler at an address, or to one of our own with so many workers on this machine.

    Certificates for `tls://` addresses are those of Dask's own configuration.

    Raises:
        ConfigError: No scheduler answers there.
    """
    # A lost worker is told in our words, once; Dask would tell it in several, in the middle of the screen.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is None:
        async with (
            local_cluster(workers) as cluster,
            Client(cluster, asynchronous=True, set_as_default=False) as client,
        ):
            yield client
        return
    client = Client(scheduler, asynchronous=True, set_as_default=False, timeout=CONNECT_S)
    try:
        await client
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error or type(error).__name__}); check the "
            "address and the network, and for tls:// Dask's own settings (docs/distributed.md)"
        ) from None
    try:
        yield client
    finally:
        await client.close(timeout=CLOSE_S)


async def workers_of(client: Client, wanted: int) -> list[str]:
    """Return the addresses of the cluster's workers: so many, or with 0 all that are there.

    Raises:
        ConfigError: There are too few.
    """
    until_s = asyncio.get_running_loop().time() + WORKERS_S
    while True:
        try:
            known = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), SILENCE_S)
        except OSError as error:
            raise ConfigError(
                f"the cluster's scheduler does not answer ({error or 'silent'}); start it anew, or look at its log"
            ) from None
        found = sorted(known["workers"], key=lambda address: str(known["workers"][address]["name"]))
        if len(found) >= max(1, wanted):
            return found[: wanted or None]
        if asyncio.get_running_loop().time() > until_s:
            raise ConfigError(
                f"the cluster has {len(found)} workers after {WORKERS_S:.0f} s, {max(1, wanted)} are wanted; start "
                "more of them, or lower --workers"
            )
        await asyncio.sleep(0.1)


class Link:
    """Calls to the workers of one run. `on_report` and `on_lost` are called on this loop, until `close`."""

    def __init__(
        self,
        client: Client,
        run_id: str,
        on_report: Callable[[str, Report], None],
        on_lost: Callable[[str, str], None],
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._on_report = on_report
        self._on_lost = on_lost
        self._queues: dict[str, asyncio.Queue[Instruction]] = {}
        self._tasks: dict[str, tuple[asyncio.Task[None], ...]] = {}

    async def describe(self, workers: Sequence[str], files: tuple[str, ...]) -> Mapping[str, Description]:
        """Ask workers what they are. Raises: ConfigError: one cannot tell."""
        try:
            asked = self._client.run(post.describe, files, workers=list(workers))
            found: dict[str, Description] = await asyncio.wait_for(asked, OPEN_S)
        except ImportError as error:
            raise ConfigError(
                f"a worker of the cluster lacks this package ({error}); install the same version of dms-load-test "
                "on all of them"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"a worker of the cluster does not answer ({error or 'silent'}); look at its log, and start it anew"
            ) from None
        return found

    async def measure_ns(self, worker: str) -> int:
        """Measure how far a worker's clock is ahead of ours. Raises: OSError: it is lost."""
        questions = []
        for _ in range(_QUESTIONS):
            asked_ns = post.clock_ns()
            answers = await asyncio.wait_for(self._client.run(post.clock_ns, workers=[worker]), SILENCE_S)
            questions.append(Question(asked_ns, answers[worker], post.clock_ns()))
        return offset_ns(questions)

    async def open(self, serve: Callable[[post.Post, Any], None], jobs: Mapping[str, Any], *, local: bool) -> None:
        """Start the run on each worker of `jobs`, with its job. Raises: OSError: one is lost already."""
        start = partial(self._client.run, post.open_post, serve, self._run_id)

        async def begin(worker: str, job: Any) -> None:
            await start(job, workers=[worker])
            self._talk_to(worker)  # at once: while the last of the workers begins, the first must not feel forsaken

        async with asyncio.timeout(OPEN_S):
            if local:
                await self._client.run(post.ignore_interrupts, workers=list(jobs))
            try:
                async with asyncio.TaskGroup() as beginning:
                    for worker, job in jobs.items():
                        beginning.create_task(begin(worker, job))
            except ExceptionGroup as raised:
                raise raised.exceptions[0] from None

    def _talk_to(self, worker: str) -> None:
        self._queues[worker] = asyncio.Queue()
        self._tasks[worker] = (
            asyncio.create_task(self._guard(worker, self._ask)),
            asyncio.create_task(self._guard(worker, self._write)),
        )

    def send(self, worker: str, instruction: Instruction) -> None:
        """Send an instruction; those to one worker arrive in order. To a lost worker: nothing."""
        queue = self._queues.get(worker)
        if queue is not None:
            queue.put_nowait(instruction)

    def waiting(self, worker: str) -> int:
        """Return how many instructions have not been sent yet; 0 for a lost worker."""
        queue = self._queues.get(worker)
        return queue.qsize() if queue is not None else 0

    async def close(self) -> None:
        """End the run on all workers that are left."""
        workers = list(self._tasks)
        for worker in workers:
            self._drop(worker)
        if workers:
            ended = self._client.run(post.close_post, self._run_id, workers=workers, on_error="ignore")
            try:
                await asyncio.wait_for(ended, CLOSE_S)
            except (OSError, TimeoutError):
                return  # they end by themselves

    async def _guard(self, worker: str, work: Callable[[str], Any]) -> None:
        try:
            await work(worker)
        except Exception as error:  # noqa: BLE001 - whatever Dask raises, the worker cannot be talked to any more
            if worker in self._tasks:
                self._drop(worker)
                self._on_lost(worker, "it does not answer" if isinstance(error, TimeoutError) else _text_of(error))

    async def _ask(self, worker: str) -> None:
        while True:
            answer = self._client.run(post.collect, self._run_id, workers=[worker])
            reports = (await asyncio.wait_for(answer, SILENCE_S))[worker]
            if reports is None:
                raise ConnectionError("its process was started anew, or it heard nothing for too long")
            for report in reports:
                self._on_report(worker, report)

    async def _write(self, worker: str) -> None:
        queue = self._queues[worker]
        while True:
            instructions = [await queue.get()]
            while not queue.empty():
                instructions.append(queue.get_nowait())
            letter = Letter(tuple(instructions))
            call = self._client.run(post.deliver, self._run_id, letter, workers=[worker])
            await asyncio.wait_for(call, SILENCE_S)

    def _drop(self, worker: str) -> None:
        self._queues.pop(worker, None)
        for task in self._tasks.pop(worker, ()):
            task.cancel()


def _text_of(error: Exception) -> str:
    return str(error) or type(error).__name__
