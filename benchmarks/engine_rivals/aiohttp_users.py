"""aiohttp on uvloop: BASE USERS SECONDS."""

import asyncio
import itertools
import json
import sys
import time

import aiohttp
import uvloop
from body import BODY, HEADERS

base, users, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
counts = {"requests": 0, "failed": 0}
numbers = itertools.count()


async def user(session, until):
    while time.perf_counter() < until:
        async with session.post(f"{base}/data/ed-fi/students", data=BODY % next(numbers), headers=HEADERS) as reply:
            await reply.read()
            counts["failed"] += reply.status != 201
        async with session.get(reply.headers["Location"], headers=HEADERS) as reply:
            await reply.read()
            counts["failed"] += reply.status != 200
        counts["requests"] += 2


async def main():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=False)) as session:
        began = time.perf_counter()
        await asyncio.gather(*(user(session, began + seconds) for _ in range(users)))
        print(json.dumps({**counts, "seconds": time.perf_counter() - began}))


uvloop.run(main())
