"""Load shapes: the same behaviour under another course of users or arrivals. Pure.

Each shape turns a constant executor into a ramp around its normal value, which the profile decides:
`VUS_READWRITE_PHASE` users for `DURATION_READWRITE_PHASE`. `peak` is a multiple of the normal (SHAPE_PEAK).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.load.executor import ConstantArrivalRate, ConstantVus, RampingArrivalRate, RampingVus, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dms_load_test.load.executor import Executor
    from dms_load_test.load.plan import Phase

    Course = tuple[tuple[float, float], ...]

SOAK_FACTOR = 12
"""A soak takes so many times the normal time: an hour where the profile says five minutes."""
_STEPS = 5


def _volume(_: float) -> Course:
    """Rise to the normal value, hold it, fall: what a day looks like."""
    return ((0.1, 1.0), (0.8, 1.0), (0.1, 0.0))


def _stress(peak: float) -> Course:
    """Go beyond the normal value in four steps up to the peak, each held: where does it break, and how?"""
    rise = [(0.05, 1.0), (0.15, 1.0)]
    for number in range(1, 4):
        value = 1.0 + (peak - 1.0) * number / 3
        rise += [(0.05, value), (0.15, value)]
    return (*rise, (0.2, 1.0))


def _soak(_: float) -> Course:
    """Hold the normal value for long: what leaks, and what fills up?"""
    return ((0.02, 1.0), (0.96, 1.0), (0.02, 0.0))


def _spike(peak: float) -> Course:
    """Jump from the normal value to the peak and back: does it recover?"""
    return ((0.05, 1.0), (0.3, 1.0), (0.02, peak), (0.16, peak), (0.02, 1.0), (0.45, 1.0))


def _step(_: float) -> Course:
    """Rise to the normal value in equal steps, each held: how do times grow with the load?"""
    course: list[tuple[float, float]] = []
    for number in range(1, _STEPS + 1):
        value = number / _STEPS
        course += [(0.02, value), (1 / _STEPS - 0.02, value)]
    return tuple(course)


SHAPES: Mapping[str, Callable[[float], Course]] = {
    "volume": _volume,
    "stress": _stress,
    "soak": _soak,
    "spike": _spike,
    "step": _step,
}
"""Name -> (peak) -> course: (part of the duration, multiple of the normal value at its end), from 0."""


def shaped(phase: Phase, shape: str, peak: float) -> Phase:
    """Return the phase with its constant executors in a shape.

    Raises:
        ConfigError: There is no such shape, a pilot decides on the load, or nothing in the phase is constant.
    """
    if shape not in SHAPES:
        raise ConfigError(f'shape "{shape}": expected one of {", ".join(SHAPES)}')
    if phase.pilot is not None:
        raise ConfigError(f"shape {shape}: {phase.name} looks for its load itself; run it without a shape")
    steps = tuple(replace(step, executor=_shaped(step.executor, shape, peak)) for step in phase.steps)
    if steps == phase.steps:
        raise ConfigError(
            f"shape {shape}: {phase.name} has no constant number of users or arrivals to shape; "
            "it is for scenarios that run for a time, such as readwrite"
        )
    return replace(phase, steps=steps)


def _shaped(executor: Executor, shape: str, peak: float) -> Executor:
    if isinstance(executor, ConstantVus):
        return RampingVus(
            start_vus=0,
            stages=_stages(executor.duration_s, executor.vus, shape, peak),
            start_after_s=executor.start_after_s,
            graceful_stop_s=executor.graceful_stop_s,
        )
    if isinstance(executor, ConstantArrivalRate):
        stages = _stages(executor.duration_s, executor.rate_per_s, shape, peak)
        highest = max(stage.target for stage in stages) / executor.rate_per_s
        return RampingArrivalRate(
            start_rate_per_s=0.0,
            stages=stages,
            pre_allocated_vus=executor.pre_allocated_vus,
            max_vus=round(executor.max_vus * max(1.0, highest)),
            start_after_s=executor.start_after_s,
            graceful_stop_s=executor.graceful_stop_s,
        )
    return executor


def _stages(duration_s: float, normal: float, shape: str, peak: float) -> tuple[Stage, ...]:
    whole_s = duration_s * (SOAK_FACTOR if shape == "soak" else 1)
    return tuple(Stage(part * whole_s, normal * multiple) for part, multiple in SHAPES[shape](peak))
