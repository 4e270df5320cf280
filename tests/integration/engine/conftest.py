"""A server that answers with scripted bytes, on a real socket."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress

import pytest
import trustme

from dms_load_test.engine.address import Origin
from dms_load_test.engine.loop import new_event_loop
from dms_load_test.engine.options import TransportOptions
from dms_load_test.engine.transport import Client


def pytest_asyncio_loop_factories():
    """Every behaviour holds on asyncio's own loop (Windows' only one) and on the one that the engine prefers."""
    return {"selector": asyncio.SelectorEventLoop, "preferred": new_event_loop}


class ScriptedServer:
    """Answers request n with `script[n]`, the last one again and again; nobody while `awake` is cleared.

    An answer is bytes, or steps: bytes are written; a float is a pause in seconds; `CLOSE` ends the connection and
    `RESET` does so rudely.
    """

    CLOSE = "close"
    RESET = "reset"

    def __init__(self):
        self.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]
        self.requests = []
        self.connections = 0
        self.port = 0
        self.awake = asyncio.Event()
        self.awake.set()
        self._writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
        body = await reader.readexactly(int(length.partition(b":")[2]))
        self.requests.append(head + body)
        await self.awake.wait()
        steps = self.script[min(len(self.requests), len(self.script)) - 1]
        for step in [steps] if isinstance(steps, bytes) else steps:
            if step == self.CLOSE:
                return False
            if step == self.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                writer.write(step)
                await writer.drain()
        return True

    def drop_connections(self):
        for writer in self._writers:
            writer.close()

    def origin(self, scheme="http", host="127.0.0.1"):
        return Origin(scheme, host, self.port)


async def _listening(server, context=None, host="127.0.0.1"):
    listener = await asyncio.start_server(server.serve, host, 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    return listener


async def _closed(server, listener):
    listener.close()
    server.drop_connections()
    await asyncio.sleep(0)


@pytest.fixture
async def server():
    scripted = ScriptedServer()
    listener = await _listening(scripted)
    yield scripted
    await _closed(scripted, listener)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
async def tls_server(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    scripted = ScriptedServer()
    listener = await _listening(scripted, context)
    yield scripted
    await _closed(scripted, listener)


@pytest.fixture
async def new_client():
    clients = []

    def make(**options):
        clients.append(Client(TransportOptions(**options)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
