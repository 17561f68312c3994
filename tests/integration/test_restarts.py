"""Restarts under load, as platforms do them: behind a proxy that tries a connection again only when it was refused."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.integration.conftest import Server, StartServer

CLIENTS = 8
# Of each client on each server, before it is told to end: the last ones are under way then.
ANSWERS = 5

FUNCTION = """
    import time

    def handler(request):
        time.sleep(0.005)
        return request.get_data()
"""


@pytest.mark.parametrize(("workers", "restarts"), [("1", 20), ("2", 5)])
def test_restarts_under_load_lose_no_request(start_server: StartServer, workers: str, restarts: int) -> None:
    """Whatever goes wrong for a client, but a refused connection, is raised."""
    environment = {"WEB_CONCURRENCY": workers}
    first = start_server(FUNCTION, environment=environment)

    def restart(server: Server) -> Server:
        assert server.stop() == 0
        return start_server(FUNCTION, environment={**environment, "PORT": str(server.port)})

    asyncio.run(_under_load(first, restart, restarts))


async def _under_load(server: Server, restart: Callable[[Server], Server], restarts: int) -> None:
    """Restart a server so many times, while clients send requests without a pause."""
    clients = [Client(kept=number % 2 == 0) for number in range(CLIENTS)]
    stopping = asyncio.Event()
    async with _proxy(server.port) as address, asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.send(address, stopping))
        for _ in range(restarts):
            goals = [client.answered + ANSWERS for client in clients]
            async with asyncio.timeout(20):
                while any(client.answered < goal for client, goal in zip(clients, goals, strict=True)):  # noqa: ASYNC110 - simpler
                    await asyncio.sleep(0.01)
            server = await asyncio.to_thread(restart, server)
        stopping.set()


@dataclass
class Client:
    """A client that sends on one connection (`kept`), or each request on its own."""

    kept: bool
    answered: int = 0

    async def send(self, address: str, stopping: asyncio.Event) -> None:
        headers = {} if self.kept else {"Connection": "close"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20, trust_env=False) as client:
            while not stopping.is_set():
                body = str(self.answered).encode()
                response = await client.post("/", content=body)
                assert (response.status_code, response.content) == (200, body)
                self.answered += 1


@asynccontextmanager
async def _proxy(port: int) -> AsyncIterator[str]:
    """Run a proxy of connections; gives its address."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(cast("asyncio.Task[None]", asyncio.current_task()))
        upstream_reader, upstream_writer = await _connect(port)
        await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*connections)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(20):
        while True:
            with suppress(ConnectionRefusedError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.01)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy to the end, and close; a connection that is reset is the other side's to notice."""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()
