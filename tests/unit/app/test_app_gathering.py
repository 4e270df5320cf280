"""Phases side by side wait for each other before what must be alone."""

import asyncio

from dms_load_test.app.gathering import Gathering


async def _phase(gathering, all_work, log, name, *, waits, fails=False):
    with gathering.party() as party:
        log.append(f"{name} works")
        await all_work.wait()
        if fails:
            raise ValueError(name)
        if waits:
            await party.quiet()
            log.append(f"{name} is alone")


async def test_what_must_be_alone_waits_until_the_others_have_ended():
    gathering, all_work, log = Gathering(3), asyncio.Barrier(3), []
    await asyncio.gather(
        _phase(gathering, all_work, log, "a", waits=True),
        _phase(gathering, all_work, log, "b", waits=True),
        _phase(gathering, all_work, log, "c", waits=False),
    )

    assert log[:3] == ["a works", "b works", "c works"]
    assert sorted(log[3:]) == ["a is alone", "b is alone"]


async def test_a_phase_that_fails_keeps_nobody_waiting():
    gathering, all_work, log = Gathering(2), asyncio.Barrier(2), []
    async with asyncio.timeout(5):
        await asyncio.gather(
            _phase(gathering, all_work, log, "a", waits=True),
            _phase(gathering, all_work, log, "b", waits=False, fails=True),
            return_exceptions=True,
        )

    assert "a is alone" in log


async def test_one_phase_waits_for_nobody():
    gathering, all_work, log = Gathering(1), asyncio.Barrier(1), []
    async with asyncio.timeout(5):
        await _phase(gathering, all_work, log, "a", waits=True)

    assert log == ["a works", "a is alone"]
