"""What Ctrl-C and SIGTERM do to a run, from its begin until the last of its files is written.

- Until there is a session nothing was sent: either ends the run as Ctrl-C ends any program.
- While phases run, the first ends the run in order, and the second at once.
- When they are done, the first lets verdict and files be written: the run had ended. One more ends the program.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from dms_load_test.app.session import Session
    from dms_load_test.results.run_folder import RunFolder


class Interrupts:
    """Takes the signals of one run; its owner says at which stage the run is."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._is_over = False
        self._came_before = False

    def heed(self, session: Session) -> None:
        """From now on the session's run is ended in order. Until then Ctrl-C is the loop's business."""
        self._session = session
        signal.signal(signal.SIGINT, self.take)

    def let_finish(self) -> None:
        """From now on files are written."""
        self._session, self._is_over = None, True

    def take(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal. Raises: KeyboardInterrupt: it ends the program."""
        is_first, self._came_before = not self._came_before, True
        if self._session is not None:
            self._session.loop.call_soon_threadsafe(self._interrupt)
        elif not (self._is_over and is_first):
            raise KeyboardInterrupt

    def _interrupt(self) -> None:
        if self._session is not None:  # else the loop took it up after the end, and the record is closed
            self._session.interrupt()


@contextmanager
def interrupts_of(folder: RunFolder, say: Callable[[str], None]) -> Iterator[Interrupts]:
    """Take the signals of a run while the context is open; where they end the program, say what can be had of it."""
    interrupts = Interrupts()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, interrupts.take)
    try:
        yield interrupts
    except KeyboardInterrupt:
        if folder.record.exists():
            say(f"The run's record is in {folder.path}; `dms-load-test report {folder.path}` makes the report of it.")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
