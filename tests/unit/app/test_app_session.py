"""The beat of a run."""

import asyncio
from unittest.mock import Mock

import pytest

from dms_load_test.app.session import Session
from dms_load_test.engine.clock import Clock
from dms_load_test.engine.stop import StopReason
from dms_load_test.errors import StorageError
from dms_load_test.metrics.aggregate import Aggregate

S = 1_000_000_000


@pytest.fixture
async def session():
    """A session whose seconds pass as soon as it waits for them."""
    seconds = iter(range(1, 1000))
    found = Session(Mock(**{"write.return_value": 0}), Mock(), Aggregate(0, "load"), 0, 20.0)
    found.clock = Clock(lambda: next(seconds) * S, lambda _: asyncio.sleep(0))
    return found


@pytest.mark.parametrize(
    ("error", "reason"),
    [(StorageError("the disk is full"), StopReason.STORAGE), (ValueError("a mistake"), StopReason.INTERRUPTED)],
)
async def test_whatever_ends_the_beat_ends_the_run_at_once_and_is_raised(session, error, reason):
    session.listeners.append(Mock(side_effect=error))
    with pytest.raises(type(error), match=str(error)):
        async with asyncio.timeout(5), session.pulse():
            await session.stop.wait_at_once()

    assert session.stop.reason is reason


async def test_that_the_process_was_stopped_is_noted_once_and_no_one_else_is_blamed(session, monkeypatch):
    figures = [{"cpu_ratio": 0.2, "loop_lag_p99_ms": 0.3}, {"cpu_ratio": 0.03, "loop_lag_p99_ms": 7900.0}]
    session.clock = Clock(iter([1 * S, 10 * S, 10 * S + 1]).__next__, asyncio.sleep)
    monkeypatch.setattr(session, "note", Mock())
    monkeypatch.setattr(session._own_watch, "look", iter([*figures, figures[1]]).__next__)
    session._watched.append(Mock())
    for _ in range(3):
        session.fold()

    (noted,) = session.note.call_args_list
    assert noted.args[0].startswith("The load generator did not run for 8 s: it was stopped, or its machine slept.")
    assert session.generator_limit("http://10.0.0.1/api") == ""
