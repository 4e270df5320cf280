"""Who carries out the steps of a run: this process alone, or the workers of a cluster (`app/workers.py`)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from dms_load_test.engine.api import PhasePolicy
from dms_load_test.engine.executors import run_step
from dms_load_test.engine.virtual_user import User
from dms_load_test.load.shard import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dms_load_test.app.session import Session
    from dms_load_test.app.target import Target
    from dms_load_test.engine.account import StepOutcome, StepProgress
    from dms_load_test.engine.transport import Client
    from dms_load_test.engine.virtual_user import PhaseWorld
    from dms_load_test.load.plan import Phase, Step
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.aggregate import Aggregate

_MANY = 200_000
"""Documents that take a second to read."""


class Crew(Protocol):
    """Runs steps of one phase after the other; phases may overlap."""

    @property
    def losses(self) -> Sequence[str]:
        """What of the plan was lost with a worker, in sentences."""

    @property
    def workers_lost(self) -> int:
        """How many workers were lost; each with what it did in its last second."""

    async def enter(self, phase: Phase) -> None:
        """Make ready for the steps of a phase: nothing is timed yet, and no phase beside it has begun."""

    async def run(self, phase: Phase, number: int, step: Step, progress: StepProgress) -> StepOutcome:
        """Run a phase's step number `number` (from 0), which `step` is but for a limit, to its end on all workers.

        Raises:
            LoadTestError: As `run_step`.
        """

    async def leave(self, phase: Phase) -> None:
        """Let go of what the phase needed, also where `enter` failed."""


class Alone:
    """One process, which is the default."""

    losses = ()
    workers_lost = 0

    def __init__(self, session: Session, client: Client, target: Target, world: PhaseWorld) -> None:
        self._session = session
        self._client = client
        self._target = target
        self._world = world
        self._users: dict[str, Users] = {}

    async def enter(self, phase: Phase) -> None:
        """Make the phase's users possible, and choosing documents quick."""
        session, inventory = self._session, self._session.inventory
        if inventory is not None and not phase.planned and inventory.unread:
            tell_of_reading(session, inventory.unread)
            inventory.flush()
            await asyncio.to_thread(inventory.prepare)  # seconds for millions: Ctrl-C is heard meanwhile
        self._target.auth.phase = phase.name
        aggregate = session.aggregate
        policy = PhasePolicy(phase=phase.name, emit=session.on_sample, on_failure=session.on_failure, retry=phase.retry)
        world = heard_by(self._world, aggregate, phase, session.violation)
        self._users[phase.name] = Users(self._client, self._target, policy, world)

    async def run(self, phase: Phase, number: int, step: Step, progress: StepProgress) -> StepOutcome:  # noqa: ARG002 - a cluster's workers know the step by its number
        """Run all of the step here."""
        session = self._session
        return await run_step(step, WHOLE, self._users[phase.name].get, session.clock, session.stop, progress)

    async def leave(self, phase: Phase) -> None:
        """Close the phase's connections."""
        users = self._users.pop(phase.name, None)
        if users is not None:
            users.close()


def tell_of_reading(session: Session, documents: int) -> None:
    """Say why nothing is sent for some seconds."""
    if documents >= _MANY:
        session.note(f"Reading {documents:,} documents to choose from.")


def heard_by(
    world: PhaseWorld, aggregate: Aggregate, phase: Phase, on_violation: Callable[[str, Violation], None]
) -> PhaseWorld:
    """Return the world of a phase: what its users check, count, time and find counts for it."""
    own, name = phase.own_metrics, phase.name

    def on_count(counter: str, amount: int, kind: str) -> None:
        _require(own, counter, "counter", phase)
        aggregate.count(counter, amount, kind, name)

    def on_observe(trend: str, milliseconds: float, kind: str) -> None:
        _require(own, trend, "trend", phase)
        aggregate.observe(trend, milliseconds, kind, name)

    def found(violation: Violation) -> None:
        aggregate.integrity_violation(violation.kind, name)
        on_violation(name, violation)

    return replace(
        world,
        on_check=partial(aggregate.check, phase=name),
        on_count=on_count,
        on_observe=on_observe,
        on_violation=found,
    )


def _require(own: Mapping[str, str], name: str, kind: str, phase: Phase) -> None:
    if own.get(name) != kind:
        raise ValueError(f'{name} is no {kind} of phase "{phase.name}"; name it in Phase({kind}s=("{name}",))')


class Users:
    """The virtual users of a phase by number, each made when first needed: they keep their connections over steps."""

    def __init__(self, client: Client, target: Target, policy: PhasePolicy, world: PhaseWorld) -> None:
        self._api = target.api(client, policy)
        self._world = world
        self._users: dict[int, User] = {}

    def get(self, number: int) -> User:
        """Return the user of a number."""
        user = self._users.get(number)
        if user is None:
            user = self._users[number] = User(number, self._api.user(), self._world, self._api.user)
        return user

    def close(self) -> None:
        """Close all connections."""
        for user in self._users.values():
            user.close()
