"""Looking without running: settings, resources by level, planned and generated documents. A target is only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dms_load_test.app.target import UNHEARD, connected, documents_of, embedded, open_client, read_graph
from dms_load_test.engine.loop import run as run_loop
from dms_load_test.errors import ConfigError
from dms_load_test.results.storage import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dms_load_test.config import Effective, Settings
    from dms_load_test.edfi.dependencies import DependencyGraph
    from dms_load_test.edfi.schema import ApiModel
    from dms_load_test.generators import Documents

_DEFAULT_SEED = 1
"""Documents that are only looked at are the same every time."""
_WRITTEN_AT_ONCE = 2000


def setting_lines(effective: Effective) -> Iterator[str]:
    """Yield every setting in force with its value and origin, in three columns."""
    rows = effective.rows()
    name_width = max(len(row.name) for row in rows)
    value_width = min(44, max(len(row.value) for row in rows))
    for row in rows:
        yield f"{row.name:<{name_width}}  {row.value:<{value_width}}  {row.origin.where}".rstrip()


def resource_lines(settings: Settings, *, as_dot: bool) -> Iterator[str]:
    """Yield the target's resources by dependency level, or their graph; without a target the embedded standard's.

    Raises: ConfigError, TargetError: as `app.target.connect`.
    """
    model, graph = _graph(settings)
    chosen = [name for name, schema in model.resources.items() if not schema.is_descriptor]
    if as_dot:
        yield graph.to_dot(chosen).rstrip()
        return
    levels = graph.levels(chosen)
    for number, names in enumerate(levels, start=1):
        for name in names:
            yield f"{number:>2}  {name}"


def document_lines(settings: Settings, resource: str, ordinals: Iterable[int]) -> Iterator[bytes]:
    """Yield the documents of `resource` as JSON, one for each ordinal.

    Raises: ConfigError: there is no such resource or ordinal; ConfigError, TargetError: as `app.target.connect`.
    """
    documents, _ = documents_and_graph(settings)
    if resource not in documents.counts:
        raise ConfigError(
            f"{resource}: {documents.left_out.get(resource) or 'is not among the chosen resources; see --resources'}"
        )
    for ordinal in ordinals:
        if ordinal >= documents.counts[resource] and resource not in documents.growable:
            raise ConfigError(
                f"{resource}: there is no document {ordinal}; these sizes make {documents.counts[resource]}, "
                "counted from 0"
            )
        yield documents.payload(resource, ordinal)


def documents_and_graph(settings: Settings) -> tuple[Documents, DependencyGraph]:
    """Return the documents that the settings make for the target, else for the embedded standard, and its graph.

    Raises: ConfigError, TargetError: as `app.target.connect` and `app.target.documents_of`.
    """
    model, graph, values = _read_all(settings)
    seed = _DEFAULT_SEED if settings.seed is None else settings.seed
    return documents_of(settings, seed, model, values), graph


def plan_lines(documents: Documents, graph: DependencyGraph) -> Iterator[str]:
    """Yield the table of what is planned: level, resource, documents; the total; and what is left out, with the why."""
    counts = {name: count for name, count in documents.counts.items() if count}
    width = max((len(name) for name in counts), default=8)
    yield f"level  {'resource':<{width}}  {'documents':>12}"
    for number, names in enumerate(graph.levels(counts), start=1):
        for name in names:
            yield f"{number:>5}  {name:<{width}}  {counts[name]:>12,}"
    yield f"       {'total':<{width}}  {sum(counts.values()):>12,}"
    for name, reason in sorted(documents.left_out.items()):
        yield f"left out: {name}: {reason}"


def export_documents(documents: Documents, graph: DependencyGraph, folder: Path, say: Callable[[str], None]) -> None:
    """Write one file of JSON lines a resource, in dependency order, and say each; nothing is kept in memory.

    The folder is what lightbeam calls a data directory: `students.jsonl`. Raises: ConfigError: it cannot be written.
    """
    counts = {name: count for name, count in documents.counts.items() if count}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for level in graph.levels(counts):
            for name in level:
                path = folder / f"{name.rpartition('/')[2]}.jsonl"
                _write(path, documents, name, counts[name])
                say(f"{path}  {counts[name]:,}")
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; choose a folder that can be written with --out") from error


def _write(path: Path, documents: Documents, resource: str, count: int) -> None:
    payload = documents.payload
    with whole_file(path) as file:
        for first in range(0, count, _WRITTEN_AT_ONCE):
            ordinals = range(first, min(count, first + _WRITTEN_AT_ONCE))
            file.buffer.write(b"\n".join(payload(resource, ordinal) for ordinal in ordinals) + b"\n")


def _graph(settings: Settings) -> tuple[ApiModel, DependencyGraph]:
    base_url = settings.api_base_url
    if base_url is None:
        model, graph, _ = embedded()
        return model, graph

    async def read() -> tuple[ApiModel, DependencyGraph]:
        with open_client(settings) as client:
            return await read_graph(client, settings, base_url, UNHEARD)

    return run_loop(read())


def _read_all(settings: Settings) -> tuple[ApiModel, DependencyGraph, Mapping[str, Sequence[str]]]:
    base_url = settings.api_base_url
    if base_url is None:
        return embedded()

    async def read() -> tuple[ApiModel, DependencyGraph, Mapping[str, Sequence[str]]]:
        async with connected(settings, base_url) as (_, target):
            return target.model, target.graph, target.descriptor_values

    return run_loop(read())
