"""The server of the page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from funcpack.dev_server.history import History
    from funcpack.dev_server.server import DevServer


async def serve(history: History, controller: DevServer, port: int) -> None:  # noqa: ARG001 - what the page shows
    """Serve the page on a port of this machine until cancelled."""
    await asyncio.get_running_loop().create_future()
