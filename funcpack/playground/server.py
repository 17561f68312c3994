"""The server of the page."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from funcpack.playground.app import Page

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from funcpack.dev_server.server import DevServer


class _Server(uvicorn.Server):
    """Leaves signals to the tool."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


async def serve(server: DevServer, listener: socket.socket) -> None:
    """Serve the page on a socket until cancelled."""
    page = Page(server)
    config = uvicorn.Config(
        page.app(listener.getsockname()[1]),
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    web = _Server(config)
    serving = asyncio.ensure_future(web.serve([listener]))
    try:
        await asyncio.shield(serving)
    finally:
        page.close()
        web.should_exit = True
        await serving
