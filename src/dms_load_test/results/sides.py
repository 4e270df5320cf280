"""A record as one side of a comparison: totals of each row, and what makes its noise known, slice by slice.

A record is read twice: percentiles must be known before requests below them can be counted by slice. Nothing but
sums is kept of a slice, so 24 hours of record take some megabytes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, groupby
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

from dms_load_test.metrics.histogram import bucket_of, merged
from dms_load_test.metrics.pairs import PERCENTS, Pair, Side, Subject
from dms_load_test.metrics.ranks import Ranks
from dms_load_test.metrics.tally import CRUD
from dms_load_test.metrics.totals import rows_of
from dms_load_test.results.convert import distribution_of
from dms_load_test.results.events import Detail, Part, PhaseBegin, PhaseEnd, Second, StepBegin
from dms_load_test.results.record import read_record
from dms_load_test.results.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dms_load_test.metrics.histogram import Distribution
    from dms_load_test.metrics.totals import OperationRow, Totals
    from dms_load_test.results.events import Event, SeriesRow


_SLICES_S = ((600.0, 1.0), (3600.0, 5.0), (inf, 10.0))
"""Up to this age of a run, slices of so many seconds."""
_ALMOST_S = 0.5


@dataclass(frozen=True, slots=True)
class _Probe:
    """Sums up a slice's distribution in the words of `metrics.pairs.TIME_PARTS`."""

    cuts: tuple[int, ...]
    """The bucket of each percentile."""
    other: Ranks

    def sums(self, slices: Distribution) -> tuple[float, ...]:
        counts = slices.counts
        indices = sorted(counts)
        upto = [0, *accumulate(counts[index] for index in indices)]
        below = (upto[bisect_right(indices, cut)] for cut in self.cuts)
        return (*below, sum(self.other.share_below(index) * count for index, count in counts.items()))


def sides_of(totals: Totals, phases: Iterable[str]) -> dict[Subject, Side]:
    """Return the rows of a run without their slices: by phase, operation and resource, sums first.

    Takes the series out of `totals`, as both at once would be most of the memory.
    """
    sides: dict[Subject, Side] = {}
    for phase in phases:
        seconds = totals.active_s(phase)
        sums = totals.operation_sums(phase)
        if sums:
            response = Ranks(merged(row.response for row in sums))
            done, failed = sum(row.count for row in sums), sum(row.failed for row in sums)
            sides[Subject(phase)] = Side(response, done, failed, seconds)
        for rows in (sums, *_taken_out(totals, phase)):
            for row in rows:
                subject = Subject(phase, row.operation, row.resource)
                sides[subject] = Side(Ranks(row.response), row.count, row.failed, seconds)
    return sides


def _taken_out(totals: Totals, phase: str) -> Iterator[list[OperationRow]]:
    """Yield the rows of each resource of a phase, in alphabetical order."""
    series = totals.tally.series
    keys = sorted(key for key in series if key.phase == phase)
    for _, of_resource in groupby(keys, key=attrgetter("resource")):
        yield rows_of((key, series.pop(key)) for key in of_resource)


def pair_up(base: Mapping[Subject, Side], new: Mapping[Subject, Side]) -> list[Pair]:
    """Return the subjects of both runs, in the order of the base."""
    return [Pair(subject, side, new[subject]) for subject, side in base.items() if subject in new]


def add_slices(path: Path, pairs: Iterable[Pair], *, is_base: bool) -> None:
    """Read a record's slices into the pairs' sides of that run. Raises: ConfigError: as `read_record`."""
    slicer = _Slicer(pairs, is_base=is_base)
    for event in read_record(path):
        slicer.take(event)
    slicer.end_round()


@dataclass(slots=True)
class _Counts:
    """A slice of a sum that is not complete yet."""

    step: int
    seconds: float = 0.0
    done: int = 0
    failed: int = 0


def _slice_s(t: float) -> float:
    """Return how long a slice of counts is: as the record's details, so that a day is some thousand slices."""
    return next(length for until, length in _SLICES_S if t < until)


class _Slicer:
    """Follows a record. Sums have a slice for each `Detail` and `Second`, resources one for each round of parts."""

    def __init__(self, pairs: Iterable[Pair], *, is_base: bool) -> None:
        self._sides: dict[Subject, Side] = {}
        self._probes: dict[Subject, _Probe] = {}
        for subject, base, new in pairs:
            mine, other = (base, new) if is_base else (new, base)
            cuts = (bucket_of(us) for us in mine.response.percentiles_us(PERCENTS.values()))
            self._sides[subject] = mine
            self._probes[subject] = _Probe(tuple(cuts), other.response)
        self._sums = [subject for subject in self._sides if not subject.resource]
        self._open: dict[Subject, _Counts] = {}
        self._phases: set[str] = set()
        self._step = 0
        self._rounds = Rounds()
        self._rows: dict[Subject, list[SeriesRow]] = {}
        self._active_s: Mapping[str, float] = {}
        self._round_step = 0
        """The step in which the round of these rows began: by the time its end is seen, the next step may go on."""

    def take(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case PhaseBegin():
                self._phases.add(event.phase)
            case PhaseEnd():
                self._phases.discard(event.phase)
            case StepBegin():
                for subject in tuple(self._open):
                    self._end_counts(subject)
                self._step += 1
            case Second():
                self._count(event)
            case Detail():
                self._time(event)
            case Part():
                self._part(event)
            case _:
                pass

    def _count(self, second: Second) -> None:
        for subject in self._sums:
            if subject.phase not in self._phases:
                continue
            rows = [row for row in second.rows if _is_of(row.phase, row.operation, subject)]
            open_slice = self._open.setdefault(subject, _Counts(self._step))
            open_slice.seconds += second.seconds
            open_slice.done += sum(row.operations for row in rows)
            open_slice.failed += sum(row.operations for row in rows if not row.ok)
            if open_slice.seconds >= _slice_s(second.t) - _ALMOST_S:
                self._end_counts(subject)

    def _end_counts(self, subject: Subject) -> None:
        counts, side = self._open.pop(subject), self._sides[subject]
        side.counts.add(counts.step, counts.seconds, (counts.done,))
        side.errors.add(counts.step, counts.done, (counts.failed,))

    def _time(self, detail: Detail) -> None:
        times = [(row.phase, row.operation, distribution_of(row.response)) for row in detail.rows]
        for subject in self._sums:
            response = merged(t for phase, operation, t in times if _is_of(phase, operation, subject))
            if response:
                self._add_times(subject, response, self._step)

    def _add_times(self, subject: Subject, response: Distribution, step: int) -> None:
        self._sides[subject].times.add(step, response.count, self._probes[subject].sums(response))

    def _part(self, part: Part) -> None:
        if part.active_s:  # in records of versions that did not write `more`, only this tells that a round begins
            self.end_round()
            self._active_s, self._round_step = part.active_s, self._step
        for whole in self._rounds.completed(part):
            for row in whole.series:
                self._rows.setdefault(Subject(row.phase, row.operation, row.resource), []).append(row)

    def end_round(self) -> None:
        """Make a slice for each resource of what the last round of parts holds."""
        for subject, rows in self._rows.items():
            if subject not in self._sides:
                continue
            series = [(row, merged(map(distribution_of, (row.prompt, row.late_response)))) for row in rows]
            self._add_times(subject, merged(times for _, times in series), self._round_step)
            done = sum(times.count for row, times in series if row.final)
            side = self._sides[subject]
            side.counts.add(self._round_step, self._active_s.get(subject.phase, 0.0), (done,))
            side.errors.add(self._round_step, done, (sum(t.count for row, t in series if row.final and not row.ok),))
        self._rows.clear()


def _is_of(phase: str, operation: str, subject: Subject) -> bool:
    return phase == subject.phase and operation in CRUD and subject.operation in ("", operation)
