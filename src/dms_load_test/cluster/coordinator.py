"""Who does what part of a step, and whether all is done: events in, orders out. Pure; the caller carries them.

Rules:
- A step has ended when every part has: that is the barrier.
- A counted part whose worker is lost goes to the worker with the fewest parts, less what is done of it. Done is what
  the lost worker had told: its figures were counted, too; what it had not told is done again and counted then.
- A timed part cannot be caught up with: its loss is kept, to be reported; what it had told of counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dms_load_test.cluster.messages import NOTHING_TAKEN, EnterPhase, Instruction, LeavePhase, Outcome, RunPart, Taken
from dms_load_test.cluster.parts import Done, Part, part_count, shards
from dms_load_test.load.executor import (
    ConstantArrivalRate,
    PerVuIterations,
    RampingArrivalRate,
    SharedIterations,
)
from dms_load_test.load.schedule import arrival_count, duration_s
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dms_load_test.load.executor import Executor

LEAD_NS = 200_000_000
"""Timed parts begin this much after they are ordered: all at the same moment, however long an order travels."""


@dataclass(frozen=True, slots=True)
class Order:
    """An instruction to one worker."""

    worker: str
    instruction: Instruction


@dataclass(frozen=True, slots=True)
class Loss:
    """What a lost worker's timed part leaves undone: `ratio` of the step's plan, `arrivals` of it where they count."""

    phase: str
    ratio: float
    arrivals: int = 0


@dataclass(slots=True)
class _Work:
    """A part at work."""

    part: Part
    worker: str
    done: Done
    taken: Taken = NOTHING_TAKEN


class StepInWork:
    """One step from its beginning to its barrier."""

    def __init__(self, phase: str, number: int, executor: Executor, begin_ns: int) -> None:
        self.phase = phase
        self.number = number
        self.executor = executor
        self.begin_ns = begin_ns
        self.outcomes: list[Outcome] = []
        self.losses: list[Loss] = []
        self._works: list[_Work] = []
        self._unclaimed: list[Part] = []

    @property
    def counted(self) -> bool:
        """Whether a lost part can be caught up with."""
        return isinstance(self.executor, SharedIterations | PerVuIterations)

    @property
    def ended(self) -> bool:
        """Whether every part has ended."""
        return not self._works and not self._unclaimed

    def deal(self, workers: Sequence[str]) -> list[Order]:
        """Give each of the workers a part, as far as they go."""
        count = part_count(self.executor, len(workers))
        return [
            self._give(Part(self.phase, self.number, shard), worker, self.executor)
            for shard, worker in zip(shards(count), workers, strict=False)
        ]

    def tell(self, part: Part, done: Done, taken: Taken) -> None:
        """Note how far a part is."""
        for work in self._works:
            if work.part == part:
                work.done, work.taken = done, taken

    def end(self, part: Part, outcome: Outcome) -> None:
        """Note that a part has ended; one that is at work no longer is passed over."""
        before = len(self._works)
        self._works = [work for work in self._works if work.part != part]
        if len(self._works) < before:
            self.outcomes.append(outcome)

    def lose(self, worker: str, workers: Sequence[str], now_ns: int, heard_ns: int) -> tuple[list[Order], list[Loss]]:
        """Give the counted parts of a lost worker to others; return the orders, and the losses of timed parts.

        `heard_ns` is until when it had told what it did: what a timed part did after that is in no figure, thus lost.
        """
        lost = [work for work in self._works if work.worker == worker]
        self._works = [work for work in self._works if work.worker != worker]
        if not self.counted:
            self.outcomes += [_told(work.taken) for work in lost if work.taken.taken]
            losses = [self._loss(work, heard_ns) for work in lost]
            self.losses += losses
            return [], losses
        self._unclaimed += [replace(work.part, done=work.done, attempt=work.part.attempt + 1) for work in lost]
        self._count_done(lost)
        return self._take_over(workers, now_ns), []

    def _take_over(self, workers: Sequence[str], now_ns: int) -> list[Order]:
        if not workers:
            return []
        orders = []
        for part in self._unclaimed:
            busy = Counter(work.worker for work in self._works)
            left_s = max(0.0, duration_s(self.executor) - (now_ns - self.begin_ns) / NS_PER_S)
            assert isinstance(self.executor, SharedIterations | PerVuIterations)
            executor = replace(self.executor, max_duration_s=left_s)
            orders.append(self._give(part, min(workers, key=lambda name: busy[name]), executor))
        self._unclaimed.clear()
        return orders

    def _give(self, part: Part, worker: str, executor: Executor) -> Order:
        self._works.append(_Work(part, worker, part.done))
        return Order(worker, RunPart(part, executor, self.begin_ns))

    def _count_done(self, lost: Iterable[_Work]) -> None:
        for work in lost:
            told = work.done.count - work.part.done.count
            if told:
                self.outcomes.append(Outcome(told, told, 0, 0, 0, 0, finished=True))

    def _loss(self, work: _Work, heard_ns: int) -> Loss:
        shard, whole_s = work.part.shard, duration_s(self.executor)
        if isinstance(self.executor, ConstantArrivalRate | RampingArrivalRate):
            arrivals = arrival_count(self.executor, shard) - work.taken.taken
            planned = sum(arrival_count(self.executor, other) for other in shards(shard.count))
            return Loss(self.phase, arrivals / planned if planned else 0.0, arrivals)
        left_s = min(whole_s, max(0.0, whole_s - (heard_ns - self.begin_ns) / NS_PER_S))
        return Loss(self.phase, left_s / whole_s / shard.count if whole_s else 0.0)


def _told(told: Taken) -> Outcome:
    """Return the outcome of a timed part that was lost: what was under way when it told of it counts as interrupted."""
    interrupted = told.taken - told.completed - told.dropped
    return Outcome(told.taken, told.completed, interrupted, told.dropped, 0, 0, finished=False)


class Coordinator:
    """The workers that are there, the phases they are in and the steps at work. Times: ns since the run began."""

    def __init__(self, workers: Iterable[str]) -> None:
        self.workers: list[str] = list(workers)
        self.losses: list[Loss] = []
        self._steps: dict[tuple[str, int], StepInWork] = {}
        self._entering: dict[str, set[str]] = {}

    def enter(self, phase: str) -> list[Order]:
        """Make all workers ready for a phase."""
        self._entering[phase] = set(self.workers)
        return self.to_all(EnterPhase(phase))

    def entered(self, worker: str, phase: str) -> None:
        """Note that a worker is ready."""
        self._entering.get(phase, set()).discard(worker)

    def is_entered(self, phase: str) -> bool:
        """Whether all workers are ready."""
        return not self._entering.get(phase)

    def leave(self, phase: str) -> list[Order]:
        """Let all workers leave a phase."""
        self._entering.pop(phase, None)
        return self.to_all(LeavePhase(phase))

    def begin(self, phase: str, number: int, executor: Executor, now_ns: int) -> tuple[StepInWork, list[Order]]:
        """Begin a step on all workers; forget it with `finish`."""
        counted = isinstance(executor, SharedIterations | PerVuIterations)
        step = StepInWork(phase, number, executor, now_ns if counted else now_ns + LEAD_NS)
        self._steps[phase, number] = step
        return step, step.deal(self.workers)

    def finish(self, step: StepInWork) -> None:
        """Forget a step."""
        self._steps.pop((step.phase, step.number), None)

    def tell(self, done: Iterable[tuple[Part, Done, Taken]]) -> None:
        """Note how far parts are."""
        for part, upto, taken in done:
            step = self._steps.get((part.phase, part.step))
            if step is not None:
                step.tell(part, upto, taken)

    def ended(self, part: Part, outcome: Outcome) -> None:
        """Note that a part has ended."""
        step = self._steps.get((part.phase, part.step))
        if step is not None:
            step.end(part, outcome)

    def lost(self, worker: str, now_ns: int, heard_ns: int) -> list[Order]:
        """Do without a worker from now on; `losses` grows by what cannot be caught up with since it was heard last."""
        if worker not in self.workers:
            return []
        self.workers.remove(worker)
        for waiting in self._entering.values():
            waiting.discard(worker)
        orders: list[Order] = []
        for step in self._steps.values():
            given, losses = step.lose(worker, self.workers, now_ns, heard_ns)
            orders += given
            self.losses += losses
        return orders

    def to_all(self, instruction: Instruction) -> list[Order]:
        """Return an instruction to every worker."""
        return [Order(worker, instruction) for worker in self.workers]
