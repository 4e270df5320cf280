"""What a person sees while a run goes on: a live display in a terminal, lines every few seconds elsewhere.

The time is the snapshots': this module asks no clock. All texts that come from outside are made printable.
"""

from __future__ import annotations

import io
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dms_load_test.sample import NS_PER_S
from dms_load_test.views.progress import Progress, StepView
from dms_load_test.views.text import clock, plural, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from dms_load_test.metrics.aggregate import Snapshot

PLAIN_WIDTH = 100
PLAIN_EVERY_S = 5.0
_PHASE_WIDTH = 10


class ProgressView(Protocol):
    """What the application tells about a run that goes on. Calls are quick: nothing waits for a reader."""

    def note(self, text: str) -> None:
        """Say something that stays on the screen."""

    def begin(self, step: StepView) -> None:
        """A step begins."""

    def update(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """A second has passed."""

    def end(self) -> None:
        """The step has ended; its last snapshot was given before."""

    def close(self) -> None:
        """Leave the screen in order; may be called twice."""


class RunConsole(Console):
    """Standard output whose reader may leave (`| head`) and whose disk may be full: that ends the output, not the run.

    `failure` is why it could not be written; a reader who leaves is none.
    """

    failure: OSError | None = None

    def _check_buffer(self) -> None:
        """Write what is due, as Rich does, which leaves all but broken pipes to whoever prints."""
        try:
            super()._check_buffer()
        except OSError as error:
            self.failure = error
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Send what is still printed nowhere, instead of ending the process as Rich would."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def make_console() -> RunConsole:
    """Return the console for standard output: coloured in a terminal unless NO_COLOR is set, 100 columns elsewhere.

    Texts are shown as they are: names and a server's words may look like Rich's markup (`lag [ms]`, `:bug:`).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a server's words may not exist in this terminal's encoding
    make = partial(RunConsole, highlight=False, markup=False, emoji=False)
    console = make()
    return console if console.is_terminal else make(width=PLAIN_WIDTH)


def make_progress_view(console: Console, *, quiet: bool) -> ProgressView:
    """Return the view that suits the console."""
    if quiet:
        return Quiet()
    return LiveView(console) if console.is_terminal and not console.is_dumb_terminal else PlainView(console)


class Quiet:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def begin(self, step: StepView) -> None:
        """Say nothing."""

    def update(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class PlainView:
    """A line every few seconds and one for each step: for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._told_ns = 0

    def note(self, text: str) -> None:
        """Print a line."""
        self._print(printable(text))

    def begin(self, step: StepView) -> None:
        """Print that a step begins."""
        self._progress = Progress(step)
        self._told_ns = step.started_ns
        self._print(f"{step.name}{f': {printable(step.subject)}' if step.subject else ''}")

    def update(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """Print a line if the last one is some seconds old."""
        progress = self._progress
        if progress is None:
            return
        progress.add(snapshot, health)
        if snapshot.ended_ns - self._told_ns >= PLAIN_EVERY_S * NS_PER_S:
            self._told_ns = snapshot.ended_ns
            left = "" if progress.left_s is None else f"{clock(progress.left_s)} left"
            parts = (
                progress.amount(),
                progress.current(),
                progress.failures(),
                progress.limits(),
                plural(progress.users, "user"),
                progress.generator(),
                left,
            )
            self._print(f"  {clock(progress.elapsed_s)}  {', '.join(filter(None, parts))}")

    def end(self) -> None:
        """Print the step in one line."""
        if self._progress is not None:
            self._print(f"  done: {self._progress.whole()}")
        self._progress = None

    def close(self) -> None:
        """Nothing is left to tidy."""

    def _print(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


class LiveView:
    """The current step redrawn each second, below the lines of those that have ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._live: Live | None = None

    def note(self, text: str) -> None:
        """Print a line above the display."""
        self._console.print(Text(printable(text), style="dim"))

    def begin(self, step: StepView) -> None:
        """Show a step."""
        self._progress = Progress(step)
        if self._live is None:
            # Redrawn by us, once a snapshot: Rich's own thread would redraw while requests are timed.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._draw()

    def update(self, snapshot: Snapshot, health: Mapping[str, float] | None = None) -> None:
        """Show the next second."""
        if self._progress is not None:
            self._progress.add(snapshot, health)
            self._draw()

    def end(self) -> None:
        """Leave the step's line on the screen."""
        if self._progress is not None:
            line = step_line(self._progress, ascii_only=self._console.options.ascii_only)
            self._console.print(line, soft_wrap=True)
            self._progress = None
            self._draw()

    def close(self) -> None:
        """Remove the display."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        if self._live is not None:
            shown: RenderableType = Text("")
            if self._progress is not None:
                shown = step_display(self._progress, self._console.width, ascii_only=self._console.options.ascii_only)
            self._live.update(shown, refresh=True)


def step_line(progress: Progress, *, ascii_only: bool) -> Text:
    """Return the line that an ended step leaves, within 80 columns for what is usual; the mark tells "0 failed"."""
    good = not progress.failed
    mark = ("ok" if good else "x") if ascii_only else ("✓" if good else "✗")
    line = Text(f"{mark} ", style="green" if good else "red")
    line.append(f"{progress.step.phase:<{_PHASE_WIDTH}} ", style="bold")
    if progress.step.title != progress.step.phase:
        line.append(f"{progress.step.title}: ", style="default")
    line.append(progress.work() if good else progress.whole(), style="default" if good else "red")
    return line


def step_display(progress: Progress, width: int, *, ascii_only: bool) -> Group:
    """Return the current step in four lines of at most `width` columns."""
    step = progress.step
    head = Text(f"{step.phase:<{_PHASE_WIDTH}} ", style="bold", overflow="ellipsis", no_wrap=True)
    if step.title != step.phase:
        head.append(step.title, style="default")
    if step.subject:
        head.append(f"  {printable(step.subject)}", style="dim")
    bar = Table.grid(padding=(0, 2))
    bar.add_column(width=max(10, width // 3))
    bar.add_column(no_wrap=True)
    left = "" if progress.left_s is None else f"  {clock(progress.left_s)} left"
    bar.add_row(
        ProgressBar(total=1.0, completed=progress.fraction),
        f"{100 * progress.fraction:.0f} %  {progress.amount()}  {clock(progress.elapsed_s)}{left}",
    )
    pace = Text(progress.current(), overflow="ellipsis", no_wrap=True)
    users, generator = f"  {plural(progress.users, 'user')}", f"  {progress.generator()}"
    bars = width - len(pace) - len(users) - len(generator) - 2
    if bars > 0 and not ascii_only:
        pace.append(f"  {progress.p95_history[-bars:]}", style="cyan")
    pace.append(users)
    pace.append(generator, style="dim")
    trouble = Text(progress.failures(), style="red" if progress.failed else "dim", overflow="ellipsis", no_wrap=True)
    if progress.limits():
        trouble.append(f"  {progress.limits()}", style="yellow")
    return Group(head, bar, pace, trouble)
