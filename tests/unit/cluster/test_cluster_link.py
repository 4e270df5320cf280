"""No question to a cluster waits without a limit."""

import asyncio

import pytest

from dms_load_test.errors import ConfigError

pytest.importorskip("distributed", reason="no Dask here: pip install '.[cluster]'")
from dms_load_test.cluster import link


class SilentScheduler:
    async def identity(self, n_workers):
        await asyncio.Event().wait()


class SilentCluster:
    """A Dask client whose calls are never answered."""

    scheduler = SilentScheduler()

    async def run(self, *_, **__):
        await asyncio.Event().wait()


class SilentOnceOpened(SilentCluster):
    async def run(self, function, *_, **__):
        if function is not link.post.open_post:
            await super().run()


class OpenedInTurn(SilentCluster):
    """Worker b opens when somebody has asked worker a for reports."""

    def __init__(self):
        self.asked = asyncio.Event()

    async def run(self, function, *_, workers, **__):
        if function is link.post.collect:
            self.asked.set()
        if function is not link.post.open_post:
            await super().run()
        if workers == ["b"]:
            await self.asked.wait()


class LostAtTheStart(SilentCluster):
    async def run(self, function, *_, workers, **__):
        if workers == ["b"]:
            raise ConnectionResetError("b is gone")
        await super().run()


def link_to(cluster):
    return link.Link(cluster, "run", lambda *_: None, lambda *_: None)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    for limit in ("SILENCE_S", "CLOSE_S"):
        monkeypatch.setattr(link, limit, 0)


async def test_a_scheduler_that_is_silent_is_told():
    with pytest.raises(ConfigError, match="scheduler does not answer"):
        await link.workers_of(SilentCluster(), 2)


async def test_a_worker_that_is_silent_before_the_run_is_told(monkeypatch):
    monkeypatch.setattr(link, "OPEN_S", 0)
    silent = link_to(SilentCluster())

    with pytest.raises(ConfigError, match="worker of the cluster does not answer"):
        await silent.describe(["a"], ())
    with pytest.raises(TimeoutError):
        await silent.measure_ns("a")
    with pytest.raises(TimeoutError):
        await silent.open(print, {"a": None}, local=True)


async def test_a_worker_is_asked_from_its_own_opening_on_so_that_it_does_not_end_while_others_open(monkeypatch):
    monkeypatch.setattr(link, "SILENCE_S", 60)
    opening = link_to(OpenedInTurn())

    async with asyncio.timeout(1):
        await opening.open(print, {"a": None, "b": None}, local=False)

    await opening.close()


async def test_a_worker_that_is_lost_before_the_run_is_told_as_that():
    with pytest.raises(ConnectionResetError, match="b is gone"):
        await link_to(LostAtTheStart()).open(print, {"a": None, "b": None}, local=False)


async def test_a_worker_that_is_silent_in_the_run_is_given_up():
    lost = asyncio.Queue()
    opened = link.Link(SilentOnceOpened(), "run", lambda *_: None, lambda *told: lost.put_nowait(told))

    await opened.open(print, {"a": None}, local=False)
    async with asyncio.timeout(1):
        assert await lost.get() == ("a", "it does not answer")
    opened.send("a", "an instruction")

    assert lost.empty()
    assert opened.waiting("a") == 0
    await opened.close()
