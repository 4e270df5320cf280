"""The watch on a real loop that really stalls. A busy machine can only make the stall longer."""

import asyncio
import time

from dms_load_test.engine.watch import RING_S, Watch

STALL_S = 0.3


async def test_a_stall_weighs_as_long_as_it_lasted():
    watch = Watch()
    watch.start()
    await asyncio.sleep(0.05)
    time.sleep(STALL_S)  # noqa: ASYNC251 - the stall
    await asyncio.sleep(0.05)
    watch.stop()

    late = [lag for lag in watch._lags_ms if lag > 20]
    assert max(late) >= STALL_S * 1000 - 60
    assert len(late) >= (STALL_S - 0.1) / RING_S
