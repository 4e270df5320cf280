"""Which documents a document refers to, so that members that are one column agree.

The first reference is free. One that shares columns with it is *tied*: the ancestor that both have in these columns
tells which documents come into question (`lineage`). What is tied is compared by value as well, so a reference is left
out rather than wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dms_load_test.generators.district_axes import THIS_YEAR
from dms_load_test.generators.draws import GOLDEN, MASK
from dms_load_test.generators.lineage import arriving, target_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dms_load_test.edfi.schema import Reference
from dms_load_test.generators.lineage import Ancestry, Made

_TRIES = 8


class NoFitError(Exception):
    """No planned document agrees with what the others say."""


class Draft:
    """A document in the making. `chosen`: ordinals by place of required references; `fixed`: column -> value."""

    __slots__ = ("bits", "body", "chosen", "fixed", "number")

    def __init__(self, number: int, bits: int) -> None:
        self.number = number
        self.bits = bits
        self.body: dict[str, Any] = {}
        self.chosen: list[int] = []
        self.fixed: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Tie:
    """`nth(of(chosen[hub]), j)` are the documents that share an ancestor with what reference `hub` chose."""

    hub: int
    of: Callable[[int], int]
    nth: Callable[[int, int], int | None]
    fan: int


@dataclass(slots=True)
class Choice:
    """How one reference is chosen. `shared`: (member, column) of those that must agree with others.

    `home` tells which document goes with those that the required references chose, though no column says so.
    """

    reference: Reference
    made: Made
    members: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...] = ()
    tie: Tie | None = None
    home: Callable[[Sequence[int]], int] | None = None
    ancestry: tuple[Ancestry, ...] = ()
    shift: int = 0
    """Added to the turn of a second reference to one resource: nobody is one's own peer."""
    usable: int = field(init=False)

    def __post_init__(self) -> None:
        self.usable = self.made.count

    @property
    def fan(self) -> int:
        """How many documents come into question, at least."""
        return self.tie.fan if self.tie else 1 if self.shared else self.usable

    def body(self, ordinal: int) -> dict[str, Any]:
        """Return the reference to a document."""
        key = self.made.key(ordinal)
        return {member: key[path] for member, path in self.members}

    def take(self, draft: Draft, turn: int, *, strict: bool) -> tuple[int, dict[str, Any]] | None:
        """Return ordinal and reference number `turn` of those that agree with the draft, and note what it fixes.

        `strict`: this one or none, so that different turns give different ordinals.
        """
        for ordinal in self._candidates(draft, turn, strict=strict):
            body = self.body(ordinal)
            if not self.shared:
                return ordinal, body
            fixed = draft.fixed
            if all(column not in fixed or fixed[column] == body[member] for member, column in self.shared):
                for member, column in self.shared:
                    fixed[column] = body[member]
                return ordinal, body
        return None

    def _candidates(self, draft: Draft, turn: int, *, strict: bool) -> Iterator[int]:
        usable, chosen = self.usable, draft.chosen
        if self.tie is not None:
            ancestor = self.tie.of(chosen[self.tie.hub])
            for j in (turn,) if strict else (turn, *range(_TRIES)):
                ordinal = self.tie.nth(ancestor, j)
                if ordinal is not None and ordinal < usable:
                    yield ordinal
        elif self.home is not None:
            yield (self.home(chosen) + turn) % usable
        else:
            yield turn % usable
        if self.shared and self.tie is None and not strict:
            yield from {ordinal % usable: None for ordinal in (*chosen, draft.number, 0)}


@dataclass(frozen=True, slots=True)
class Chooser:
    """Makes the choices of one resource. `columns`: path -> column; `several`: columns that occur more than once.

    `targets(reference)`: resources, ready to be referred to, in order of preference.
    """

    columns: Mapping[str, str]
    several: frozenset[str]
    targets: Callable[[Reference], Sequence[Made]]
    homes: Mapping[tuple[str, str], Callable[[int], int]]

    def choice(self, at: str, reference: Reference, hubs: Sequence[Choice]) -> Choice | None:
        """Return how the reference at path `at` is chosen after `hubs`; None where nothing can be referred to."""
        found = [self._choice(at, reference, made, hubs) for made in self.targets(reference) if made.count]
        usable = [choice for choice in found if choice is not None]
        return next((choice for choice in usable if choice.tie), usable[0] if usable else None)

    def _choice(self, at: str, reference: Reference, made: Made, hubs: Sequence[Choice]) -> Choice | None:
        members = tuple((leaf.name, target_path(reference, leaf.name, made.schema)) for leaf in reference.leaves)
        if not set(made.schema.identity).issuperset(path for _, path in members):
            return None
        columns = {leaf.name: self.columns.get(f"{at}.{leaf.name}", "") for leaf in reference.leaves}
        shared = tuple((member, column) for member, column in columns.items() if column in self.several)
        arrived = tuple(arriving(at, reference, made, self.columns))
        tie = self._tie(arrived, {column for _, column in shared}, hubs)
        home = None if tie else self._home(made, hubs)
        return Choice(reference, made, members, shared, tie, home, arrived)

    @staticmethod
    def _tie(arrived: Sequence[Ancestry], shared: set[str], hubs: Sequence[Choice]) -> Tie | None:
        """Return the tie by the ancestor that lands in most columns, and leaves the least choice."""
        found = [
            (len(mine.landing), -mine.axis.fan, -number, Tie(number, theirs.axis.of, mine.axis.nth, mine.axis.fan))
            for mine in arrived
            if mine.axis.nth is not None and mine.landing <= shared
            for number, hub in enumerate(hubs)
            for theirs in hub.ancestry
            if theirs.ancestor == mine.ancestor and theirs.landing == mine.landing
        ]
        return max(found, key=lambda tie: tie[:3])[3] if found else None

    def _home(self, made: Made, hubs: Sequence[Choice]) -> Callable[[Sequence[int]], int] | None:
        if made.schema.resource == "schoolYearTypes" and made.count > THIS_YEAR:
            return lambda _: THIS_YEAR
        for number, hub in enumerate(hubs):
            go = self.homes.get((hub.made.schema.resource, made.schema.resource))
            if go is not None:
                return _from_hub(number, go)
        return None


def _from_hub(hub: int, go: Callable[[int], int]) -> Callable[[Sequence[int]], int]:
    return lambda chosen: go(chosen[hub])


def window(bits: int, number: int) -> int:
    """Return 24 well mixed bits out of 64, others for each number."""
    return ((bits * (GOLDEN * (2 * number + 1) | 1)) & MASK) >> 40
