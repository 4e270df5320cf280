"""By how much each figure of two runs differs, and how much of that chance explains.

Times: p50 is tested by the whole distribution (Mann-Whitney: how often a time of the new run exceeds one of the base),
p95 and p99 by intervals of the percentile itself (Woodruff). Noise is judged by the runs' own wandering over time: see
`metrics.noise`.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.metrics.pairs import ABOVE, PERCENTS, TIME_PARTS
from dms_load_test.metrics.ranks import exceeding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dms_load_test.metrics.pairs import Pair, Side
    from dms_load_test.metrics.ranks import Ranks

_FEWEST_SAMPLES = 30
_FEWEST_SECONDS = 5.0
"""A machine's own ups and downs last longer than a load of half a second: one of them catches all of its levels."""
_FEWEST_BEYOND = 10
"""So many requests must be longer than a percentile for it to be more than a few odd ones."""
_SIGMAS = 2.0


class SignificanceTest(NamedTuple):
    """A difference of one figure; of each side its variance, and that variance's degrees of freedom."""

    difference: float
    variances: tuple[tuple[float, float], tuple[float, float]]


def tests_of(pair: Pair, over: Pair | None) -> Iterable[tuple[str, SignificanceTest]]:
    """Yield (figure, test) of what can be tested; `over` is the row that sums the pair up with its like."""
    base, new = pair.base, pair.new
    if min(base.done, new.done) < _FEWEST_SAMPLES or min(base.seconds, new.seconds) < _FEWEST_SECONDS:
        return
    rate = [_noise(side, sum_side, _rate) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in rate):
        yield "rate", SignificanceTest(log(new.rate / base.rate), (rate[0], rate[1]))
    errors = [_noise(side, sum_side, _errors) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in errors):
        yield "errors", SignificanceTest(new.failed_ratio - base.failed_ratio, (errors[0], errors[1]))
    if min(base.response.count, new.response.count) < _FEWEST_SAMPLES:
        return
    exceeds = [_noise(side, sum_side, _share_of_times(ABOVE, 1 / 12)) for side, sum_side in _sides(pair, over)]
    if all(freedom for _, freedom in exceeds):
        yield "p50", SignificanceTest(exceeding(new.response, base.response) - 0.5, (exceeds[0], exceeds[1]))
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


def _percentile_test(pair: Pair, over: Pair | None, name: str) -> SignificanceTest | None:
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
    return SignificanceTest(difference, ((errors[0] ** 2, noise[0][1]), (errors[1] ** 2, noise[1][1])))


def _reach(response: Ranks, share: float, error: float) -> float:
    """Return by how much a percentile's logarithm changes with a standard error of the share below it."""
    beyond = min(1.0, max(0.0, share + _SIGMAS * error))
    here, there = response.percentiles_us((share * 100, beyond * 100))
    return abs(log(max(there, 1) / max(here, 1))) / _SIGMAS
