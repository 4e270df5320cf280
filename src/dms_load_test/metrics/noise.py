"""How far a figure would wander if the same run were made again, told from how it wanders within the run.

A figure here is a ratio of two sums over slices of time: requests below a cut by requests (the inverse of a
percentile), failures by operations, operations by seconds. Requests of the same moment share its fortune, and so do
neighbouring moments: taking them for independent would call chance a difference. So the variance is that of sums over
slices, and over ever longer runs of neighbouring slices; the largest counts. Slices of different steps of a plan are
compared with their own step's mean only: that steps differ is the plan's doing, not noise. Steps of a few slices, such
as counting before and after, say nothing of their own wandering; it is taken to be that of the long ones.

Source: Cochran, Sampling Techniques (ratio estimates of clusters); batch means of simulation output analysis;
Wallace (1959) for Student's distribution as a normal one.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, exp, inf, log1p, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_SLICES = 256
FEWEST_SLICES = 5
"""Fewer slices than this say nothing about how a figure wanders."""
_FEWEST_BATCHES = 8
"""Neighbours are joined only while this many groups remain: a variance of fewer is a guess."""
_FEWEST_NEIGHBOURS = 12
"""From fewer groups than this a correlation of neighbours cannot be told."""
_LEAST_FREEDOM = 1.0
"""With less than this, a run was too short for the slowness of its ups and downs."""
_MOST_CORRELATED = 0.99
_OWN_STRATUM = 4
"""A step with fewer slices has no mean of its own to wander about."""
_MOST_SHORT = 0.5
"""If short steps are more than this share of the whole, they are judged, too, against the mean of them all."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio, its variance, and the degrees of freedom of that variance; 0 where it is not known."""

    value: float
    variance: float
    freedom: float


class Slices:
    """Sums by slice of time: one denominator and `width` numerators, 8 bytes a number.

    Beyond some hundred, neighbours of a step are joined two by two, as so many say no more about noise than half of
    them: memory is bounded by that and the number of steps.
    """

    def __init__(self, width: int) -> None:
        self._most = MOST_SLICES
        self._span, self._room = 1, 0
        """How many slices as they were added make one, and how many more of them the last one takes."""
        self._strata = array("I")
        self._wholes = array("d")
        self._parts = [array("d") for _ in range(width)]

    def __len__(self) -> int:
        return len(self._wholes)

    def add(self, stratum: int, whole: float, parts: Sequence[float]) -> None:
        """Append the next slice; `stratum` is the number of its step, from 0."""
        if self._room and self._strata and self._strata[-1] == stratum:
            self._room -= 1
            for series, number in zip((self._wholes, *self._parts), (whole, *parts), strict=True):
                series[-1] += number
            return
        self._room = self._span - 1
        self._strata.append(stratum)
        for series, number in zip((self._wholes, *self._parts), (whole, *parts), strict=True):
            series.append(number)
        if len(self) > self._most:
            self._halve()

    def _halve(self) -> None:
        """Join neighbours of the same step two by two."""
        strata, at, firsts = self._strata, 0, []
        while at < len(strata):
            upto = at + 2 if strata[at : at + 2].count(strata[at]) > 1 else at + 1
            firsts.append((at, upto))
            at = upto
        self._strata = array("I", (strata[at] for at, _ in firsts))
        self._wholes, *self._parts = (
            array("d", (sum(series[at:upto]) for at, upto in firsts)) for series in (self._wholes, *self._parts)
        )
        self._span *= 2
        self._room = 0
        # Where steps are many and short, there was little to join.
        self._most = max(MOST_SLICES, 2 * len(self)) if len(self) > MOST_SLICES - MOST_SLICES // 4 else MOST_SLICES

    def estimate(self, which: int) -> Estimate:
        """Return the ratio of numerator `which`, with the largest variance of all lengths of groups."""
        parts, total = self._parts[which], sum(self._wholes)
        if not total:
            return Estimate(0.0, 0.0, 0)
        value = sum(parts) / total
        if len(self) < FEWEST_SLICES:
            return Estimate(value, 0.0, 0)
        strata = self._by_stratum()
        residuals = list(self._residuals(parts, strata))
        found = [_variance(residuals, _worth(residuals))]
        while sum(len(stratum) // 2 for stratum in residuals) >= _FEWEST_BATCHES:
            residuals = [_joined(stratum) for stratum in residuals]
            found.append(_variance(residuals, _worth(residuals)))
        variance, freedom = max(found)
        judged = sum(self._wholes[i] for slices in strata for i in slices)
        return Estimate(value, variance / (judged * total), freedom if freedom >= _LEAST_FREEDOM else 0)

    def _residuals(self, parts: Sequence[float], strata: Iterable[Sequence[int]]) -> Iterator[list[float]]:
        """Yield, by stratum, what each slice's numerator is off what the stratum's ratio makes of its denominator."""
        for slices in strata:
            whole = sum(self._wholes[i] for i in slices)
            ratio = sum(parts[i] for i in slices) / whole if whole else 0.0
            yield [parts[i] - ratio * self._wholes[i] for i in slices]

    def _by_stratum(self) -> list[list[int]]:
        """Return the slices of each long step, and those of all short ones together where these are much of it."""
        strata: dict[int, list[int]] = {}
        for i, stratum in enumerate(self._strata):
            strata.setdefault(stratum, []).append(i)
        long = [slices for slices in strata.values() if len(slices) >= _OWN_STRATUM]
        short = sorted(i for slices in strata.values() if len(slices) < _OWN_STRATUM for i in slices)
        is_little = sum(self._wholes[i] for i in short) <= _MOST_SHORT * sum(self._wholes)
        return long if is_little and sum(map(len, long)) >= FEWEST_SLICES else [*long, short]


def _joined(stratum: list[float]) -> list[float]:
    """Join neighbours two by two."""
    return [sum(stratum[at : at + 2]) for at in range(0, len(stratum), 2)]


def _variance(residuals: list[list[float]], worth: float = 1.0) -> tuple[float, float]:
    """Return the variance of the sum of all residuals, and its degrees of freedom.

    `worth` is how much of an independent one each of them is worth.
    """
    total, freedom = 0.0, 0
    for stratum in residuals:
        if len(stratum) > 1:
            total += len(stratum) / (len(stratum) - 1) * sum(r * r for r in stratum)
            freedom += len(stratum) - 1
    return total / worth, freedom * worth


def _worth(residuals: list[list[float]]) -> float:
    """Return (1 - r) / (1 + r), r being the correlation of neighbours: exact for a first-order autoregressive process.

    That tells ups and downs of some slices' length; longer ones, hidden under each slice's own noise, show when
    neighbours are joined. None can tell those that last for a large part of the run.
    """
    squares = sum(r * r for stratum in residuals for r in stratum)
    number = sum(map(len, residuals))
    if not squares or number < _FEWEST_NEIGHBOURS:
        return 1.0
    products = sum(one * other for stratum in residuals for one, other in pairwise(stratum))
    found = products / squares
    correlation = min(_MOST_CORRELATED, max(0.0, found + 1 / number))  # independent ones give -1 / number on average
    return (1 - correlation) / (1 + correlation)


def p_value(difference: float, variances: Sequence[tuple[float, float]]) -> float:
    """Return how often chance alone gives a difference at least this large, either way.

    `variances` are (variance, degrees of freedom) of what was subtracted; without noise any difference is one.
    """
    variance = sum(part for part, _ in variances)
    if not variance:
        return 1.0 if difference == 0 else 0.0
    freedom = pooled_freedom(variances)
    t = abs(difference) / sqrt(variance)
    z = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom)) if freedom < inf else t
    return erfc(z / sqrt(2))


def least_significant(variances: Sequence[tuple[float, float]], level: float) -> float:
    """Return the smallest difference that is significant at `level` (0..1): the noise floor. Inverse of `p_value`."""
    variance = sum(part for part, _ in variances)
    z = NormalDist().inv_cdf(1 - level / 2)
    freedom = pooled_freedom(variances)
    if freedom == inf:
        return z * sqrt(variance)
    z *= (8 * freedom + 3) / (8 * freedom + 1)
    exponent = min(z * z / freedom, 500.0)
    return sqrt(freedom * (exp(exponent) - 1) * variance)


def pooled_freedom(variances: Sequence[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of variances (Welch and Satterthwaite); infinite without noise."""
    total = sum(part for part, _ in variances)
    shares = sum(part * part / freedom for part, freedom in variances if freedom)
    return total * total / shares if shares else inf
