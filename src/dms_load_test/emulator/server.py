"""Running the emulator: uvicorn on a socket of our own, so that port 0 works and the port is known before it serves."""

from __future__ import annotations

import gc
import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvicorn

from dms_load_test.emulator.app import create_app
from dms_load_test.emulator.injector import FaultyProtocol
from dms_load_test.emulator.options import base_url
from dms_load_test.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from dms_load_test.emulator.options import EmulatorOptions

_KEEP_ALIVE_S = 130
"""As the server of DMS: idle connections of a client that thinks are not cut."""
_BACKLOG = 2048
_HEADERS = [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")]


def serve(options: EmulatorOptions, on_ready: Callable[[str, Callable[[], None]], None] | None = None) -> None:
    """Run the emulator until it is interrupted (SIGINT, SIGTERM) or stopped.

    `on_ready` is called once connections are accepted, with the base URL and a function that stops the server; that
    function may be called from any thread.

    Raises:
        ConfigError: if the address or the data file cannot be used.
        StorageError: if the data file's disk is full.
    """
    ports = [options.port] if options.cms_port is None else [options.port, options.cms_port]
    with ExitStack() as open_sockets:
        listeners = [open_sockets.enter_context(_listen(options.host, port)) for port in ports]
        server = _Server(_configure(options), options.host, on_ready)
        gc.collect()
        gc.freeze()
        server.run(sockets=listeners)


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(
        self, config: uvicorn.Config, host: str, on_ready: Callable[[str, Callable[[], None]], None] | None
    ) -> None:
        super().__init__(config)
        self._host = host
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None and sockets:
            self._on_ready(base_url(self._host, sockets[0].getsockname()[1]), self.stop)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order, however often that is asked for: it takes a second at the most."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    def stop(self) -> None:
        """End `run` soon."""
        self.should_exit = True


def _configure(options: EmulatorOptions) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(options),
        http=FaultyProtocol,
        loop="auto",
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        headers=_HEADERS,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = f"cannot listen on {host}:{port}: {error.strerror}; choose another --host or --port"
        raise ConfigError(message) from error
    return listener
