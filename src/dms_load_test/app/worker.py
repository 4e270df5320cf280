"""A worker of a cluster: the composition root of its part of a run. `cluster/post.py` calls `serve` in a thread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dms_load_test.app.crew import Users, heard_by
from dms_load_test.app.programs import phase_named
from dms_load_test.app.target import Target, documents_of, transport_options
from dms_load_test.cluster import messages
from dms_load_test.cluster.parts import DoneRow, Part, rest_of, tracked
from dms_load_test.config import KEYS
from dms_load_test.engine.account import StepProgress
from dms_load_test.engine.api import PhasePolicy
from dms_load_test.engine.clock import NS_PER_S, SYSTEM_CLOCK
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.loop import new_event_loop, raise_file_limit
from dms_load_test.engine.relayed import RelayedToken
from dms_load_test.engine.stop import StopReason, StopSignal
from dms_load_test.engine.transport import Client
from dms_load_test.engine.virtual_user import Ordinals, PhaseWorld
from dms_load_test.engine.watch import Watch
from dms_load_test.errors import LoadTestError
from dms_load_test.load.executor import PerVuIterations, SharedIterations
from dms_load_test.load.shard import WHOLE, Shard
from dms_load_test.metrics.aggregate import Aggregate
from dms_load_test.results.shipped import ShippedInventory
from dms_load_test.scenarios import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.cluster.post import Post
    from dms_load_test.config import Settings
    from dms_load_test.edfi.dependencies import DependencyGraph
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.engine.account import StepOutcome
    from dms_load_test.engine.target import Discovery
    from dms_load_test.engine.virtual_user import User
    from dms_load_test.load.ordinals import OrdinalSet
    from dms_load_test.load.plan import Phase, Step
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.scenarios.program import Program

_WATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs to make the same documents and plans as the coordinator; never the client's secret.

    `shard` is the worker's for as long as the run lasts: nobody else uses its new ordinals. `origin_ns` is when the run
    began, on the worker's clock.
    """

    settings: Settings
    seed: int
    discovery: Discovery
    model: ApiModel
    graph: DependencyGraph
    descriptor_values: Mapping[str, Sequence[str]]
    sent: Mapping[str, OrdinalSet]
    first_ordinals: Mapping[str, int]
    shard: Shard
    origin_ns: int
    program: Program


def job_of(target: Target, workload: Workload, world: PhaseWorld) -> Job:
    """Return the job of all workers; shard and clock are each one's own."""
    return Job(
        settings=without_secrets(workload.settings),
        seed=workload.seed,
        discovery=target.discovery,
        model=target.model,
        graph=target.graph,
        descriptor_values=target.descriptor_values,
        sent=workload.sent,
        first_ordinals=world.ordinals.first,
        shard=WHOLE,
        origin_ns=0,
        program=workload.program,
    )


def without_secrets(settings: Settings) -> Settings:
    """Return the settings as workers may see them: the token is all that they need."""
    secret = {key.field for key in KEYS.values() if key.is_secret} | {"client_id"}
    return settings.model_copy(update=dict.fromkeys(secret))


@dataclass(slots=True)
class _AtWork:
    """A part under way."""

    part: Part
    progress: StepProgress
    row: DoneRow
    drops: dict[str, int] = field(default_factory=dict)


def serve(post: Post, job: Job) -> None:
    """Run what the post brings until it is closed, or nobody asks any more."""
    raise_file_limit()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_live(post, job))


async def _live(post: Post, job: Job) -> None:
    await _Worker(post, job).live()


class _Worker:
    """One worker's part of one run, inside its loop."""

    def __init__(self, post: Post, job: Job) -> None:
        self._post = post
        self._origin_ns = job.origin_ns
        self._client = Client(transport_options(job.settings))
        self._token = RelayedToken(SYSTEM_CLOCK, lambda rejected: post.report(messages.TokenWanted(rejected)))
        self._target = Target(job.discovery, self._token, job.model, job.graph, job.descriptor_values)
        documents = documents_of(job.settings, job.seed, job.model, job.descriptor_values)
        self._workload = Workload(
            job.settings,
            job.graph,
            documents,
            job.seed,
            job.sent,
            model=job.model,
            change_queries_url=job.discovery.urls.change_queries_url,
            program=job.program,
            is_part=job.shard.count > 1,
        )
        self._inventory = ShippedInventory()
        self._aggregate = Aggregate(self._now_ns())
        self._world = PhaseWorld(
            documents=documents,
            inventory=self._inventory,
            ordinals=Ordinals(job.first_ordinals, job.shard),
            on_check=self._aggregate.check,
            seed=job.seed,
        )
        self._phases: dict[str, tuple[Phase, Users]] = {}
        self._parts: list[_AtWork] = []
        self._violations: list[tuple[str, Violation]] = []
        self._stop = StopSignal()
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._own_watch = Watch()

    async def live(self) -> None:
        """Work until the end; then nothing is left under way."""
        self._post.listen(self._take)
        beat = asyncio.create_task(self._beat())
        watch = asyncio.create_task(self._watch())
        self._own_watch.start()
        try:
            await self._ended.wait()
        finally:
            self._own_watch.stop()
            for task in (beat, watch, *self._tasks):
                task.cancel()
            await asyncio.gather(beat, watch, *self._tasks, return_exceptions=True)
            self._tell()
            for _, users in self._phases.values():
                users.close()
            self._client.close()
            self._inventory.close()

    def _take(self, instruction: messages.Instruction) -> None:
        try:
            _ACTIONS[type(instruction)](self, instruction)
        except Exception as error:  # noqa: BLE001 - the coordinator ends the run with it, whatever it is
            self._raise(error)

    def _raise(self, error: Exception) -> None:
        """Tell the coordinator what ends the run."""
        self._tell()
        kind = type(error).__name__ if isinstance(error, LoadTestError) else ""
        self._post.report(messages.Raised(kind, str(error) if kind else repr(error)))

    def enter(self, entered: messages.EnterPhase) -> None:
        """Plan a phase as the coordinator did, and make its users possible."""
        self._tell()
        phase = phase_named(entered.phase, self._workload, self._target)
        aggregate = self._aggregate
        policy = PhasePolicy(phase=phase.name, emit=aggregate.add, on_failure=aggregate.add_failure, retry=phase.retry)
        world = heard_by(self._world, aggregate, phase, lambda name, found: self._violations.append((name, found)))
        self._phases[phase.name] = (phase, Users(self._client, self._target, policy, world))
        self._enter_all()
        self._post.report(messages.Entered(phase.name))

    def leave(self, left: messages.LeavePhase) -> None:
        """Close a phase's connections."""
        self._tell()
        found = self._phases.pop(left.phase, None)
        if found is not None:
            found[1].close()
        self._enter_all()

    def _enter_all(self) -> None:
        names = tuple(self._phases)
        if names:
            self._aggregate.enter_phase(*names)
            self._inventory.enter_phase(names[0])

    def add_documents(self, added: messages.AddDocuments) -> None:
        """Put documents in to choose from."""
        self._inventory.put(added.rows, first=added.first)

    def run_part(self, order: messages.RunPart) -> None:
        """Begin a part."""
        task = asyncio.create_task(self._run(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def token(self, new: messages.NewToken) -> None:
        """Use a token."""
        self._token.put(new.serial, new.line, new.life_s)

    def no_token(self, failed: messages.NoToken) -> None:
        """Let those who wait for a token know that there is none."""
        self._token.fail(failed.reason, failed.status)

    def stop(self, stop: messages.Stop) -> None:
        """End what runs."""
        self._stop.request(StopReason(stop.reason), at_once=stop.at_once)

    def set_origin(self, origin: messages.SetOrigin) -> None:
        """Correct the clock."""
        self._origin_ns = origin.origin_ns

    def _now_ns(self) -> int:
        return SYSTEM_CLOCK.now_ns() - self._origin_ns

    async def _run(self, order: messages.RunPart) -> None:
        phase, users = self._phases[order.part.phase]
        part, step = order.part, replace(phase.steps[order.part.step], executor=order.executor)
        counted = phase.name if step.timed else ""
        progress = StepProgress(on_iteration=partial(self._aggregate.iteration, phase=counted))
        work = _AtWork(part, progress, DoneRow(part.done))
        self._parts.append(work)
        try:
            await SYSTEM_CLOCK.sleep_exactly((order.begin_ns - self._now_ns()) / NS_PER_S)
            step, shard, user = _share(step, part, work.row, users.get)
            outcome = await run_step(step, shard, user, SYSTEM_CLOCK, self._stop, work.progress)
        except Exception as error:  # noqa: BLE001 - the coordinator ends the run with it, whatever it is
            self._raise(error)
        else:
            self._tell()
            if not self._post.forsaken:  # else it was ended half-way, and others take over what is left
                self._post.report(messages.PartEnded(part, _told(outcome)))
        finally:
            self._parts.remove(work)

    async def _beat(self) -> None:
        """Tell what came at each full second of the run, so that all workers' seconds are the same."""
        while True:
            now_ns = self._now_ns()
            due_ns = (now_ns // NS_PER_S + 1) * NS_PER_S
            await SYSTEM_CLOCK.sleep_exactly((due_ns - now_ns) / NS_PER_S)
            self._tell()

    def _tell(self) -> None:
        """Send figures, journal and what is done, all of this moment."""
        accounts = [work.progress for work in self._parts]
        self._aggregate.set_users(sum(a.vus for a in accounts), sum(a.vus_max for a in accounts))
        for work in self._parts:
            for reason, count in work.progress.drop_reasons.items():
                self._aggregate.drop_iterations(count - work.drops.get(reason, 0), reason, work.part.phase)
            work.drops = dict(work.progress.drop_reasons)
        violations, self._violations = tuple(self._violations), []
        self._post.report(
            messages.Beat(
                snapshot=self._aggregate.snapshot(self._now_ns()),
                journal=self._inventory.drain(),
                violations=violations,
                done=tuple((work.part, work.row.value(), _taken(work.progress)) for work in self._parts),
                health=self._own_watch.look(),
            )
        )

    async def _watch(self) -> None:
        """End when the coordinator is gone or has given this worker up: no orphan keeps sending."""
        while not self._post.orphaned:  # noqa: ASYNC110 - it is time that passes
            await asyncio.sleep(_WATCH_S)
        self._post.forsake()
        self._stop.request(StopReason.INTERRUPTED, at_once=True)
        self._ended.set()


_ACTIONS: Mapping[type, Callable[[_Worker, Any], None]] = {
    messages.EnterPhase: _Worker.enter,
    messages.LeavePhase: _Worker.leave,
    messages.AddDocuments: _Worker.add_documents,
    messages.RunPart: _Worker.run_part,
    messages.NewToken: _Worker.token,
    messages.NoToken: _Worker.no_token,
    messages.Stop: _Worker.stop,
    messages.SetOrigin: _Worker.set_origin,
}


def _share(
    step: Step, part: Part, row: DoneRow, user: Callable[[int], User]
) -> tuple[Step, Shard, Callable[[int], User]]:
    """Return what to run for a part: its shard of the step, or what is left of that as a step of its own."""
    if not isinstance(step.executor, SharedIterations | PerVuIterations):
        return step, part.shard, user
    if not part.done.count:
        return tracked(step, part.shard, row), part.shard, user
    shard = part.shard
    return rest_of(step, part, row), WHOLE, lambda number: user(shard.index + number * shard.count)


def _taken(progress: StepProgress) -> messages.Taken:
    return messages.Taken(progress.taken, progress.completed, progress.dropped)


def _told(outcome: StepOutcome) -> messages.Outcome:
    return messages.Outcome(
        planned=outcome.planned,
        completed=outcome.completed,
        interrupted=outcome.interrupted,
        dropped=outcome.dropped,
        not_started=outcome.not_started,
        vus_max=outcome.vus_max,
        finished=outcome.reason is StopReason.FINISHED,
        drop_reasons=dict(outcome.drop_reasons),
    )
