"""Asks the server's side every few seconds, in a thread: what it says is fetched by the run when it suits the run."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from dms_load_test.monitor.reading import Reading, Source, Statement

_MOST_WAITING = 1000
_LAST_WORD_S = 10.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A source could not be asked; said once until it answers again."""

    text: str


class ServerWatch:
    """Reads all sources while the context is open."""

    def __init__(self, sources: Sequence[Source], every_s: float) -> None:
        self._sources = sources
        self._every_s = every_s
        self._found: deque[Reading | Silence] = deque(maxlen=_MOST_WAITING)
        self._silent: set[str] = set()
        self._statements: list[Statement] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="server side", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.finish()

    def take(self) -> list[Reading | Silence]:
        """Return what was found since the last call. Never waits."""
        found: list[Reading | Silence] = []
        while self._found:
            found.append(self._found.popleft())
        return found

    def finish(self) -> list[Statement]:
        """End the watch; return the statements that cost most. Waits for the last answers, ten seconds at most."""
        self._end.set()
        self._thread.join(_LAST_WORD_S)
        return self._statements

    def _work(self) -> None:
        due_s = time.monotonic()
        while True:
            for source in self._sources:
                self._ask(source)
            due_s = max(due_s + self._every_s, time.monotonic())
            if self._end.wait(due_s - time.monotonic()):
                break
        for source in self._sources:
            self._ask(source, last=True)
            source.close()

    def _ask(self, source: Source, *, last: bool = False) -> None:
        try:
            readings = source.read(time.monotonic())
            if last:
                self._statements += source.statements()
        except (OSError, ValueError, KeyError) as error:  # a proxy's page instead of an answer is no answer either
            if source.name not in self._silent:
                self._silent.add(source.name)
                self._found.append(Silence(f"{source.name} does not answer: {getattr(error, 'reason', error)}."))
            return
        self._silent.discard(source.name)
        self._found.extend(readings)
