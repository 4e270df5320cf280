"""A run as people look at it while it goes on and afterwards: its figures, and how they came about over time.

Memory is bounded whatever the run's length: two timelines, one distribution for each step, phase and operation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dms_load_test.errors import ConfigError
from dms_load_test.metrics.histogram import Distribution
from dms_load_test.metrics.tally import CRUD, Series, SeriesKey
from dms_load_test.metrics.thresholds import Judgement, ThresholdResult, judge_thresholds, parse_threshold
from dms_load_test.metrics.totals import Totals
from dms_load_test.results.convert import distribution_of
from dms_load_test.results.events import (
    Detail,
    Manifest,
    PhaseBegin,
    Second,
    ServerFigures,
    Statements,
    StepBegin,
    StepEnd,
)
from dms_load_test.results.run import Run, fold
from dms_load_test.results.timeline import (
    MOST_COUNTS,
    MOST_TIMES,
    Counts,
    Gauges,
    Timeline,
    Times,
    counts_of,
    gauges_of,
    times_of,
)
from dms_load_test.sample import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dms_load_test.metrics.thresholds import Threshold
    from dms_load_test.results.events import Event

HOUR_S = 3600.0
_NOW_METRICS = frozenset({"http_req_duration", "http_req_failed"})
_NOW_TAGS = frozenset({"phase", "operation", "expected_response"})
"""What the lines of each second suffice for; everything else is judged as of the last parts: rates, too, as a second's
line does not tell the time of phases that go on beside its own."""


@dataclass(slots=True)
class StepStory:
    """One step. `ended_s` and `reason` are None and empty while it goes on."""

    begin: StepBegin
    seconds: float = 0.0
    ended_s: float | None = None
    reason: str = ""
    requests: int = 0
    failed: int = 0
    """Requests on documents; `failed` ones among them."""
    iterations: int = 0
    dropped: int = 0
    is_counted: bool = False
    """Whether these two are exact, from the step's end; until then they are of seconds that no other step shared."""
    times: Distribution = field(default_factory=Distribution)

    def lasted(self, second: Second) -> float:
        """Return how many seconds of a `Second` belong to the step."""
        until_s = second.t if self.ended_s is None else min(second.t, self.ended_s)
        return max(0.0, until_s - max(self.begin.t, second.t - second.seconds))


class Story:
    """The fold of a record's events. `run` is None until the manifest was read."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.counts: Timeline[Counts] = Timeline(MOST_COUNTS)
        self.times: Timeline[Times] = Timeline(MOST_TIMES)
        self.steps: list[StepStory] = []
        self.statuses: Counter[int] = Counter()
        """Failed requests by status, to the last second."""
        self.sums: Counter[str] = Counter()
        """Sums over the whole run, by the names of `timeline.SUMS`, and `requests` and `failed` ones among them."""
        self.whole = Distribution()
        """Response times of all operations on documents, in two digits."""
        self.hours: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        """Hour of the run, from 0 -> requests, failed ones among them."""
        self.now = Totals()
        """Figures to the last second, but only by phase, operation and success, in two digits."""
        self.server: dict[str, Timeline[Gauges]] = {}
        """Figures of the server's side by source."""
        self.statements: Statements | None = None
        self._thresholds: list[Threshold] = []
        self._of_phase: dict[str, StepStory] = {}
        """The last step of each phase: phases may go on side by side."""

    def add(self, event: Event) -> None:
        """Take in the next event. Raises: ConfigError, ValueError: the record is damaged."""
        if self.run is None:
            self.run = _begun(event)
        fold(self.run, event)
        match event:
            case Second():
                self._add_second(event)
            case Detail():
                self._add_detail(event)
            case PhaseBegin():
                self._thresholds += self._parsed(event)
            case StepBegin() | StepEnd():
                self._mark(event)
            case ServerFigures() | Statements():
                self._add_server(event)
            case _:  # folded by `run` alone
                pass

    def _parsed(self, begin: PhaseBegin) -> list[Threshold]:
        """Return the thresholds of a phase; one on a metric of a scenario's own is judged in the verdict alone."""
        parsed = []
        for text in begin.thresholds:
            with suppress(ConfigError):
                parsed.append(parse_threshold(text, begin.phase))
        return parsed

    def _mark(self, mark: StepBegin | StepEnd) -> None:
        if isinstance(mark, StepBegin):
            self._of_phase[mark.phase] = StepStory(mark)
            self.steps.append(self._of_phase[mark.phase])
        elif mark.phase in self._of_phase:
            step = self._of_phase[mark.phase]
            step.ended_s, step.reason = mark.t, mark.reason
            if mark.iterations is not None and mark.dropped is not None:
                step.iterations, step.dropped, step.is_counted = mark.iterations, mark.dropped, True

    def _add_second(self, second: Second) -> None:
        counts = counts_of(second)
        self.counts.add(counts)
        self.sums.update(counts.sums)
        self.statuses.update(second.failures)
        self.now.active_ns[second.phase] += round(second.seconds * NS_PER_S)
        self.now.users, self.now.users_max = second.users, max(self.now.users_max, second.users_max)
        hour = self.hours[int(max(0.0, second.t - second.seconds / 2) // HOUR_S)]
        for row in second.rows:
            failed = 0 if row.ok else row.requests
            hour[0] += row.requests
            hour[1] += failed
            self.sums["requests"] += row.requests
            self.sums["failed"] += failed
            step = self._of_phase.get(row.phase)
            if step is not None and row.operation in CRUD:
                step.requests += row.requests
                step.failed += failed
        going_on = [step for step in self.steps if step.lasted(second)]
        for step in going_on:
            step.seconds += step.lasted(second)
            # Of steps side by side the record's seconds do not tell whose iterations these are.
            if len(going_on) == 1 and not step.is_counted:
                step.iterations += second.iterations
                step.dropped += second.dropped

    def _add_detail(self, detail: Detail) -> None:
        decoded = [distribution_of(row.response) for row in detail.rows]
        self.times.add(times_of(detail, decoded))
        for row, times in zip(detail.rows, decoded, strict=True):
            series = self.now.sums[SeriesKey(row.phase, row.operation, "", 0, row.ok, final=True)]
            series.prompt.add(times)
            if row.operation in CRUD:
                self.whole.add(times)
                step = self._of_phase.get(row.phase)
                if step is not None:
                    step.times.add(times)

    def _add_server(self, event: ServerFigures | Statements) -> None:
        if isinstance(event, Statements):
            self.statements = event
            return
        timeline = self.server.setdefault(event.source, Timeline(MOST_TIMES))
        timeline.add(gauges_of(event, timeline.slices[-1].t if timeline.slices else 0.0))

    @property
    def current(self) -> StepStory | None:
        """The step that goes on; of several the one that began last."""
        return next((step for step in reversed(self.steps) if step.ended_s is None), None)

    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """Return the verdict's results, or those on the run so far."""
        assert self.run is not None
        if self.run.verdict is not None:
            return self.run.verdict.results
        totals = self.run.totals
        return tuple(result for threshold in self._thresholds for result in self._judged(threshold, totals))

    def _judged(self, threshold: Threshold, totals: Totals) -> Iterable[ThresholdResult]:
        if threshold.metric in _NOW_METRICS and threshold.selector.keys() <= _NOW_TAGS:
            return judge_thresholds([threshold], self.now)
        if totals.active_s(threshold.selector.get("phase", "")):
            return judge_thresholds([threshold], totals)
        # Before a phase's first parts its counts are not zero, but unknown.
        unknown = (None, Judgement.NOT_JUDGED)
        return (ThresholdResult(threshold.subject, str(condition), *unknown) for condition in threshold.conditions)

    def response_times(self) -> dict[str, Distribution]:
        """Return the response times of each operation on documents over the whole run, in the order of CRUD."""
        return _by_operation(self.now.sums.items())


def story_of(events: Iterable[Event]) -> Story:
    """Return the story of a whole record. Raises: ConfigError: as `read_record`, or there is no manifest in it."""
    story = Story()
    for event in events:
        try:
            story.add(event)
        except ValueError as error:
            raise ConfigError(f"the record is damaged: {error}") from error
    if story.run is None:
        raise ConfigError("the record holds no complete line; the run was killed before it began")
    return story


def _begun(event: Event) -> Run:
    if not isinstance(event, Manifest):
        raise ConfigError("the record begins without a manifest")
    return Run(event)


def _by_operation(sums: Iterable[tuple[SeriesKey, Series]]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for key, series in sums:
        if key.operation in CRUD:
            found.setdefault(key.operation, Distribution()).add(series.prompt)
    return {name: found[name] for name in CRUD if name in found}
