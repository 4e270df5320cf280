"""Knee: how much load the target takes. The arrival rate rises until times or errors do, and is then narrowed down.

Each rate is held in looks of equal length, longer ones where the target is slow. The first look is for settling; then
looks are pooled until the p95 of the newest agrees with the pool, or enough have been taken. A rate is too much where
the p95 has risen by half over that of the first rate, or is longer than half a look, as a queue grew; where too many
operations failed; or where less was done than was due. The search raises the rate by half each time, then halves the
gap between the last good rate and the first bad one until it is small.

- *capacity*: the most iterations a second that were completed at any rate.
- *knee*: the highest rate that was not too much.
- *recommended*: 70 % of the knee, for a soak; `--then-soak 60m` holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from dms_load_test.scenarios.api import ConstantArrivalRate, Distribution, Phase, Step, StepFigures, Table
from dms_load_test.scenarios.audit import COUNTERS, THRESHOLD
from dms_load_test.scenarios.readwrite import NO_THINKING, ReadWrite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.scenarios.api import Workload

NEEDS_DOCUMENTS = True
GROWTH = 1.5
GAP = 1.05
SOAK_RATIO = 0.7
LEAST_LOOKS, MOST_LOOKS = 2, 6
LEAST_SAMPLES = 300
AGREEMENT = 0.1
LEAST_DONE = 0.95
HOLD_RATIO = 20
"""A look takes at least so many times the first p95: in a shorter one a queue hardly grows, and nobody sees it."""
US_PER_S = 1_000_000
_CLEARLY = 2.0
"""A rise so many times as large as is allowed needs no second look."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much, and where the search begins and ends (arrivals a second)."""

    first_per_s: float
    most_per_s: float
    p95_rise: float
    errors: float


@dataclass(slots=True)
class _Rate:
    """The looks at one rate, pooled; the first, for settling, is not among them."""

    per_s: float
    looks: int = 0
    seconds: float = 0.0
    done: int = 0
    dropped: int = 0
    operations: int = 0
    failed: int = 0
    response: Distribution = field(default_factory=Distribution)
    newest_p95_us: int = 0

    def add(self, look: StepFigures) -> None:
        """Take in a look."""
        self.looks += 1
        if self.looks == 1:
            return
        self.seconds += look.seconds
        self.done += look.completed
        self.dropped += look.dropped
        self.operations += look.operations
        self.failed += look.failed
        self.response.add(look.response)
        self.newest_p95_us = look.response.percentile_us(95)

    @property
    def p95_us(self) -> int:
        """p95 of all looks."""
        return self.response.percentile_us(95)

    @property
    def error_ratio(self) -> float:
        """Share of the operations that failed."""
        return self.failed / self.operations if self.operations else 0.0

    @property
    def done_ratio(self) -> float:
        """Share of the due iterations that were done."""
        due = self.done + self.dropped
        return self.done / due if due else 1.0

    @property
    def done_per_s(self) -> float:
        """Iterations completed a second."""
        return self.done / self.seconds if self.seconds else 0.0

    def row(self, reason: str) -> tuple[float | str, ...]:
        """Return the rate as a row of the table."""
        p50_us, p95_us = self.response.percentiles_us((50, 95))
        times = (p50_us / 1000, p95_us / 1000)
        return (self.per_s, self.done_per_s, *times, self.error_ratio * 100, self.looks, reason or "good")

    @property
    def is_stable(self) -> bool:
        """Whether another look would hardly tell anything new."""
        if self.looks > MOST_LOOKS:
            return True
        agrees = abs(self.newest_p95_us - self.p95_us) <= AGREEMENT * self.p95_us
        return self.looks > LEAST_LOOKS and self.operations >= LEAST_SAMPLES and agrees


class Search:
    """The search as a `Pilot`: which rate to look at next. `step` is the behaviour, held for one look."""

    def __init__(self, step: Step, limits: Limits) -> None:
        assert isinstance(step.executor, ConstantArrivalRate)
        self._step = step
        self._hold_s = step.executor.duration_s
        self._limits = limits
        self._now = _Rate(limits.first_per_s)
        self._good: _Rate | None = None
        self._bad: _Rate | None = None
        self.rates: list[tuple[_Rate, str]] = []

    def next(self, last: StepFigures | None) -> Step | None:
        """Return the next look, or None where the knee is known as well as is asked."""
        if last is not None:
            self._now.add(last)
            if not (self._now.is_stable or self._is_hopeless()):
                return self._look()
            self._conclude()
            rate = self._next_rate()
            if rate is None:
                return None
            self._now = _Rate(rate)
        return self._look()

    @property
    def knee_per_s(self) -> float:
        """The highest rate that was not too much; 0 where the first one was."""
        return self._good.per_s if self._good else 0.0

    @property
    def capacity_per_s(self) -> float:
        """The most iterations completed a second."""
        return max((rate.done_per_s for rate, _ in self.rates), default=0.0)

    @property
    def is_bounded(self) -> bool:
        """Whether a rate was too much: else the knee lies beyond the most that was asked for."""
        return self._bad is not None

    def _look(self) -> Step:
        executor = self._step.executor
        assert isinstance(executor, ConstantArrivalRate)
        name = f"{self._now.per_s:.0f}/s, look {self._now.looks + 1}"
        held = replace(executor, rate_per_s=self._now.per_s, duration_s=self._hold_s)
        return replace(self._step, name=name, executor=held)

    def _is_hopeless(self) -> bool:
        """Whether the rate is so far beyond that more looks would only hurt."""
        now = self._now
        if now.looks <= 1 or not now.operations:
            return False
        return (
            now.error_ratio > _CLEARLY * self._limits.errors
            or now.done_ratio < LEAST_DONE
            or now.p95_us > self._most_p95_us(_CLEARLY * self._limits.p95_rise)
        )

    def _most_p95_us(self, rise: float) -> float:
        first = self.rates[0][0].p95_us if self.rates else None
        return float("inf") if first is None else first * (1 + rise)

    def _conclude(self) -> None:
        now = self._now
        reason = self._too_much()
        self.rates.append((now, reason))
        self._hold_s = max(self._hold_s, HOLD_RATIO * self.rates[0][0].p95_us / US_PER_S)
        if reason:
            self._bad = now
        else:
            self._good = now

    def _too_much(self) -> str:
        now, limits = self._now, self._limits
        if now.error_ratio > limits.errors:
            return f"{now.error_ratio:.1%} failed"
        if now.done_ratio < LEAST_DONE:
            return f"only {now.done_ratio:.1%} done"
        if now.p95_us > self._hold_s * US_PER_S / 2:
            return "p95 is longer than half a look: a queue grew"
        if now.p95_us > self._most_p95_us(limits.p95_rise):
            return f"p95 is {now.p95_us / self.rates[0][0].p95_us:.2f} times the first"
        return ""

    def _next_rate(self) -> float | None:
        if self._good is None:
            return None  # even the first rate is too much
        good = self._good.per_s
        if self._bad is None:
            most = self._limits.most_per_s
            return min(good * GROWTH, most) if good < most else None
        return (good * self._bad.per_s) ** 0.5 if self._bad.per_s > good * GAP else None

    def tables(self) -> Iterable[Table]:
        """Return the result, and each rate with its figures."""
        knee = self.knee_per_s
        beyond = "" if self.is_bounded else "the knee lies beyond the highest rate asked for (KNEE_MOST_RATE)"
        if not knee:
            beyond = "even the first rate was too much; begin lower (KNEE_START_RATE)"
        yield Table(
            "capacity",
            ("figure", "iterations/s"),
            (("capacity", self.capacity_per_s), ("knee", knee), ("recommended for a soak", knee * SOAK_RATIO)),
            beyond,
        )
        rows = tuple(rate.row(reason) for rate, reason in sorted(self.rates, key=lambda item: item[0].per_s))
        yield Table("rates", ("due/s", "done/s", "p50 ms", "p95 ms", "failed %", "looks", "verdict"), rows)


class Soak:
    """A `Pilot` of one step: the recommended rate, held for a time; none where no knee was found."""

    def __init__(self, step: Step, search: Search, duration_s: float) -> None:
        self._step = step
        self._search = search
        self._duration_s = duration_s

    def next(self, last: StepFigures | None) -> Step | None:
        """Return the soak."""
        rate = self._search.knee_per_s * SOAK_RATIO
        if last is not None or not rate:
            return None
        executor = self._step.executor
        assert isinstance(executor, ConstantArrivalRate)
        held = replace(executor, rate_per_s=rate, duration_s=self._duration_s)
        return replace(self._step, name=f"{rate:.0f}/s", executor=held)


def plan(workload: Workload) -> tuple[Phase, ...]:
    """Plan the search over the readwrite behaviour, without thinking, and the soak after it if that is asked for."""
    settings, name = workload.settings, workload.name or "knee"
    soak = f"{name} soak" if workload.name else "soak"
    eager = settings.model_copy(update=NO_THINKING)
    behaviour, held = (ReadWrite(replace(workload, settings=eager), phase) for phase in (name, soak))
    limits = Limits(settings.knee_start_rate, settings.knee_most_rate, settings.knee_p95_rise, settings.knee_errors)
    search = Search(_step(workload, behaviour), limits)
    searching = _phase(name, search, _step(workload, behaviour), behaviour)
    searching = replace(searching, thresholds=(THRESHOLD,), tables=lambda _: search.tables())
    if not settings.soak_duration:
        return (searching,)
    step = _step(workload, held)
    soaking = _phase(soak, Soak(step, search, settings.soak_duration), step, held)
    return searching, replace(soaking, thresholds=(*settings.thresholds_readwrite, THRESHOLD))


def _phase(name: str, pilot: Search | Soak, step: Step, behaviour: ReadWrite) -> Phase:
    after = behaviour.audit.steps_after()[:1]  # counts would need a target that rests before the search, too
    return Phase(name=name, steps=(step, *after), counters=("mix", *COUNTERS), pilot=pilot)


def _step(workload: Workload, behaviour: ReadWrite) -> Step:
    settings = workload.settings
    executor = ConstantArrivalRate(
        rate_per_s=settings.knee_start_rate,
        duration_s=settings.knee_hold,
        pre_allocated_vus=ceil(min(settings.knee_most_vus, settings.knee_start_rate)),
        max_vus=settings.knee_most_vus,
    )
    return Step(name="look", executor=executor, iteration=behaviour.iterate)
