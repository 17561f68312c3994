"""The process of the function: the real invoker, on a free port of this machine.

It and all that the function starts are a process group, which ends with the tool.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from funcpack.dev_server import served
from funcpack.dev_server.lines import Lines
from funcpack.dev_server.problem import Problem
from funcpack.dev_server.readiness import until_it_serves
from funcpack.dev_server.writes import Writes
from funcpack.environments.process_group import ProcessGroup
from funcpack_invoker import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HOST = "127.0.0.1"

# Seconds for the rest of the output of a process that has ended.
_LAST_OUTPUT = 1.0

_ENDED = "The process of the function has ended"


@dataclass(frozen=True, slots=True)
class Debugger:
    """The port of this machine at which the process waits for an editor, and the directory of debugpy."""

    port: int
    debugpy: Path

    # debugpy warns without it.
    PYTHON_OPTIONS: ClassVar[tuple[str, ...]] = ("-X", "frozen_modules=off")


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process of the function is started with; `variables` is its whole environment."""

    python: Path
    app: Path
    variables: Mapping[str, str]
    debugger: Debugger | None = None


class FunctionProcess:
    """A process that has imported the invoker; `serve` lets it import the function and serve it.

    Attributes:
        launch: what it was started with.
        port: that it serves on, when it has been started.
        writes: the files that the function has written.

    """

    def __init__(self, launch: Launch, on_line: Callable[[str], None]) -> None:
        """Start nothing yet; `on_line` gets each line of the process, without its end."""
        self.launch = launch
        self._lines = Lines(on_line, _titles())
        self.writes = Writes()
        self._exited = asyncio.Event()
        self._output_ended = asyncio.Event()
        self._code: int | None = None

    async def start(self) -> None:
        """Start the process, up to the import of the function.

        Raises:
            OSError: The Python cannot be executed.

        """
        loop = asyncio.get_running_loop()
        self._group = ProcessGroup()
        listener = _bound_socket()
        self.port: int = listener.getsockname()[1]
        report, report_end = os.pipe()
        await loop.connect_read_pipe(lambda: _Report(self.writes.note), os.fdopen(report, "rb"))
        try:
            self._transport, _ = await loop.subprocess_exec(
                lambda: _Output(self),
                *self._command(listener.fileno(), report_end),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.launch.variables,
                cwd=self.launch.app,
                pass_fds=(listener.fileno(), report_end),
                process_group=self._group.id,
            )
        except BaseException:
            self.kill()
            raise
        finally:
            os.close(report_end)
            listener.close()

    def _command(self, listener: int, report: int) -> list[str]:
        debugger = self.launch.debugger
        options = ["-P", *(debugger.PYTHON_OPTIONS if debugger else ())]
        arguments = [
            str(self.launch.app),
            str(listener),
            str(report),
            *([str(debugger.port), str(debugger.debugpy)] if debugger else []),
        ]
        return [str(self.launch.python), *options, str(Path(served.__file__)), *arguments]

    async def serve(self) -> Problem | None:
        """Import the function, and return None when it is served, or why it is not."""
        commands = self._transport.get_pipe_transport(0)
        assert isinstance(commands, asyncio.WriteTransport)  # noqa: S101 - the process's standard input
        commands.write(b"serve\n")
        ready = asyncio.ensure_future(until_it_serves(HOST, self.port))
        exited = asyncio.ensure_future(self._exited.wait())
        try:
            await asyncio.wait({ready, exited}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            exited.cancel()
        if not self._exited.is_set():
            self._lines.release()
            return None
        self.kill()
        await self.closed()
        return self._problem()

    async def ended(self) -> int:
        """Wait for the end of the process; return its exit code, negative for a signal."""
        await self._exited.wait()
        return self._code or 0

    async def closed(self) -> None:
        """Wait until the process has ended and all of its output was taken, which another process may keep open."""
        await self._exited.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_OUTPUT):
                await self._output_ended.wait()

    @property
    def is_running(self) -> bool:
        """Whether the process has started and not ended."""
        return not self._exited.is_set()

    async def end(self, seconds: float) -> None:
        """Tell the process to finish the calls in flight and to end, and wait some seconds for that."""
        with suppress(ProcessLookupError):
            self._transport.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.ended()

    def kill(self) -> None:
        """End the process, and all that the function has started, at once."""
        self._group.kill()

    def abandon(self) -> None:
        """End the process as `kill` does, and drop the rest of its output."""
        self.kill()
        self._transport.close()

    def _problem(self) -> Problem:
        """Return why the process has ended, from what it wrote last."""
        lines = self._lines.held()
        if lines:
            title, *rest = lines
            return Problem(title, "\n".join(rest).strip("\n"), lines)
        return Problem(_ENDED, f"It ended with exit code {self._code} before it served the function.")

    def end_problem(self) -> Problem:
        """Return what to say about a process that has ended by itself while it served."""
        return Problem(_ENDED, f"It ended with exit code {self._code}. Save a file to start it again.")

    # What asyncio says of the process.

    def output(self, data: bytes) -> None:
        """Take bytes of the process's output."""
        self._lines.feed(data)

    def output_ended(self) -> None:
        """Note that no process has the output any more."""
        self._lines.end()
        self._output_ended.set()

    def exited(self) -> None:
        """Note the end of the process."""
        self._code = self._transport.get_returncode()
        self._exited.set()


class _Output(asyncio.SubprocessProtocol):
    """Passes on what asyncio says of a process: output first, as a protocol gets it in the iteration in which it arrives."""

    def __init__(self, process: FunctionProcess) -> None:
        self._process = process

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        self._process.output(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - as above
        if fd == 1:
            self._process.output_ended()

    def process_exited(self) -> None:
        self._process.exited()


class _Report(asyncio.Protocol):
    """Reads the reports of the process, each with NUL at its end."""

    def __init__(self, note: Callable[[bytes], None]) -> None:
        self._note = note
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *reports, self._rest = (self._rest + data).split(b"\0")
        for report in reports:
            self._note(report)


def _titles() -> frozenset[str]:
    """Return the titles with which the invoker begins the text about a function that it cannot serve."""
    found, classes = set(), [errors.FunctionError]
    while classes:
        error = classes.pop()
        found.add(error.title)
        classes += error.__subclasses__()
    return frozenset(found)


def _bound_socket() -> socket.socket:
    """Return a socket for the process to serve on. While the process has it, no other program can take its port.

    That is why it does not have SO_REUSEADDR: with it, the port would be available until the process listens.
    """
    bound = socket.socket()
    bound.bind((HOST, 0))
    bound.setblocking(False)
    return bound
