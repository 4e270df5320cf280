"""Two runs, figure by figure: worse, same, better, or too few to tell.

A figure is worse or better if it differs by more than its limit *and* by more than noise explains. Noise is judged by
the runs' own wandering over time (`metrics/chance.py`), and for all figures together: with the chance of ALL_CHANCE
that any of them is called different when nothing is. Half of that goes to the sums of phases, where a change of the
whole server shows first, a quarter to their operations and a quarter to the rows of resources, so that hundreds of the
latter do not blunt the former (Holm's method in each part).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import exp, inf
from typing import TYPE_CHECKING

from dms_load_test.metrics.chance import tests_of
from dms_load_test.metrics.noise import least_significant, p_value
from dms_load_test.metrics.pairs import PERCENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dms_load_test.metrics.chance import SignificanceTest
    from dms_load_test.metrics.pairs import Pair, Subject


ALL_CHANCE = 0.05
_CHANCES = (ALL_CHANCE / 2, ALL_CHANCE / 4, ALL_CHANCE / 4)
"""Of all phases' sums, their operations, their resources: by `Subject.depth`."""
FIGURES = ("rate", *PERCENTS, "errors")
DEFAULT_LIMITS: Mapping[str, float] = {"rate": 0.10, "p50": 0.10, "p95": 0.10, "p99": 0.10, "errors": 0.01}
"""Ratios of the base's figure; of errors, the difference of the shares."""


class Kind(Enum):
    """What a figure, a row or a comparison comes to; the gravest first."""

    WORSE = "worse"
    BETTER = "better"
    TOO_FEW = "too few"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of a row. Times are ms, rates per second, errors a ratio.

    `change` is relative to the base (0.2: a fifth more); of errors it is the difference of the ratios. `floor` is the
    smallest change that would be significant. `chance` is how often chance alone changes it that much.
    """

    base: float
    new: float
    change: float
    floor: float = inf
    chance: float = 1.0
    kind: Kind = Kind.TOO_FEW


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one subject; `samples` are the operations of both runs."""

    subject: Subject
    changes: Mapping[str, Change]
    samples: tuple[int, int]

    @property
    def kind(self) -> Kind:
        """The gravest of its figures; percentiles that few requests reach do not make a row too few."""
        kinds = {change.kind for change in self.changes.values()}
        for kind in (Kind.WORSE, Kind.BETTER):
            if kind in kinds:
                return kind
        few = [name for name in ("rate", "p50", "p95") if self.changes[name].kind is Kind.TOO_FEW]
        return Kind.TOO_FEW if few else Kind.SAME


@dataclass(frozen=True, slots=True)
class Comparison:
    """`base` and `new` are run ids; `cautions` are sentences. Rows are in the order of phases, sums first."""

    base: str
    new: str
    rows: tuple[Row, ...]
    limits: Mapping[str, float]
    cautions: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """Worse or better if any row is; the same if that can be told of all operations of a phase."""
        kinds = {row.kind for row in self.rows}
        for kind in (Kind.WORSE, Kind.BETTER):
            if kind in kinds:
                return kind
        is_told = any(row.kind is Kind.SAME and not row.subject.operation for row in self.rows)
        return Kind.SAME if is_told else Kind.TOO_FEW


def compare(pairs: Sequence[Pair], limits: Mapping[str, float]) -> list[Row]:
    """Judge all pairs, given with every operation's sum before its resources. `limits` by name of FIGURES."""
    sums: dict[Subject | None, Pair] = {pair.subject: pair for pair in pairs if not pair.subject.resource}
    tests: dict[tuple[Subject, str], SignificanceTest] = {}
    rows: list[Row] = []
    for pair in pairs:
        over = sums.get(pair.subject.over)
        for name, test in tests_of(pair, over):
            tests[pair.subject, name] = test
        rows.append(_row(pair))
    levels = _levels(tests)
    return [_judged(row, tests, levels, limits) for row in rows]


def _row(pair: Pair) -> Row:
    base, new = pair.base, pair.new
    changes = {"rate": _relative(base.rate, new.rate)}
    for name, percent in PERCENTS.items():
        changes[name] = _relative(*(s.response.percentile_us(percent) / 1000 for s in (base, new)))
    changes["errors"] = Change(base.failed_ratio, new.failed_ratio, new.failed_ratio - base.failed_ratio)
    ordered = {name: changes[name] for name in FIGURES}
    return Row(pair.subject, ordered, (base.done, new.done))


def _relative(base: float, new: float) -> Change:
    return Change(base, new, new / base - 1 if base else (inf if new else 0.0))


def _levels(tests: Mapping[tuple[Subject, str], SignificanceTest]) -> dict[tuple[Subject, str], tuple[float, float]]:
    """Return (chance, the level it must stay below) of each test: Holm's method, at each depth apart."""
    levels: dict[tuple[Subject, str], tuple[float, float]] = {}
    for depth, all_chance in enumerate(_CHANCES):
        chances = {key: p_value(*test) for key, test in tests.items() if key[0].depth == depth}
        held = False
        for place, key in enumerate(sorted(chances, key=chances.__getitem__)):
            level = all_chance / (len(chances) - place)
            held = held or chances[key] > level  # once one is no difference, no larger chance is
            levels[key] = (chances[key], 0.0 if held else level)
    return levels


def _judged(
    row: Row,
    tests: Mapping[tuple[Subject, str], SignificanceTest],
    levels: Mapping[tuple[Subject, str], tuple[float, float]],
    limits: Mapping[str, float],
) -> Row:
    changes = {}
    for name, change in row.changes.items():
        key = (row.subject, name)
        if key not in tests:
            changes[name] = change
            continue
        chance, level = levels[key]
        size = sum(other.depth == row.subject.depth for other, _ in tests)
        floor = _floor(name, change, tests[key], _CHANCES[row.subject.depth] / size)
        kind = _kind(name, change, tests[key].difference, limits[name], significant=chance <= level)
        changes[name] = replace(change, floor=floor, chance=chance, kind=kind)
    return replace(row, changes=changes)


def _floor(name: str, change: Change, test: SignificanceTest, level: float) -> float:
    least = least_significant(test.variances, level)
    if name == "errors":
        return least
    if name == "p50":  # a share of exceeding pairs: as a change of time, by the ratio that was found
        return abs(change.change) * least / abs(test.difference) if test.difference else least
    return exp(min(least, 50.0)) - 1


def _kind(name: str, change: Change, difference: float, limit: float, *, significant: bool) -> Kind:
    if abs(change.change) <= limit:
        return Kind.SAME
    if not significant or difference * change.change <= 0:
        return Kind.TOO_FEW
    is_more = change.change > 0
    return Kind.WORSE if is_more is (name != "rate") else Kind.BETTER
