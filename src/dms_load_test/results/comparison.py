"""Two records compared: the rows, and what a reader must know before believing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.metrics.difference import Comparison, compare
from dms_load_test.metrics.totals import Totals
from dms_load_test.results.run import read_run
from dms_load_test.results.sides import add_slices, pair_up, sides_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dms_load_test.metrics.pairs import Side, Subject
    from dms_load_test.results.events import Manifest
    from dms_load_test.results.run import Run

_ALIKE = ("profile", "target", "data_standard", "target_version", "tool_version", "phases", "sizes")
"""Members of the manifest in which comparable runs agree, except for the one that the comparison is about."""


def compare_records(base: Path, new: Path, limits: Mapping[str, float]) -> Comparison:
    """Compare two records; figures that differ by less than `limits` are the same.

    Raises: ConfigError: a record cannot be read.
    """
    (base_run, base_sides), (new_run, new_sides) = _read(base), _read(new)
    runs, sides = (base_run, new_run), (base_sides, new_sides)
    pairs = pair_up(*sides)
    add_slices(base, pairs, is_base=True)
    add_slices(new, pairs, is_base=False)
    return Comparison(
        base=runs[0].manifest.run_id,
        new=runs[1].manifest.run_id,
        rows=tuple(compare(pairs, limits)),
        limits=limits,
        cautions=tuple(_cautions(runs, sides)),
    )


def _read(record: Path) -> tuple[Run, dict[Subject, Side]]:
    """Return a run and its rows; the run without its totals, which are as large as the rows."""
    run = read_run(record)
    sides = sides_of(run.totals, [phase for phase in run.totals.phases() if phase in run.manifest.phases])
    run.totals = Totals()
    return run, sides


def _cautions(runs: tuple[Run, Run], sides: tuple[Mapping[Subject, Side], ...]) -> Iterator[str]:
    base, new = runs
    for name in _ALIKE:
        one, other = getattr(base.manifest, name), getattr(new.manifest, name)
        if one != other and not (name == "target" and _own_emulators(runs)):
            yield f"The runs differ in {name.replace('_', ' ')}: {_text(one)} and {_text(other)}."
    yield from _settings(base.manifest, new.manifest)
    for run in runs:
        if run.is_partial:
            yield f"{run.manifest.run_id} is partial: it was killed, and its last seconds are missing."
        elif run.verdict and not run.verdict.passed:
            yield f"{run.manifest.run_id} did not pass: {run.verdict.sentence}"
    for run, mine, others in ((base, sides[0], sides[1]), (new, sides[1], sides[0])):
        only = [subject for subject in mine if subject not in others]
        highest = [subject for subject in only if subject.over not in only]
        if highest:
            names = ", ".join(" ".join(filter(None, subject)) for subject in highest)
            told = names if len(names) < _LONG else f"{len(highest)} rows"
            yield f"Only in {run.manifest.run_id}, thus not compared: {told}."


def _own_emulators(runs: tuple[Run, Run]) -> bool:
    """Whether each run had an emulator of its own: a new port each time is no difference."""
    return all(any("embedded emulator" in note for note in run.manifest.notes) for run in runs)


_LONG = 200
_LOADS = ("VUS_", "DURATION_", "THINK_")
"""Settings that say how hard the target is pressed."""


def _settings(base: Manifest, new: Manifest) -> Iterator[str]:
    values = {row.name: row.value for row in new.settings}
    changed = [
        f"{row.name} {row.value} and {values[row.name]}"
        for row in base.settings
        if row.name.startswith(_LOADS) and values.get(row.name, row.value) != row.value
    ]
    if changed:
        yield f"The runs differ in load: {', '.join(changed)}."


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value) or "unknown"
