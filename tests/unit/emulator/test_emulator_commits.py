"""Acknowledgements wait for the commit, and share it."""

import asyncio
import sqlite3

import pytest

from dms_load_test.emulator.commits import GroupCommit, UnkeptError


async def test_requests_of_one_turn_share_a_commit():
    commits = []
    group = GroupCommit(lambda: commits.append(1))
    await asyncio.gather(*(group.settled() for _ in range(5)))
    assert len(commits) == 1
    await group.settled()
    assert len(commits) == 2


async def test_a_failed_commit_is_told_to_all_and_the_next_one_is_tried():
    outcomes = [OSError("disk full"), None]

    def commit():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    group = GroupCommit(commit)
    results = await asyncio.gather(*(group.settled() for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["disk full"] * 3
    await group.settled()


async def test_a_client_that_goes_away_does_not_end_the_wait_of_others():
    group = GroupCommit(lambda: None)
    leaving = asyncio.ensure_future(group.settled())
    staying = asyncio.ensure_future(group.settled())
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_full_disk_is_told_once_and_so_is_its_end(caplog):
    outcomes = [None, *([sqlite3.OperationalError("disk is full")] * 3), None, None]

    def commit():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    group = GroupCommit(commit)
    while outcomes:
        if outcomes[0] is None:
            await group.settled()
        else:
            with pytest.raises(UnkeptError, match="disk is full"):
                await group.settled()
    assert [record.getMessage() for record in caplog.records] == [
        "writes cannot be kept: disk is full; make space: until then they are answered with 500",
        "writes are kept again",
    ]
