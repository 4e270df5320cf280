"""An event loop whose time passes only when everything waits: schedules of minutes run in milliseconds, exactly."""

from __future__ import annotations

import asyncio
import selectors

import pytest

from dms_load_test.engine.clock import NS_PER_S, Clock


class _LeapingSelector:
    """Waits for nothing: it moves the clock on by what the loop would have waited."""

    def __init__(self):
        self._real = selectors.DefaultSelector()
        self.now_s = 1000.0

    def select(self, timeout=None):
        ready = self._real.select(0)
        if not ready and timeout:
            self.now_s += timeout
        return ready

    def __getattr__(self, name):
        return getattr(self._real, name)


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self):
        return self._leaping.now_s


@pytest.fixture
def leap():
    """Run a coroutine in leaping time."""

    def run(main):
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            return runner.run(main)

    return run


@pytest.fixture
def leaping_clock():
    """The clock of the loop that runs."""
    return Clock(lambda: round(asyncio.get_running_loop().time() * NS_PER_S), asyncio.sleep)
