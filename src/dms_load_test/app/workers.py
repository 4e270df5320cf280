"""The workers of a cluster as the crew of a run: coordinator, Dask, token, record and inventory joined."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dms_load_test import errors
from dms_load_test.app.crew import tell_of_reading
from dms_load_test.app.documents import dealt
from dms_load_test.app.token_desk import TokenDesk
from dms_load_test.app.worker import serve
from dms_load_test.cluster import messages
from dms_load_test.cluster.coordinator import Coordinator, Order
from dms_load_test.cluster.seconds import Seconds
from dms_load_test.engine.account import StepOutcome
from dms_load_test.engine.auth import SharedAuthManager
from dms_load_test.engine.clock import NS_PER_S
from dms_load_test.engine.executors import planned_iterations
from dms_load_test.engine.stop import StopReason
from dms_load_test.load.shard import WHOLE, Shard
from dms_load_test.metrics.verdict import LEAST_DONE_RATIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from dms_load_test.app.session import Session
    from dms_load_test.app.target import Target
    from dms_load_test.app.worker import Job
    from dms_load_test.cluster.coordinator import StepInWork
    from dms_load_test.cluster.link import Link
    from dms_load_test.engine.account import StepProgress
    from dms_load_test.load.plan import Phase, Step
    from dms_load_test.metrics.aggregate import Snapshot

LAG_S = 0.4
"""A second is recorded this long after it has passed: workers tell of it when it has."""
CLOCK_EVERY_S = 30.0
LOST = "its worker was lost"
_NO_WORKER = "no worker is left; look at the workers' logs, then go on with `resume`"
_MOST_WAITING = 4
_STOP_S = 5.0
"""Workers that were told to stop at once, as after a scenario raised on one of them, have so long for it."""


class Workers:
    """Implements `app.crew.Crew`. `losses` are sentences on parts of the plan that were lost with a worker."""

    def __init__(self, session: Session, target: Target, inventory: Path, *, stop_on_loss: bool) -> None:
        auth = target.auth
        assert isinstance(auth, SharedAuthManager)
        self._session = session
        self._auth = auth
        self._inventory = inventory
        self._stop_on_loss = stop_on_loss
        self._seconds = Seconds()
        self._token = TokenDesk(auth, session.clock, self._send)
        self._changed = asyncio.Event()
        self._raised: messages.Raised | None = None
        self._active: set[str] = set()
        self._entry = asyncio.Lock()
        self._names: dict[str, str] = {}
        self._heard_ns: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._coordinator = Coordinator(())
        self._link: Link | None = None
        self.losses: list[str] = []
        self.workers_lost = 0
        session.gather, session.lag_s = self._gather, LAG_S

    async def open(self, link: Link, workers: Sequence[str], job: Job, *, local: bool) -> None:
        """Start the run on all workers, with the clock of each.

        Raises:
            ConfigError: A worker cannot be started.
            TargetError: The token ran out meanwhile, and there is no other.
        """
        self._link = link
        self._coordinator = Coordinator(workers)
        self._names = {worker: f"{number} of {len(workers)}" for number, worker in enumerate(workers, start=1)}
        try:
            jobs = {
                worker: replace(job, shard=Shard(index, len(workers)), origin_ns=await self._origin_ns(worker))
                for index, worker in enumerate(workers)
            }
            await link.open(serve, jobs, local=local)
        except OSError as error:
            raise errors.ConfigError(
                f"a worker of the cluster was lost at the start ({error or 'silent'}); look at its log, and run again"
            ) from None
        await self._token.begin()
        for work in (self._stop_all(), self._keep_token(), self._keep_clocks()):
            self._tasks.append(asyncio.create_task(work))

    async def close(self) -> None:
        """End the run on all workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._token.close()
        if self._link is not None:
            await self._link.close()

    async def enter(self, phase: Phase) -> None:
        """Make all workers ready; where the phase chooses documents, each has its share of them."""
        self._auth.phase = phase.name
        inventory = self._session.inventory
        async with self._entry:  # one by one: phases side by side deal the documents once, and all choose from these
            if not self._active and inventory is not None and not phase.planned and inventory.unread:
                tell_of_reading(self._session, inventory.unread)
                inventory.flush()
                await self._deal_documents()
            self._active.add(phase.name)
        self._carry(self._coordinator.enter(phase.name))
        await self._until(lambda: self._coordinator.is_entered(phase.name))
        self._raise_if_raised()

    async def run(self, phase: Phase, number: int, step: Step, progress: StepProgress) -> StepOutcome:
        """Run the step on all workers to the barrier behind it. Raises: LoadTestError: as `run_step`."""
        session, began_ns = self._session, self._session.now_ns()
        work, orders = self._coordinator.begin(phase.name, number, step.executor, began_ns)
        if session.inventory is not None:  # planned documents are shared by part, new ordinals by worker
            session.inventory.share(len(orders) if phase.planned else len(self._names))
        try:
            if not session.stop.requested:
                self._carry(orders)
                await self._barrier(work)
        finally:
            self._coordinator.finish(work)
            lost = sum(loss.arrivals for loss in work.losses)
            progress.dropped += lost
            if lost:
                progress.drop_reasons[LOST] = lost
        self._raise_if_raised()
        seconds = (session.now_ns() - began_ns) / NS_PER_S
        return _joined(step, work.outcomes, progress, seconds, session.stop.reason)

    async def leave(self, phase: Phase) -> None:
        """Let the workers close the phase's connections."""
        self._active.discard(phase.name)
        self._carry(self._coordinator.leave(phase.name))
        if not self._active:
            self._seconds.rest()

    async def _barrier(self, work: StepInWork) -> None:
        def is_over() -> bool:
            return work.ended or not self._coordinator.workers

        await self._until(is_over)
        if self._raised is not None:
            self._carry(self._coordinator.to_all(messages.Stop(StopReason.INTERRUPTED.value, at_once=True)))
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                while not is_over():
                    await self._next()
        if not is_over():
            self.workers_lost += 1
            self._session.note(f"Not all workers stopped within {_STOP_S:.0f} s: what those do now is in no figure.")

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so, a worker raised, or all is to stop at once."""
        while not is_so() and self._raised is None and not self._session.stop.at_once:
            await self._next()

    async def _next(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def heard(self, worker: str, report: messages.Report) -> None:
        """Take in what a worker reports."""
        if isinstance(report, messages.Beat):
            self._beat(worker, report)
        elif isinstance(report, messages.TokenWanted):
            self._token.wanted(worker, report.rejected)
        elif isinstance(report, messages.Entered):
            self._coordinator.entered(worker, report.phase)
        elif isinstance(report, messages.PartEnded):
            self._coordinator.ended(report.part, report.outcome)
        else:
            self._raised = self._raised or report
        self._changed.set()

    def _beat(self, worker: str, beat: messages.Beat) -> None:
        self._heard_ns[worker] = beat.snapshot.ended_ns
        self._seconds.add(worker, beat.snapshot, beat.health)
        self._coordinator.tell(beat.done)
        if self._session.inventory is not None:
            self._session.inventory.take_in(beat.journal)
        for phase, found in beat.violations:
            self._session.violation(phase, found)

    def lost(self, worker: str, why: str) -> None:
        """Go on without a worker, or end the run."""
        session, before = self._session, len(self._coordinator.losses)
        heard_ns = self._heard_ns.get(worker, 0)
        orders = self._coordinator.lost(worker, session.now_ns(), heard_ns)
        self._seconds.forget(worker)
        self.workers_lost += 1
        told = f"Worker {self._names[worker]} ({worker}) is lost: {why}. "
        told += f"What it did after {heard_ns / NS_PER_S:.1f} s is in no figure."
        if orders:
            told += " Another worker takes over its part."
        session.note(told)
        losses = self._coordinator.losses[before:]
        lost = ((loss.phase, loss.ratio) for loss in losses if loss.ratio > 1 - LEAST_DONE_RATIO)
        self.losses += [
            f"{ratio:.0%} of a step of {phase} was lost with worker {self._names[worker]}" for phase, ratio in lost
        ]
        self._carry(orders)
        if not self._coordinator.workers:
            session.request_stop(StopReason.WORKERS_LOST, _NO_WORKER, at_once=True)
        elif losses and self._stop_on_loss:
            text = f"worker {self._names[worker]} was lost, which ends the run (ON_WORKER_LOSS=stop)"
            session.request_stop(StopReason.WORKERS_LOST, text)
        self._changed.set()

    def _gather(self, own: Snapshot) -> tuple[Snapshot, Mapping[str, float]]:
        return self._seconds.join(own), self._seconds.health()

    def _raise_if_raised(self) -> None:
        if self._raised is None:
            return
        kind = getattr(errors, self._raised.kind, RuntimeError) if self._raised.kind else RuntimeError
        raise kind(self._raised.text)

    def _send(self, worker: str | None, instruction: messages.Instruction) -> None:
        """Send to a worker, or to all."""
        self._carry([Order(worker, instruction)] if worker else self._coordinator.to_all(instruction))

    def _carry(self, orders: Iterable[Order]) -> None:
        assert self._link is not None
        for order in orders:
            self._link.send(order.worker, order.instruction)

    async def _deal_documents(self) -> None:
        """Give each worker every n-th of the documents that exist; reading millions takes a thread and some seconds."""
        assert self._link is not None
        workers = tuple(self._coordinator.workers)
        for worker in workers:
            self._link.send(worker, messages.AddDocuments((), first=True))
        loop, stop = asyncio.get_running_loop(), self._session.stop
        with ThreadPoolExecutor(1) as thread:
            piles = dealt(self._inventory, len(workers))
            try:
                while not stop.requested and (pile := await loop.run_in_executor(thread, next, piles, None)):
                    worker = workers[pile.worker]
                    self._link.send(worker, messages.AddDocuments(pile.rows, first=False))
                    while self._link.waiting(worker) > _MOST_WAITING:  # noqa: ASYNC110 - emptied by calls, or by a loss
                        await asyncio.sleep(0.01)
            finally:
                await loop.run_in_executor(thread, piles.close)

    async def _stop_all(self) -> None:
        """Pass a stop on to all workers, and then the wish to stop at once."""
        stop = self._session.stop
        await stop.wait()
        assert stop.reason is not None
        self._send(None, messages.Stop(stop.reason.value, at_once=stop.at_once))
        await stop.wait_at_once()
        self._send(None, messages.Stop(stop.reason.value, at_once=True))
        self._changed.set()

    async def _keep_token(self) -> None:
        while True:
            await self._session.clock.sleep(1.0)
            self._token.look()

    async def _keep_clocks(self) -> None:
        while True:
            await self._session.clock.sleep(CLOCK_EVERY_S)
            for worker in tuple(self._coordinator.workers):
                with suppress(OSError):  # whoever does not answer is found lost by others
                    self._send(worker, messages.SetOrigin(await self._origin_ns(worker)))

    async def _origin_ns(self, worker: str) -> int:
        """Return when the run began, on a worker's clock."""
        assert self._link is not None
        return self._session.clock.now_ns() - self._session.now_ns() + await self._link.measure_ns(worker)


def _joined(
    step: Step, outcomes: Sequence[messages.Outcome], progress: StepProgress, seconds: float, stopped: StopReason | None
) -> StepOutcome:
    """Return the outcome of a step from those of its parts; what was lost was planned, too."""
    completed = sum(outcome.completed for outcome in outcomes)
    interrupted = sum(outcome.interrupted for outcome in outcomes)
    dropped = sum(outcome.dropped for outcome in outcomes) + progress.dropped
    planned = planned_iterations(step.executor, WHOLE) or sum(outcome.planned for outcome in outcomes)
    whole = bool(outcomes) and all(outcome.finished for outcome in outcomes)
    return StepOutcome(
        name=step.name,
        planned=planned,
        completed=completed,
        interrupted=interrupted,
        dropped=dropped,
        not_started=planned - completed - interrupted - dropped,
        vus_max=sum(outcome.vus_max for outcome in outcomes),
        duration_s=seconds,
        reason=stopped or (StopReason.FINISHED if whole else StopReason.DURATION),
        drop_reasons=dict(progress.drop_reasons),
    )
