"""Faults that the emulator injects on purpose, and its memory of them. Pure but for the dice and the clock given.

A rule says what goes wrong (`kind`), how often (`ratio`, at most `times`), and for which requests (`methods`, `path`):
on the command line `error:status=503,ratio=0.1,methods=POST,path=/data/*`, at run time the same members as JSON.
"""

from __future__ import annotations

import fnmatch
from collections import Counter, deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping

KINDS = ("latency", "stall", "error", "reset", "half", "slow", "revoke", "lost-write")
"""In this order they happen to a request."""
_DISTRIBUTIONS = ("fixed", "uniform", "log-normal")
_REMEMBERED = 10_000
_GREATEST_STATUS, _LEAST_STATUS = 599, 400
_LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One way in which requests go wrong.

    `latency`: added before the answer, by `distribution`: `fixed` takes `low_ms`, `uniform` is between `low_ms` and
    `high_ms`, `log-normal` has the median `low_ms` and the shape `sigma`. `stall`: the first request that meets the
    rule stops all requests for `seconds`. `error`: `status` instead of an answer, if told with `Retry-After`. `reset`:
    the connection is reset. `half`: the connection ends in the middle of the body. `slow`: the body comes with
    `bytes_per_s`. `revoke`: all tokens of data clients end. `lost-write`: the write is acknowledged and dropped.
    """

    kind: str
    ratio: float = 1.0
    methods: tuple[str, ...] = ()
    path: str = "/data/*"
    times: int | None = None
    status: int = 503
    retry_after_s: int | None = None
    distribution: str = "fixed"
    low_ms: float = 0.0
    high_ms: float = 0.0
    sigma: float = 0.5
    seconds: float = 1.0
    bytes_per_s: float = 1000.0

    def meets(self, method: str, path: str) -> bool:
        """Tell whether a request is one of those that the rule is about; `path` is below the path base."""
        if self.kind == "lost-write" and method not in ("POST", "PUT", "DELETE"):
            return False
        return (not self.methods or method in self.methods) and fnmatch.fnmatchcase(path.lower(), self.path.lower())


class Injected(NamedTuple):
    """One fault that happened, at a time of day in seconds; `detail` is a location, status, delay."""

    at_s: float
    kind: str
    method: str
    path: str
    detail: str


@dataclass
class Faults:
    """The rules in force and what they did. `dice` decides, `now` is the time of day in seconds."""

    dice: random.Random
    now: Callable[[], float]
    rules: tuple[FaultRule, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    events: deque[Injected] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _left: dict[int, int] = field(default_factory=dict)

    def replace(self, rules: Iterable[FaultRule]) -> None:
        """Put other rules in force; what was injected stays in memory."""
        self.rules = tuple(sorted(rules, key=lambda rule: KINDS.index(rule.kind)))
        self._left = {number: rule.times for number, rule in enumerate(self.rules) if rule.times is not None}

    def forget(self) -> None:
        """Empty the memory."""
        self.counts.clear()
        self.events.clear()

    def drawn_for(self, method: str, path: str) -> Iterator[FaultRule]:
        """Draw the rules that strike this request, in the order in which they happen; those not asked for are not."""
        for number, rule in enumerate(self.rules):
            if self._strikes(number, rule, method, path):
                yield rule

    def _strikes(self, number: int, rule: FaultRule, method: str, path: str) -> bool:
        if not rule.meets(method, path) or self._left.get(number, 1) <= 0:
            return False
        if rule.ratio < 1.0 and self.dice.random() >= rule.ratio:
            return False
        if number in self._left:
            self._left[number] -= 1
        return True

    def delay_s(self, rule: FaultRule) -> float:
        """Draw the latency that a rule adds."""
        match rule.distribution:
            case "uniform":
                delay_ms = self.dice.uniform(rule.low_ms, rule.high_ms)
            case "log-normal":
                delay_ms = rule.low_ms * self.dice.lognormvariate(0.0, rule.sigma)
            case _:
                delay_ms = rule.low_ms
        return min(delay_ms / 1000, _LONGEST_S)

    def note(self, kind: str, method: str, path: str, detail: object = "") -> None:
        """Remember a fault that happened."""
        self.counts[kind] += 1
        self.events.append(Injected(self.now(), kind, method, path, str(detail)))


def _methods(value: str | Iterable[str]) -> tuple[str, ...]:
    """`post+put`, or a list of them."""
    return tuple(method.upper() for method in (value.split("+") if isinstance(value, str) else value))


_TYPES: Mapping[str, Callable[[Any], object]] = {
    "status": int,
    "times": int,
    "retry_after_s": int,
    "methods": _methods,
    "kind": str,
    "path": str,
    "distribution": str,
}


def parse_fault(text: str) -> FaultRule:
    """Read a rule as the command line has it: `kind:member=value,...`; several methods are joined by `+`.

    Raises:
        ConfigError: if a word is unknown or a value impossible.
    """
    kind, _, rest = text.partition(":")
    members: dict[str, Any] = {"kind": kind}
    for pair in filter(None, rest.split(",")):
        name, _, value = pair.partition("=")
        members[name] = value
    return make_rule(members)


def make_rule(members: Any) -> FaultRule:
    """Return the rule with these members.

    Raises:
        ConfigError: if a word is unknown or a value impossible.
    """
    if not isinstance(members, dict) or members.get("kind") not in KINDS:
        raise ConfigError(f"a fault is one of {', '.join(KINDS)}")
    known = {member.name for member in fields(FaultRule)}
    unknown = sorted(members.keys() - known)
    if unknown:
        raise ConfigError(f"fault {members['kind']}: no {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    given = {name: _read(members["kind"], name, value) for name, value in members.items() if value is not None}
    return _possible(FaultRule(**given))


def _read(kind: str, name: str, value: Any) -> Any:
    convert: Callable[[Any], object] = _TYPES.get(name, float)
    try:
        return convert(value)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        expected = "a number" if convert is float else "a whole number" if convert is int else "words"
        raise ConfigError(f'fault {kind}: {name} is "{value}"; expected {expected}') from error


def _possible(rule: FaultRule) -> FaultRule:
    checks = {
        "ratio is from 0 to 1": 0 <= rule.ratio <= 1,
        f"status is from {_LEAST_STATUS} to {_GREATEST_STATUS}": _LEAST_STATUS <= rule.status <= _GREATEST_STATUS,
        f"distribution is one of {', '.join(_DISTRIBUTIONS)}": rule.distribution in _DISTRIBUTIONS,
        "retry_after_s is 0 or more": rule.retry_after_s is None or rule.retry_after_s >= 0,
        "times is 1 or more": rule.times is None or rule.times > 0,
        "low_ms is 0 or more, high_ms no less": rule.low_ms >= 0
        and (rule.distribution != "uniform" or rule.high_ms >= rule.low_ms),
        f"seconds is from 0 to {_LONGEST_S:g}": 0 <= rule.seconds <= _LONGEST_S,
        "bytes_per_s is more than 0": rule.bytes_per_s > 0,
        "sigma is from 0 to 5": 0 <= rule.sigma <= 5,  # noqa: PLR2004 -- beyond, a delay is minutes or nothing
    }
    for expected, holds in checks.items():
        if not holds:
            raise ConfigError(f"fault {rule.kind}: {expected}")
    return rule
