"""Ends a run at the first failure that its settings do not allow, and shows that failure in full.

ABORT_ON_4XX is about final answers 400 to 499, except those in ABORT_ALLOW: a 429 or 401 after which a retry succeeded
is not final. STOP_ON_FIRST_FAILURE is about every operation that failed.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import msgspec

from dms_load_test.engine.stop import StopReason
from dms_load_test.results.storage import whole_file, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dms_load_test.app.session import Session
    from dms_load_test.config import Settings
    from dms_load_test.generators import Documents
    from dms_load_test.metrics.aggregate import Snapshot
    from dms_load_test.results.run_folder import RunFolder
    from dms_load_test.sample import Failure

FILE_NAME = "first-failure.txt"
_FIRST, _LAST = 400, 499
_WIDTH = 110


def forbidden(settings: Settings, failure: Failure) -> bool:
    """Tell whether the settings want a run to end with this failure."""
    if settings.stop_on_first_failure:
        return True
    return settings.abort_on_4xx and _FIRST <= failure.status <= _LAST and failure.status not in settings.abort_allow


class Tripwire:
    """Watches the failures of one run; the first that is forbidden ends it."""

    def __init__(self, session: Session, settings: Settings, documents: Documents, folder: RunFolder) -> None:
        self._session = session
        self._settings = settings
        self._documents = documents
        self._folder = folder
        self._tripped = False

    def set_up(self) -> None:
        """Hear of all failures from now on: of this process at once, of workers with the next snapshot."""
        self._session.on_failure = self._failed
        self._session.listeners.append(self._look)

    def _failed(self, failure: Failure) -> None:
        self._session.aggregate.add_failure(failure)
        self._judge(failure)

    def _look(self, snapshot: Snapshot) -> None:
        for group in snapshot.tally.failures.values():
            self._judge(group.example)

    def _judge(self, failure: Failure) -> None:
        if self._tripped or not forbidden(self._settings, failure):
            return
        self._tripped = True
        path: Path = self._folder.path / FILE_NAME
        lines = list(described(failure, self._documents, self._folder.run_id))
        with writing(path), whole_file(path) as file:
            file.write("\n".join(lines) + "\n")
        for line in lines:
            self._session.view.note(line)
        rule = "STOP_ON_FIRST_FAILURE" if self._settings.stop_on_first_failure else "ABORT_ON_4XX"
        answer = failure.status or "no answer"
        self._session.request_stop(
            StopReason.ABORTED, f"{rule}: {failure.request} got {answer}, {failure.reason}; see {path}"
        )


def described(failure: Failure, documents: Documents, run_id: str) -> Iterator[str]:
    """Yield the lines that show a failure: request, answer, correlation id, and how to repeat it."""
    yield f"First failure: {failure.request} got {failure.status or 'no answer'} ({failure.phase})"
    yield f"  reason          {failure.reason}"
    if failure.correlation_id:
        yield f"  correlation id  {failure.correlation_id}"
    generated = failure.ordinal >= 0 and failure.resource in documents.counts
    if generated:
        yield f"  document        {failure.resource} {failure.ordinal}"
        label = "request" if failure.operation == "create" else "before change"
        yield from _block(label, msgspec.json.encode(documents.document(failure.resource, failure.ordinal)).decode())
    yield from _block("response", failure.example)
    if generated:
        yield f"  repeat it with  dms-load-test send {failure.resource} {failure.ordinal} --run {run_id}"


def _block(label: str, text: str) -> Iterator[str]:
    for number, line in enumerate(textwrap.wrap(text, _WIDTH, break_on_hyphens=False) or ["(empty)"]):
        yield f"  {label if number == 0 else '':<14}  {line}"
