"""The loop to run on and the limits raised for it."""

from __future__ import annotations

import asyncio
import gc
import inspect

import pytest

from dms_load_test.engine import loop


def test_the_engine_runs_on_a_loop_that_can_watch_sockets():
    async def kind():
        running = asyncio.get_running_loop()
        return hasattr(running, "add_reader")

    assert loop.run(kind())


def test_ctrl_c_before_the_loop_has_begun_leaves_no_coroutine_behind(monkeypatch):
    """Python would warn on the user's screen of one that was never awaited."""

    def interrupted():
        raise KeyboardInterrupt

    async def nothing():
        pass

    monkeypatch.setattr(loop, "new_event_loop", interrupted)
    main = nothing()
    with pytest.raises(KeyboardInterrupt):
        loop.run(main)

    assert inspect.getcoroutinestate(main) == inspect.CORO_CLOSED


def test_the_limit_on_open_files_is_raised_to_what_the_system_allows():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        assert loop.raise_file_limit() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_set_up_made_is_exempt_from_garbage_collection():
    before = gc.get_freeze_count()
    try:
        loop.settle()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
