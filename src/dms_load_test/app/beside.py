"""What goes on beside a run because a user asked for it: the server's side is asked, every request is written down."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dms_load_test.app.telemetry import Collector, parse_headers
from dms_load_test.engine.clock import SYSTEM_CLOCK
from dms_load_test.errors import ConfigError
from dms_load_test.monitor.host import open_host
from dms_load_test.monitor.postgres import Postgres
from dms_load_test.monitor.reading import Reading, finite
from dms_load_test.monitor.watch import ServerWatch
from dms_load_test.results.events import ServerFigures, StatementRow, Statements
from dms_load_test.results.samples import SampleLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dms_load_test.app.session import Session
    from dms_load_test.config import Settings
    from dms_load_test.metrics.aggregate import Snapshot
    from dms_load_test.monitor.reading import Source
    from dms_load_test.results.run_folder import RunFolder
    from dms_load_test.sample import Sample


def open_sources(settings: Settings) -> list[Source]:
    """Return the sources of the server's side that are set. Raises: ConfigError: one of them does not answer."""
    sources: list[Source] = []
    if settings.postgres_url is not None:
        sources.append(Postgres(settings.postgres_url.get_secret_value()))
    if settings.host_metrics_url is not None:
        sources.append(open_host(settings.host_metrics_url))
    return sources


def collector_of(settings: Settings) -> Collector | None:
    """Return where metrics are to be sent, if anywhere."""
    if settings.otlp_endpoint is None:
        return None
    headers = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    return Collector(settings.otlp_endpoint, parse_headers(headers))


@contextmanager
def beside_run(session: Session, settings: Settings, sources: list[Source], folder: RunFolder) -> Iterator[None]:
    """Do what was asked for while the context is open; `sources` as `open_sources` gives them.

    Raises:
        ConfigError: Samples cannot be written; nothing was sent to the target.
    """
    with ExitStack() as stack:
        if sources:
            stack.enter_context(_server_side(session, sources, settings.server_figures_every))
        if settings.samples:
            stack.enter_context(_samples(session, folder))
        yield


@contextmanager
def _server_side(session: Session, sources: list[Source], every_s: float) -> Iterator[None]:
    with ServerWatch(sources, every_s) as watch:
        take = _writer(session, watch)
        session.listeners.append(take)
        try:
            yield
        finally:
            statements = watch.finish()
            session.listeners.remove(take)
            take(None)
            if statements:
                rows = tuple(StatementRow(s.text, s.calls, s.total_ms, s.rows) for s in statements)
                session.writer.write(Statements(session.now_s(), rows))


def _writer(session: Session, watch: ServerWatch) -> Callable[[Snapshot | None], None]:
    """Return what puts the watch's findings into the record, at most a second after they were made."""

    def take(_snapshot: Snapshot | None) -> None:
        for found in watch.take():
            if isinstance(found, Reading):
                session.writer.write(ServerFigures(session.now_s(), found.source, finite(found.values)))
            else:
                session.note(found.text)

    return take


@contextmanager
def _samples(session: Session, folder: RunFolder) -> Iterator[None]:
    count, began_ns = session.on_sample, SYSTEM_CLOCK.now_ns() - session.now_ns()
    about = {
        "run_id": folder.run_id,
        "began_ns": began_ns,
        "explanation": "One request a line. Its times are on the clock that stood at began_ns when the run began.",
    }
    try:
        log = SampleLog(folder.path / "samples", about)
    except OSError as error:
        raise ConfigError(f"{folder.path}: {error.strerror}; samples need a folder that can be written") from error

    def emit(sample: Sample) -> None:
        count(sample)
        log.add(sample)

    session.on_sample = emit
    try:
        with log:
            yield
    finally:
        session.on_sample = count
        for text in _losses(log):
            session.note(text)


def _losses(log: SampleLog) -> Iterator[str]:
    if log.error:
        yield f"Samples could not be written: {log.error}."
    if log.left_out:
        why = "" if log.error else ": the disk was too slow"
        yield f"{log.left_out:,} requests are missing in the samples{why}."
    if log.removed_files:
        yield f"The {log.removed_files:,} oldest files of samples were deleted to bound the space they take."
