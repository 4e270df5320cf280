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
    from dms_load_test.results.events import ItemRow, Manifest
    from dms_load_test.results.run import Run

_ALIKE = ("profile", "target", "data_standard", "target_version", "tool_version", "sizes")
"""Members of the manifest in which comparable runs agree, except for the one that the comparison is about."""
_HARMLESS = (
    "API_BASE_URL",
    "OAUTH_TOKEN_URL",
    "DATA_URL",
    "DEPENDENCIES_URL",
    "OPENAPI_URLS",
    "CLIENT_",
    "CA_BUNDLE",
    "CONFIG_SERVICE_",
    "CLAIM_SET",
    "DATA_STORE",
    "PRODUCTION_",
    "TEST_WORDS",
    "SEED",
    "KEY_PREFIX",
    "EDUCATION_ORGANIZATION_IDS",
    "THRESHOLDS_",
    "ABORT_",
    "STOP_ON_FIRST_FAILURE",
    "TARGET_LOST_AFTER",
    "EXPORTS",
    "POSTGRES_URL",
    "HOST_METRICS_URL",
    "SERVER_FIGURES_EVERY",
    "OTLP_",
    "RESULTS_DIR",
)
"""Beginnings of names of settings that change neither what is sent nor how fast: where the target is, who may ask it,
which ids it gets, what is judged, and what is written where.
"""
_LONG = 200


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
    sides = sides_of(run.totals, [phase for phase in run.totals.phases() if phase in run.phases])
    run.totals = Totals()
    return run, sides


def _cautions(runs: tuple[Run, Run], sides: tuple[Mapping[Subject, Side], ...]) -> Iterator[str]:
    base, new = runs
    for name in _ALIKE:
        one, other = getattr(base.manifest, name), getattr(new.manifest, name)
        if one != other and not (name == "target" and all(run.manifest.has_own_emulator for run in runs)):
            yield f"The runs differ in {name.replace('_', ' ')}: {_text(one)} and {_text(other)}."
    yield from _doings(base.manifest, new.manifest)
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


def _program(manifest: Manifest) -> str:
    turns = (" beside ".join(map(_item, turn)) for turn in manifest.program)
    return ", then ".join(turns) or ", then ".join(manifest.items)


def _item(item: ItemRow) -> str:
    scenario = () if item.scenario == item.name else (item.scenario,)
    shape = (f"shape {item.shape}",) if item.shape else ()
    told = (*scenario, *shape, *(f"{name}={value}" for name, value in item.settings.items()))
    return f"{item.name} ({', '.join(told)})" if told else item.name


def _doings(base: Manifest, new: Manifest) -> Iterator[str]:
    """Yield what differs in that which was run, and in the settings that it was run with."""
    programs = _program(base), _program(new)
    if programs[0] != programs[1]:
        yield f"The runs differ in what was run: {'; and '.join(programs)}."
    one, other = _values(base), _values(new)
    changed = [
        f"{name} {value or 'unset'} and {other[name] or 'unset'}"
        for name, value in one.items()
        if other.get(name, value) != value
    ]
    if changed:
        yield f"The runs differ in settings: {', '.join(changed)}."


def _values(manifest: Manifest) -> dict[str, str]:
    """Return the settings that matter; those of the data may be an earlier run's."""
    values = {row.name: row.value for row in manifest.settings} | manifest.data
    told = {name.upper() for name in manifest.sizes}
    return {name: value for name, value in values.items() if name not in told and not name.startswith(_HARMLESS)}


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    return str(value) or "unknown"
