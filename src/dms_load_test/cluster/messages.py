"""What coordinator and workers tell each other: values that Dask carries, pickled.

Rules: nothing here ever holds the client's secret, and a value that holds the token shows it in no `repr`, because
Dask's workers log the arguments of calls that fail. Times are nanoseconds since the run began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dms_load_test.cluster.parts import Done, Part
    from dms_load_test.load.executor import Executor
    from dms_load_test.load.virtual_user import Violation
    from dms_load_test.metrics.aggregate import Snapshot


@dataclass(frozen=True, slots=True)
class EnterPhase:
    """Make ready for a phase, which is told by `Entered`."""

    phase: str


@dataclass(frozen=True, slots=True)
class AddDocuments:
    """Documents of the worker's share to choose from; `first` ones replace all that came before."""

    rows: tuple[tuple[str, int, int, bytes | str], ...]
    first: bool


@dataclass(frozen=True, slots=True)
class LeavePhase:
    """Let go of what a phase needed."""

    phase: str


@dataclass(frozen=True, slots=True)
class RunPart:
    """Begin a part at `begin_ns`; `executor` is the whole step's. Its end is told by `PartEnded`."""

    part: Part
    executor: Executor
    begin_ns: int


@dataclass(frozen=True, slots=True)
class NewToken:
    """The token to use from now on, number `serial`, for `life_s` more; the same serial again: it was not renewed."""

    serial: int
    line: bytes = field(repr=False)
    life_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NoToken:
    """There is no token to be had, and why."""

    reason: str
    status: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End what runs, gracefully or at once; `reason` is a value of `engine.stop.StopReason`."""

    reason: str
    at_once: bool


@dataclass(frozen=True, slots=True)
class SetOrigin:
    """When the run began, on the worker's own clock: clocks drift apart."""

    origin_ns: int


Instruction = EnterPhase | AddDocuments | LeavePhase | RunPart | NewToken | NoToken | Stop | SetOrigin


@dataclass(frozen=True, slots=True)
class Entered:
    """A phase is ready."""

    phase: str


class Taken(NamedTuple):
    """How many iterations of a part have begun, and what they came to; the others are under way."""

    taken: int = 0
    completed: int = 0
    dropped: int = 0


NOTHING_TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class Beat:
    """All that came in a second, taken at one moment: figures, journal of created documents, what is done of parts.

    Who counts one of them counts all, so that nothing is counted twice when a worker is lost and its part taken over.
    """

    snapshot: Snapshot
    journal: Any
    violations: tuple[tuple[str, Violation], ...]
    """(phase, acknowledged write that was not kept)."""
    done: tuple[tuple[Part, Done, Taken], ...]
    health: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part ended: planned = completed + interrupted + dropped + not_started."""

    planned: int
    completed: int
    interrupted: int
    dropped: int
    not_started: int
    vus_max: int
    finished: bool
    """Whether the work ended it, not time or a stop."""
    drop_reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartEnded:
    """A part has ended; a beat with the last of it went before."""

    part: Part
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class TokenWanted:
    """A token is needed; `rejected` is the serial of the one that the target refused, 0 where there was none."""

    rejected: int


@dataclass(frozen=True, slots=True)
class Raised:
    """The worker cannot go on: `kind` is the name of a class of `errors`, or empty for a bug of ours."""

    kind: str
    text: str


Report = Entered | Beat | PartEnded | TokenWanted | Raised


@dataclass(frozen=True, slots=True)
class Letter:
    """Instructions on their way: a call's arguments that show nothing when Dask logs them."""

    instructions: tuple[Instruction, ...] = field(repr=False)
