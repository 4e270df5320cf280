"""Executors as values, with k6's names and meaning: they say when iterations start, never what one does.

Source: k6's executor reference. All times are seconds; rates are iterations per second. `load/schedule.py` turns a
value into due times and user counts, `engine/executors.py` runs it against a clock.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_GRACEFUL_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A linear change to `target` (virtual users or iterations per second) that takes `duration_s`."""

    duration_s: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedIterations:
    """`iterations` in total, taken by `vus` users as they become free; ends when done or after `max_duration_s`."""

    vus: int
    iterations: int
    max_duration_s: float
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class PerVuIterations:
    """`iterations` for each of `vus` users; ends when done or after `max_duration_s`."""

    vus: int
    iterations: int
    max_duration_s: float
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVus:
    """`vus` users that iterate for `duration_s`."""

    vus: int
    duration_s: float
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class RampingVus:
    """A number of users that follows `stages`, from `start_vus`."""

    start_vus: int
    stages: tuple[Stage, ...]
    graceful_ramp_down_s: float = DEFAULT_GRACEFUL_STOP_S
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantArrivalRate:
    """Open model: iterations start at `rate_per_s` whether or not earlier ones ended, `max_vus` at a time."""

    rate_per_s: float
    duration_s: float
    pre_allocated_vus: int
    max_vus: int
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


@dataclass(frozen=True, slots=True, kw_only=True)
class RampingArrivalRate:
    """Open model whose rate follows `stages`, from `start_rate_per_s`."""

    start_rate_per_s: float
    stages: tuple[Stage, ...]
    pre_allocated_vus: int
    max_vus: int
    start_after_s: float = 0.0
    graceful_stop_s: float = DEFAULT_GRACEFUL_STOP_S


Executor = SharedIterations | PerVuIterations | ConstantVus | RampingVus | ConstantArrivalRate | RampingArrivalRate
