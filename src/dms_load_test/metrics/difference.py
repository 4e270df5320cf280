"""Two runs, figure by figure: worse, same, better, or too few to tell.

A figure is worse or better if it differs by more than its limit *and* by more than noise explains. Noise is judged by
the runs' own wandering over time (see `metrics.noise`), and for all figures together: with the chance of ALL_CHANCE
that any of them is called different when nothing is. Half of that goes to the sums of phases, where a change of the
whole server shows first, a quarter to their operations and a quarter to the rows of resources, so that hundreds of the
latter do not blunt the former (Holm's method in each part).

Times: p50 is tested by the whole distribution (Mann-Whitney: how often a time of the new run exceeds one of the base),
p95 and p99 by intervals of the percentile itself (Woodruff).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from math import exp, inf, log
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.metrics.noise import Slices, least_significant, p_value
from dms_load_test.metrics.ranks import Ranks, exceeding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


ALL_CHANCE = 0.05
_CHANCES = (ALL_CHANCE / 2, ALL_CHANCE / 4, ALL_CHANCE / 4)
"""Of all phases' sums, their operations, their resources: by `Subject.depth`."""
PERCENTS = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
FIGURES = ("rate", *PERCENTS, "errors")
DEFAULT_LIMITS: Mapping[str, float] = {"rate": 0.10, "p50": 0.10, "p95": 0.10, "p99": 0.10, "errors": 0.01}
"""Ratios of the base's figure; of errors, the difference of the shares."""
BELOW = tuple(PERCENTS)
ABOVE = "above"
TIME_PARTS = (*BELOW, ABOVE)
"""Numerators of `Side.times`: requests not longer than each percentile; how much of the other run they exceed."""
_FEWEST_SAMPLES = 30
_FEWEST_SECONDS = 5.0
"""A machine's own ups and downs last longer than a load of half a second: one of them catches all of its levels."""
_FEWEST_BEYOND = 10
"""So many requests must be longer than a percentile for it to be more than a few odd ones."""
_SIGMAS = 2.0


class Kind(Enum):
    """What a figure, a row or a comparison comes to; the gravest first."""

    WORSE = "worse"
    BETTER = "better"
    TOO_FEW = "too few"
    SAME = "same"


class Subject(NamedTuple):
    """What a row is about; an empty operation or resource stands for all."""

    phase: str
    operation: str = ""
    resource: str = ""

    @property
    def depth(self) -> int:
        """0 for all operations of a phase, 1 for an operation on all resources, 2 on one."""
        return 2 if self.resource else 1 if self.operation else 0


@dataclass(slots=True)
class Side:
    """One run's part of a row: totals, and the same by slices of time."""

    response: Ranks
    done: int
    failed: int
    seconds: float
    times: Slices = field(default_factory=lambda: Slices(len(TIME_PARTS)))
    counts: Slices = field(default_factory=lambda: Slices(1))
    """Operations by seconds."""
    errors: Slices = field(default_factory=lambda: Slices(1))
    """Failed operations by operations."""

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def failed_ratio(self) -> float:
        """Failed operations by operations."""
        return self.failed / self.done if self.done else 0.0


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
    """The figures of one subject; `exceeds` is how often a time of the new run exceeds one of the base (0.5: equal)."""

    subject: Subject
    changes: Mapping[str, Change]
    exceeds: float
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


class Pair(NamedTuple):
    """A subject in both runs."""

    subject: Subject
    base: Side
    new: Side


class _Test(NamedTuple):
    """A difference with the variances of its two sides; `scale` turns it into a `Change.change`."""

    difference: float
    variances: tuple[tuple[float, float], tuple[float, float]]


def compare(pairs: Sequence[Pair], limits: Mapping[str, float]) -> list[Row]:
    """Judge all pairs, given with every operation's sum before its resources. `limits` by name of FIGURES."""
    sums: dict[Subject | None, Pair] = {pair.subject: pair for pair in pairs if not pair.subject.resource}
    tests: dict[tuple[Subject, str], _Test] = {}
    rows: list[Row] = []
    for pair in pairs:
        over = sums.get(_over(pair.subject))
        for name, test in _tests(pair, over):
            tests[pair.subject, name] = test
        rows.append(_row(pair))
    levels = _levels(tests)
    return [_judged(row, tests, levels, limits) for row in rows]


def _over(subject: Subject) -> Subject | None:
    if subject.resource:
        return subject._replace(resource="")
    return subject._replace(operation="") if subject.operation else None


def _row(pair: Pair) -> Row:
    base, new = pair.base, pair.new
    changes = {"rate": _relative(base.rate, new.rate)}
    for name, percent in PERCENTS.items():
        changes[name] = _relative(*(s.response.percentile_us(percent) / 1000 for s in (base, new)))
    changes["errors"] = Change(base.failed_ratio, new.failed_ratio, new.failed_ratio - base.failed_ratio)
    ordered = {name: changes[name] for name in FIGURES}
    return Row(pair.subject, ordered, exceeding(new.response, base.response), (base.done, new.done))


def _relative(base: float, new: float) -> Change:
    return Change(base, new, new / base - 1 if base else (inf if new else 0.0))


def _tests(pair: Pair, over: Pair | None) -> Iterable[tuple[str, _Test]]:
    """Yield what can be tested of a pair; `over` is the row that sums it up with its like."""
    base, new = pair.base, pair.new
    if min(base.done, new.done) < _FEWEST_SAMPLES or min(base.seconds, new.seconds) < _FEWEST_SECONDS:
        return
    rate = [_noise(side, sum_side, _rate) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in rate):
        yield "rate", _Test(log(new.rate / base.rate), (rate[0], rate[1]))
    errors = [_noise(side, sum_side, _errors) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in errors):
        yield "errors", _Test(new.failed_ratio - base.failed_ratio, (errors[0], errors[1]))
    if min(base.response.count, new.response.count) < _FEWEST_SAMPLES:
        return
    exceeds = [_noise(side, sum_side, _share_of_times(ABOVE, 1 / 12)) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in exceeds):
        yield "p50", _Test(exceeding(new.response, base.response) - 0.5, (exceeds[0], exceeds[1]))
    for name in ("p95", "p99"):
        test = _percentile_test(pair, over, name)
        if test:
            yield name, test


def _sides(pair: Pair, over: Pair | None) -> tuple[tuple[Side, Side | None], ...]:
    return ((pair.base, over.base if over else None), (pair.new, over.new if over else None))


class _Spread(NamedTuple):
    """The variance of a figure, its degrees of freedom, and what the variance is if all requests are independent."""

    variance: float
    freedom: float
    independent: float


def _rate(side: Side) -> _Spread:
    """Return the spread of the rate's logarithm."""
    estimate = side.counts.estimate(0)
    variance = estimate.variance / estimate.value**2 if estimate.value else 0.0
    return _Spread(variance, estimate.freedom, 1 / side.done)


def _errors(side: Side) -> _Spread:
    share = (side.failed + 1) / (side.done + 2)  # no failure in a hundred does not prove that there never is one
    independent = share * (1 - share) / side.done
    estimate = side.errors.estimate(0)
    return _Spread(max(estimate.variance, independent), estimate.freedom, independent)


def _share_of_times(part: str, alone: float) -> Callable[[Side], _Spread]:
    """Return what tells the spread of a share of requests; `alone` is the variance of one independent request."""

    def spread(side: Side) -> _Spread:
        estimate = side.times.estimate(TIME_PARTS.index(part))
        independent = alone / side.response.count
        return _Spread(max(estimate.variance, independent), estimate.freedom, independent)

    return spread


def _noise(side: Side, over: Side | None, spread: Callable[[Side], _Spread]) -> tuple[float, float]:
    """Return (variance, degrees of freedom) of a figure; no degrees of freedom if nothing tells it.

    Beside its own slices counts what it shares with `over`: the ups and downs of the target show best where most
    requests are summed up, so that part of the variance there which independent requests would not have is added to
    what independent requests would have here. The larger variance counts.
    """
    own = spread(side)
    found = [(own.variance, own.freedom)] if own.freedom else []
    if over:
        general = spread(over)
        if general.freedom:
            shared = max(0.0, general.variance - general.independent)
            found.append((own.independent + shared, general.freedom))
    return max(found, default=(0.0, 0.0))


def _percentile_test(pair: Pair, over: Pair | None, name: str) -> _Test | None:
    """Return the test of a percentile's logarithm."""
    share = PERCENTS[name] / 100
    if min(side.response.count for side in (pair.base, pair.new)) * (1 - share) < _FEWEST_BEYOND:
        return None
    spread = _share_of_times(name, share * (1 - share))
    noise = [_noise(side, sum_side, spread) for side, sum_side in _sides(pair, over)]
    if not all(freedom for _, freedom in noise):
        return None
    values = [max(side.response.percentile_us(PERCENTS[name]), 1) for side in (pair.base, pair.new)]
    difference = log(values[1] / values[0])
    # What matters is how far each may be off towards the other: upwards for the smaller, downwards for the larger.
    signs = (1, -1) if difference > 0 else (-1, 1)
    errors = [
        _reach(side.response, share, sign * variance**0.5)
        for side, sign, (variance, _) in zip((pair.base, pair.new), signs, noise, strict=True)
    ]
    return _Test(difference, ((errors[0] ** 2, noise[0][1]), (errors[1] ** 2, noise[1][1])))


def _reach(response: Ranks, share: float, error: float) -> float:
    """Return by how much a percentile's logarithm changes with a standard error of the share below it."""
    beyond = min(1.0, max(0.0, share + _SIGMAS * error))
    here, there = response.percentiles_us((share * 100, beyond * 100))
    return abs(log(max(there, 1) / max(here, 1))) / _SIGMAS


def _levels(tests: Mapping[tuple[Subject, str], _Test]) -> dict[tuple[Subject, str], tuple[float, float]]:
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
    tests: Mapping[tuple[Subject, str], _Test],
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


def _floor(name: str, change: Change, test: _Test, level: float) -> float:
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
