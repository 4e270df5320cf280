"""A server with a known distribution of delays: prints its URL, then, when its input ends, the delays it gave.

5 ms and an exponential part of 10 ms on average. The truth is what the clock said between a request's arrival and its
answer's departure, not what was meant: timers are not exact.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from math import ceil

import uvloop

TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{"access_token":"token","expires_in":1800}'
CREATED = b"HTTP/1.1 201 Created\r\nLocation: /data/ed-fi/students/1\r\nContent-Length: 0\r\n\r\n"
delays_s = []
dice = random.Random(7)


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if b"/oauth/token" in data[:60]:
            self.transport.write(TOKEN)
            return
        asyncio.get_running_loop().call_later(0.005 + dice.expovariate(100), self.answer, time.perf_counter())

    def answer(self, came_s):
        self.transport.write(CREATED)
        delays_s.append(time.perf_counter() - came_s)


def percentile(values, ratio):
    return round(values[ceil(ratio * len(values)) - 1] * 1000, 3)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    values = sorted(delays_s)
    percentiles = {"p50_ms": percentile(values, 0.5), "p95_ms": percentile(values, 0.95)}
    print(json.dumps({"requests": len(values), **percentiles, "p99_ms": percentile(values, 0.99)}))


uvloop.run(main())
