"""The processes of the function: the one that serves, one that waits for the next reload, and those that still end their calls."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from funcpack.dev_server.function_process import HOST, FunctionProcess
from funcpack.dev_server.own_changes import OwnChanges
from funcpack.dev_server.problem import Problem
from funcpack.dev_server.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack.dev_server.loading import Loaded

# Seconds that a process has to end after its calls have: the invoker ends by itself in this time.
_RETIREMENT = 10.0

# Seconds for an old process to release what a new one could not get, such as a port that the function listens on.
_RELEASE = 2.0
_TAKEN = ("already in use", "locked", "temporarily unavailable")

# Seconds between two attempts to take the port of the debugger.
_PAUSE = 0.05

# Seconds for the last lines of a process when the tool ends.
_LAST_OUTPUT = 0.3


class Processes:
    """Starts and ends processes of the function.

    Attributes:
        own_changes: what the processes have written.

    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        """Call `on_line` with each line that a process writes."""
        self.own_changes = OwnChanges()
        self._on_line = on_line
        self._version = 0
        self._serving: FunctionProcess | None = None
        self._upstream: Upstream | None = None
        self._grace_period = 0.0
        self._standby: FunctionProcess | None = None
        self._retiring: dict[asyncio.Task[None], FunctionProcess] = {}

    async def release(self, port: int) -> None:
        """End the process that serves, and wait until the port of its debugger is free."""
        self.retire()
        await self._retired()
        await _until_free(port)

    async def start(self, loaded: Loaded) -> Upstream | Problem:
        """Start a process that serves a function, in place of the one that serves; return its address, or why it does not serve.

        If it cannot get what the old one has not released yet, it is started again when the old one has ended.
        """
        self.retire()
        result = await self._start(loaded)
        if self._retiring and isinstance(result, Problem) and any(words in result.message for words in _TAKEN):
            with suppress(TimeoutError):
                async with asyncio.timeout(_RELEASE):
                    await self._retired()
            result = await self._start(loaded)
        return result

    async def prepare(self) -> None:
        """Start a process for the next reload, which waits."""
        process = self._serving
        if process and not process.launch.debugger:
            standby = FunctionProcess(process.launch, self._on_line)
            # The next reload tries it again, and tells why it is not possible.
            with suppress(OSError):
                await standby.start()
                self._standby = standby

    def retire(self) -> None:
        """Let the process that serves end: after its calls in flight, which have the grace period of an image."""
        process, upstream = self._serving, self._upstream
        self._serving = self._upstream = None
        if process and upstream:
            task = asyncio.ensure_future(_end(process, upstream, self._grace_period))
            self._retiring[task] = process
            task.add_done_callback(self._retiring.pop)

    async def ended(self) -> Problem:
        """Wait until the process that serves ends by itself; return what to say about that."""
        process = self._serving
        if process is None:
            await asyncio.get_running_loop().create_future()
        assert process is not None  # noqa: S101 - the line above never ends
        await process.ended()
        process.kill()
        self._serving = self._upstream = None
        return process.end_problem()

    async def stop(self, seconds: float) -> None:
        """End all processes; the one that serves has some seconds for its calls and its `stop`."""
        process = self._serving
        if process:
            await process.end(seconds)
        await self.kill()

    async def kill(self) -> None:
        """End all processes at once, and take their last lines."""
        found = (self._serving, self._standby, *self._retiring.values())
        processes = [process for process in found if process]
        for process in processes:
            process.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_OUTPUT):
                await asyncio.gather(*(process.closed() for process in processes))
        for process in processes:
            process.abandon()

    async def _start(self, loaded: Loaded) -> Upstream | Problem:
        process = await self._waiting(loaded)
        self.own_changes.start(process)
        try:
            problem = await process.serve()
        except BaseException:
            process.kill()
            await process.closed()
            raise
        if problem:
            return problem
        self.own_changes.served()
        self._version += 1
        takes_events = loaded.inspection.checked.takes_events
        self._serving = process
        self._grace_period = loaded.settings.grace_period
        self._upstream = Upstream(HOST, process.port, self._version, takes_events=takes_events)
        return self._upstream

    async def _waiting(self, loaded: Loaded) -> FunctionProcess:
        """Return a process that waits: the one for this reload if it fits, or a new one."""
        standby, self._standby = self._standby, None
        if standby and standby.launch == loaded.launch and standby.is_running:
            return standby
        if standby:
            standby.abandon()
        process = FunctionProcess(loaded.launch, self._on_line)
        await process.start()
        return process

    async def _retired(self) -> None:
        if self._retiring:
            await asyncio.wait(self._retiring)


async def _until_free(port: int) -> None:
    """Wait until a port is free: debugpy's adapter leaves the process group, and ends when the editor has left."""
    while True:
        try:
            socket.create_server((HOST, port)).close()
        except OSError:
            await asyncio.sleep(_PAUSE)
        else:
            return


async def _end(process: FunctionProcess, upstream: Upstream, seconds: float) -> None:
    """End a process when its calls in flight have ended, at the latest after some seconds."""
    upstream.retire()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await upstream.unused()
        await process.end(_RETIREMENT)
    finally:
        process.kill()
