"""When iterations start, as arithmetic: spans of activity for closed models, due times for open ones. Pure.

Times are seconds from the executor's start (after `start_after_s`). `spans` and `arrivals` give the part of one shard:
users and arrivals are numbered over the whole run, and a shard takes every n-th.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

from dms_load_test.load.executor import (
    ConstantArrivalRate,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dms_load_test.load.executor import Executor
    from dms_load_test.load.shard import Shard


class Span(NamedTuple):
    """A time in which a user starts iterations, seconds; `end_s` is exclusive."""

    start_s: float
    end_s: float


class _Line(NamedTuple):
    """A value that goes from `start` to `end` between two times."""

    start_s: float
    end_s: float
    start: float
    end: float


def duration_s(executor: Executor) -> float:
    """Return how long the executor starts iterations at the most, `start_after_s` excluded."""
    if isinstance(executor, RampingVus | RampingArrivalRate):
        return sum(stage.duration_s for stage in executor.stages)
    if isinstance(executor, SharedIterations | PerVuIterations):
        return executor.max_duration_s
    return executor.duration_s


def most_users(executor: Executor) -> int:
    """Return the most virtual users that the executor may have at a time."""
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        return executor.max_vus
    if isinstance(executor, RampingVus):
        targets = [stage.target for stage in executor.stages]
        return int(max(executor.start_vus, *targets)) if targets else 0
    return executor.vus


def limited(executor: Executor, left_s: float) -> Executor | None:
    """Return the executor, limited to the time that is left, `start_after_s` included; None where there is none."""
    left_s -= executor.start_after_s
    if left_s <= 0:
        return None
    if duration_s(executor) <= left_s:
        return executor
    if isinstance(executor, SharedIterations | PerVuIterations):
        return replace(executor, max_duration_s=left_s)
    if isinstance(executor, RampingVus):
        return replace(executor, stages=_cut(executor.start_vus, executor.stages, left_s))
    if isinstance(executor, RampingArrivalRate):
        return replace(executor, stages=_cut(executor.start_rate_per_s, executor.stages, left_s))
    return replace(executor, duration_s=left_s)


def _cut(start: float, stages: tuple[Stage, ...], left_s: float) -> tuple[Stage, ...]:
    """Return the stages up to a time within them; the one that it falls into ends where it has got to by then."""
    kept: list[Stage] = []
    for stage in stages:
        if stage.duration_s >= left_s:
            kept.append(Stage(left_s, start + (stage.target - start) * left_s / stage.duration_s))
            break
        kept.append(stage)
        start, left_s = stage.target, left_s - stage.duration_s
    return tuple(kept)


def course(executor: Executor) -> tuple[tuple[float, float], ...]:
    """Return what is planned over time as points (seconds, value) of a line: users, or arrivals a second.

    Where iterations are planned and time is but a limit, their users are planned from the start.
    """
    if isinstance(executor, SharedIterations | PerVuIterations):
        return ((0.0, float(executor.vus)),)
    if isinstance(executor, RampingVus):
        lines = _lines(executor.start_vus, executor.stages)
    elif isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        lines = _rate_lines(executor)
    else:
        lines = [_Line(0.0, executor.duration_s, executor.vus, executor.vus)]
    return tuple(point for line in lines for point in ((line.start_s, line.start), (line.end_s, line.end)))


def spans(executor: Executor, shard: Shard) -> dict[int, tuple[Span, ...]]:
    """Return the active spans of each of the shard's users, by the user's number, for a closed executor.

    In a ramp, user number u (from 0) starts when the value has risen to u + 1 and stops when it has fallen to u.
    """
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        raise TypeError(f"{type(executor).__name__} is an open executor: it has arrivals, not spans")
    if not isinstance(executor, RampingVus):
        whole = (Span(0.0, duration_s(executor)),)
        return dict.fromkeys(shard.numbers(executor.vus), whole)
    lines = _lines(executor.start_vus, executor.stages)
    highest = int(max((max(line.start, line.end) for line in lines), default=0))
    by_user = {number: _user_spans(number, lines) for number in shard.numbers(highest)}
    return {number: found for number, found in by_user.items() if found}


def arrivals(executor: Executor, shard: Shard) -> Iterator[tuple[int, float]]:
    """Yield (number, due time in seconds) of the shard's arrivals, in order, for an open executor.

    Arrival n (from 0) is due when the integral of the rate has reached n.
    """
    wanted, before = shard.index, 0.0
    for line in _rate_lines(executor):
        after = before + _area(line)
        while wanted < after:
            yield wanted, line.start_s + _time_of(line, wanted - before)
            wanted += shard.count
        before = after


def arrival_count(executor: Executor, shard: Shard) -> int:
    """Return how many arrivals `arrivals` yields."""
    total = 0.0
    for line in _rate_lines(executor):
        total += _area(line)
    return shard.share(ceil(total))


def _rate_lines(executor: Executor) -> list[_Line]:
    if isinstance(executor, ConstantArrivalRate):
        return [_Line(0.0, executor.duration_s, executor.rate_per_s, executor.rate_per_s)]
    if isinstance(executor, RampingArrivalRate):
        return [line for line in _lines(executor.start_rate_per_s, executor.stages) if line.end_s > line.start_s]
    raise TypeError(f"{type(executor).__name__} is a closed executor: it has spans, not arrivals")


def _lines(start: float, stages: tuple[Stage, ...]) -> list[_Line]:
    lines, at_s, value = [], 0.0, start
    for stage in stages:
        lines.append(_Line(at_s, at_s + stage.duration_s, value, stage.target))
        at_s, value = at_s + stage.duration_s, stage.target
    return lines


def _user_spans(number: int, lines: list[_Line]) -> tuple[Span, ...]:
    found: list[Span] = []
    started_s = 0.0 if lines and lines[0].start > number else None
    for line in lines:
        if started_s is None and line.end >= number + 1:
            started_s = _crossing_s(line, number + 1)
        elif started_s is not None and line.end <= number:
            found.append(Span(started_s, _crossing_s(line, number)))
            started_s = None
    if started_s is not None:
        found.append(Span(started_s, lines[-1].end_s))
    return tuple(span for span in found if span.end_s > span.start_s)


def _crossing_s(line: _Line, value: float) -> float:
    """Return when `line` reaches `value`, which it does."""
    if line.end == line.start:
        return line.start_s
    ratio = (value - line.start) / (line.end - line.start)
    return line.start_s + (line.end_s - line.start_s) * min(1.0, max(0.0, ratio))


def _area(line: _Line) -> float:
    return (line.end_s - line.start_s) * (line.start + line.end) / 2


def _time_of(line: _Line, area: float) -> float:
    """Return the time since the line's start at which its integral has reached `area` (0 <= area < the whole)."""
    if area <= 0:
        return 0.0
    slope = (line.end - line.start) / (line.end_s - line.start_s)
    # The stable form of the quadratic's root: no difference of nearly equal numbers where the slope is small.
    return 2 * area / (line.start + sqrt(max(0.0, line.start**2 + 2 * slope * area)))
