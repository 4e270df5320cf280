"""What a run comes to: one kind, one sentence, and the reasons; and what became of the documents that it planned.

Exit codes are the command line's business.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from dms_load_test.metrics.thresholds import Judgement, ThresholdResult, judge_thresholds, parse_threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dms_load_test.metrics.thresholds import Threshold
    from dms_load_test.metrics.totals import Totals

VIOLATIONS = "integrity_violations"
COUNTED_OTHERWISE = "counted, not as written"
"""The kind of `audits` that are violations in which others who write to the target show."""
LEAST_DONE_RATIO = 0.95
"""A run that did less of its plan than this is no passed run, whatever its latency."""


class VerdictKind(Enum):
    """The kinds of verdict, the gravest first: a run gets the first that applies."""

    SCENARIO_RAISED = "scenario raised"
    TARGET_LOST = "target lost"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"
    INTEGRITY_VIOLATED = "integrity violated"
    THRESHOLDS_FAILED = "thresholds failed"
    INCOMPLETE = "incomplete"
    GENERATOR_LIMITED = "generator limited"
    PASSED = "passed"


_ALL_PASS = parse_threshold("checks: rate==1")
_GRAVITY = {kind: place for place, kind in enumerate(VerdictKind)}


class Ending(Enum):
    """How a run came to its end."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    ABORTED = "aborted"
    """At a failure, where that was asked for."""
    THRESHOLD = "threshold crossed"
    """A threshold with abortOnFail failed."""
    TARGET_LOST = "target lost"
    """The target stopped answering."""
    WORKERS_LOST = "workers lost"
    """Too many of a cluster's workers are gone."""
    SCENARIO_RAISED = "scenario raised"


@dataclass(frozen=True, slots=True)
class ResourceAccount:
    """Planned documents of one resource: `planned = created + failed + blocked + not_done`.

    `blocked` were not sent because what they refer to failed, `not_done` were cut off by a limit or an ending.
    """

    phase: str
    resource: str
    planned: int
    created: int
    failed: int = 0
    blocked: int = 0

    @property
    def not_done(self) -> int:
        """Documents that were never sent."""
        return self.planned - self.created - self.failed - self.blocked


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a verdict needs beside the figures. `explanation` is a sentence about an ending that was not the plan's."""

    ending: Ending = Ending.FINISHED
    explanation: str = ""
    accounts: tuple[ResourceAccount, ...] = ()
    losses: tuple[str, ...] = ()
    """What of the plan was lost with a process that sent it, in sentences."""
    generator_limit: str = ""
    """Why the load generator was the bottleneck; empty where it was not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentence` tells it all in one line, `reasons` each thing that speaks against "passed"."""

    kind: VerdictKind
    sentence: str
    reasons: tuple[str, ...] = ()
    results: tuple[ThresholdResult, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return self.kind is VerdictKind.PASSED


_ENDINGS: Mapping[Ending, VerdictKind] = {
    Ending.SCENARIO_RAISED: VerdictKind.SCENARIO_RAISED,
    Ending.TARGET_LOST: VerdictKind.TARGET_LOST,
    Ending.ABORTED: VerdictKind.ABORTED,
    Ending.THRESHOLD: VerdictKind.THRESHOLDS_FAILED,
    Ending.INTERRUPTED: VerdictKind.INTERRUPTED,
    Ending.WORKERS_LOST: VerdictKind.INCOMPLETE,
}


_TITLES: Mapping[VerdictKind, str] = {
    VerdictKind.SCENARIO_RAISED: "Failed",
    VerdictKind.TARGET_LOST: "Ended early",
    VerdictKind.ABORTED: "Aborted",
    VerdictKind.INTERRUPTED: "Interrupted, results are partial",
    VerdictKind.INTEGRITY_VIOLATED: "Failed",
    VerdictKind.THRESHOLDS_FAILED: "Failed",
    VerdictKind.INCOMPLETE: "Failed",
    VerdictKind.GENERATOR_LIMITED: "Not valid",
}


def account(
    phase: str, planned: Mapping[str, int], totals: Totals, blocked: Mapping[str, int] | None = None
) -> tuple[ResourceAccount, ...]:
    """Return what became of the documents planned in a phase, by resource in the plan's order.

    `created` counts final creates with the wanted answer, `failed` the other final ones.
    """
    rows = {row.resource: row for row in totals.operation_rows(phase) if row.operation == "create"}
    accounts = []
    for resource, count in planned.items():
        row = rows.get(resource)
        created = row.count - row.failed if row else 0
        failed = row.failed if row else 0
        accounts.append(ResourceAccount(phase, resource, count, created, failed, (blocked or {}).get(resource, 0)))
    return tuple(accounts)


def judge(thresholds: Iterable[Threshold], totals: Totals, facts: RunFacts | None = None) -> Verdict:
    """Return the verdict on a run, or on its part so far.

    Checks must all pass: each phase that made some has the threshold `checks: rate==1`, or, where given ones judge some
    of its checks, each of the others has. (k6 lets failed checks pass; here one may mean that a document was lost.)
    """
    facts = facts or RunFacts()
    given = tuple(thresholds)
    results = judge_thresholds((*given, *_implied(given, totals)), totals)
    found = [(kind, reason.rstrip(".")) for kind, reason in _findings(results, totals, facts) if reason]
    if not found:
        return Verdict(VerdictKind.PASSED, _passed(results, facts), (), results)
    found.sort(key=lambda item: _GRAVITY[item[0]])
    kind, reasons = found[0][0], tuple(reason for _, reason in found)
    return Verdict(kind, f"{_TITLES[kind]}: {'; '.join(reasons)}.", reasons, results)


def _implied(given: tuple[Threshold, ...], totals: Totals) -> Iterable[Threshold]:
    judging = [threshold.selector for threshold in given if threshold.metric == "checks"]
    names: dict[str, list[str]] = {}
    for phase, name in totals.tally.checks:
        names.setdefault(phase, []).append(name)
    for phase, made in names.items():
        here = [selector for selector in judging if selector.get("phase", phase) == phase]
        if not here:
            yield replace(_ALL_PASS, selector={"phase": phase})
        for name in made if here else ():
            if all(selector.get("check", name) != name for selector in here):
                yield replace(_ALL_PASS, selector={"phase": phase, "check": name})


def _findings(
    results: tuple[ThresholdResult, ...], totals: Totals, facts: RunFacts
) -> Iterable[tuple[VerdictKind, str]]:
    ending = _ENDINGS.get(facts.ending)
    if ending:
        yield ending, facts.explanation or facts.ending.value
    yield VerdictKind.INTEGRITY_VIOLATED, _violations_text(results, totals)
    yield VerdictKind.THRESHOLDS_FAILED, _thresholds_text(results)
    yield VerdictKind.INCOMPLETE, _incomplete(facts.accounts)
    yield from ((VerdictKind.INCOMPLETE, _dropped(totals, phase)) for phase in totals.phases())
    yield from ((VerdictKind.INCOMPLETE, loss) for loss in facts.losses)
    if facts.generator_limit:
        yield VerdictKind.GENERATOR_LIMITED, f"the load generator was the bottleneck ({facts.generator_limit})"


def _violations_text(results: tuple[ThresholdResult, ...], totals: Totals) -> str:
    """Tell of acknowledged writes that were not kept, but for those of phases whose thresholds allowed for so many."""
    kinds: Counter[str] = Counter()
    phases: set[str] = set()
    for (phase, name, kind), count in totals.tally.counters.items():
        if name == VIOLATIONS and not _is_allowed(phase, results):
            kinds[kind] += count
            phases.add(phase)
    found = ", ".join(f"{count:,} {kind or 'lost or changed'}" for kind, count in kinds.most_common() if count)
    counts = sum(totals.tally.counters.get((phase, "audits", COUNTED_OTHERWISE), 0) for phase in phases)
    hint = f" ({counts:,} by counts, in which others who write to the target show, too)" if counts else ""
    return f"acknowledged writes did not hold: {found}{hint}" if found else ""


def _is_allowed(phase: str, results: tuple[ThresholdResult, ...]) -> bool:
    """Whether thresholds on a phase's violations, or on those of all phases, were set, and all of them hold."""
    subjects = {VIOLATIONS, f"{VIOLATIONS}{{phase:{phase}}}"}
    judgements = {result.judgement for result in results if result.subject in subjects}
    return judgements == {Judgement.PASSED}


def _thresholds_text(results: tuple[ThresholdResult, ...]) -> str:
    failed = sum(result.judgement is Judgement.FAILED for result in results)
    unjudged = sum(result.judgement is Judgement.NOT_JUDGED for result in results)
    texts = (
        f"{failed} of {len(results)} thresholds failed" if failed else "",
        f"{unjudged} of {len(results)} thresholds had nothing to judge" if unjudged else "",
    )
    return "; ".join(filter(None, texts))


def _incomplete(accounts: tuple[ResourceAccount, ...]) -> str:
    planned = sum(row.planned for row in accounts)
    created = sum(row.created for row in accounts)
    if planned == 0 or created >= LEAST_DONE_RATIO * planned:
        return ""
    return f"only {created:,} of {planned:,} planned documents were created ({created / planned:.1%})"


def _dropped(totals: Totals, phase: str) -> str:
    reasons = Counter(totals.drops(phase))
    dropped = reasons.total()
    completed = totals.tally.iterations[phase].count if phase in totals.tally.iterations else 0
    if dropped <= (1 - LEAST_DONE_RATIO) * (dropped + completed):
        return ""
    ((most, _),) = reasons.most_common(1)
    why = f" ({'' if len(reasons) == 1 else 'mostly: '}{most})" if most else ""
    return f"{dropped:,} of {dropped + completed:,} iterations due in {phase} were dropped{why}"


def _passed(results: tuple[ThresholdResult, ...], facts: RunFacts) -> str:
    parts = [f"{len(results)} of {len(results)} thresholds held"] if results else ["no thresholds were set"]
    planned = sum(row.planned for row in facts.accounts)
    if planned:
        created = sum(row.created for row in facts.accounts)
        parts.append(f"{created:,} of {planned:,} planned documents created")
    return f"Passed: {'; '.join(parts)}."
