"""The event loop to run on, and the process limits that a load generator needs raised."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a uvloop loop; where it does not exist (Windows) the selector loop, which also has `add_reader`."""
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return asyncio.SelectorEventLoop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` to its end on the engine's loop, with the limit on open files raised."""
    raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(main)
    finally:
        main.close()  # Ctrl-C may come before the loop has taken it up: Python would warn of it


def raise_file_limit() -> int:
    """Raise the soft limit on open files to the hard one; return what holds now, 0 where the system has none."""
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS refuses an unlimited value
        return soft
    return hard


def settle() -> None:
    """Exempt all that set-up allocated from garbage collection: it lives as long as the run."""
    gc.collect()
    gc.freeze()
