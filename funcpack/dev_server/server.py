"""The development server: the front, the function's process behind it, and a new process when a file changes.

When a change is noticed, new requests wait. The project is checked, and its function starts in another process; then the
requests that waited go there. Those in flight end in the old process. If the function cannot be served, the requests are
answered with the problem, not by the old version. Only while packages are installed does the old version go on answering.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from funcpack.command_errors import FileSystemError
from funcpack.dev_server.front import Front
from funcpack.dev_server.front_server import FrontServer
from funcpack.dev_server.history import History
from funcpack.dev_server.loading import Loader
from funcpack.dev_server.problem import Problem
from funcpack.dev_server.processes import Processes
from funcpack.dev_server.report import Broken, Note, Ready, Reloaded
from funcpack.dev_server.route import Route
from funcpack.dev_server.watching import Watcher
from funcpack.errors import UserError
from funcpack_invoker.logs import TextFormatter
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from funcpack.dev_server.function_process import Launch
    from funcpack.dev_server.loading import Loaded, Source
    from funcpack.dev_server.report import Event

# Seconds for calls in flight, and for the module's `stop`, when the tool ends.
_END = 1.2

# A file that was saved longer ago, such as one that was moved into the project, says nothing about the time of a reload.
_LONG_AGO = 10.0

_DEBUGGER_AGAIN = "The function waits for a debugger again at 127.0.0.1:{port}."
_OLD_ANSWERS = "Installing packages. The old version answers until they are installed."


class DevServer:
    """Serves one function. The page reads `history`, `url` and `state`, and subscribes to both.

    Attributes:
        history: of requests and lines.
        url: of the front.
        state: how the last load ended; None during the first one.
        launch: what the process of the function is started with; None if the project was not valid in the last load.
        version: of the function that serves; 0 before the first one.

    """

    def __init__(self, source: Source, url: str) -> None:
        self.url = url
        self.history = History()
        self.state: Ready | Reloaded | Broken | None = None
        self.launch: Launch | None = None
        self.version = 0
        self._source = source
        self._loader = Loader(source, self._note_installation)
        self._route = Route()
        self._processes = Processes(self.history.log)
        self._listeners: list[Callable[[Event], None]] = []
        self._changed: set[Path] = set()
        self._change = asyncio.Event()
        self._has_served = False
        self._may_reopen = False

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with what happens from now on; return a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self, listeners: Sequence[socket.socket], *, reloads: bool) -> None:
        """Serve on these sockets until cancelled, and end all processes then."""
        handler = _HistoryHandler(self.history)
        logging.getLogger().addHandler(handler)
        front = FrontServer(listeners, Front(self._route, self.history).answer, Settings.from_env({}))
        tasks: list[asyncio.Task[None]] = []
        try:
            if reloads:
                watcher = Watcher(self._source.directory.resolve(), self._source.env_files, self._note_changes)
                tasks.append(asyncio.ensure_future(watcher.run()))
                # Before the files are read.
                await watcher.begun()
            tasks.append(asyncio.ensure_future(self._keep_loaded(front, reloads=reloads)))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            await _cancel(*tasks)
            await asyncio.gather(front.stop(_END), self._processes.stop(_END))
            logging.getLogger().removeHandler(handler)

    async def kill(self) -> None:
        """End all processes at once."""
        await self._processes.kill()

    def _note_changes(self, files: Sequence[Path]) -> None:
        others = [file for file in files if not self._processes.own_changes.contain(file)]
        if others:
            # From now on, requests wait.
            self._route.close()
            self._changed.update(others)
            self._change.set()

    async def _keep_loaded(self, front: FrontServer, *, reloads: bool) -> None:
        """Load the function, and again after each change; a change during a load begins it again."""
        files: set[Path] = set()
        while True:
            load = asyncio.ensure_future(self._load(front, files))
            change = asyncio.ensure_future(self._change.wait())
            try:
                await asyncio.wait({load, change}, return_when=asyncio.FIRST_COMPLETED)
                if load.done():
                    load.result()
                    files = set()
                    if reloads:
                        await self._processes.prepare()
                    await self._change_or_end(change)
            finally:
                await _cancel(load, change)
            files |= self._changed
            self._changed.clear()
            self._change.clear()

    async def _change_or_end(self, change: asyncio.Task[bool]) -> None:
        """Wait for a change; if the process ends by itself before, say so."""
        end = asyncio.ensure_future(self._processes.ended())
        try:
            await asyncio.wait({change, end}, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                self._fail(end.result())
                await change
        finally:
            await _cancel(end)

    async def _load(self, front: FrontServer, files: set[Path]) -> None:
        """Load the function, and let requests go to it, or to the problem that it has."""
        noticed = time.time()
        self._may_reopen = bool(files)
        try:
            loaded = await self._loader.load()
        except (UserError, OSError) as error:
            self.launch = None
            self._processes.retire()
            self._fail(Problem.of(error if isinstance(error, UserError) else FileSystemError.of(error)))
            return
        finally:
            self._may_reopen = False
        self._route.close()
        self.launch = loaded.launch
        if files and loaded.launch.debugger:
            port = loaded.launch.debugger.port
            await self._processes.release(port)
            self._tell(Note(_DEBUGGER_AGAIN.format(port=port)))
        try:
            found = await self._processes.start(loaded)
        except OSError as error:
            found = Problem.of(FileSystemError.of(error))
        if isinstance(found, Problem):
            self._fail(found)
            return
        front.apply(loaded.settings)
        self._route.open(found)
        self.version = found.version
        if files:
            shown = [_shown(file, loaded) for file in sorted(files)]
            seconds = time.time() - _saved(files, noticed)
            self._become(Reloaded(loaded.inspection, found.version, shown, seconds))
        if not self._has_served:
            self._has_served = True
            self._become(Ready(loaded.inspection))

    def _fail(self, problem: Problem) -> None:
        self._route.open(problem)
        self._become(Broken(problem))

    def _become(self, state: Ready | Reloaded | Broken) -> None:
        self.state = state
        self._tell(state)

    def _note_installation(self, line: str) -> None:
        if self._may_reopen:
            self._may_reopen = False
            self._route.reopen()
            self._tell(Note(_OLD_ANSWERS))
        self._tell(Note(line))

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)


class _HistoryHandler(logging.Handler):
    """Adds what the front logs to the lines of the function, as the invoker writes it: the front rejects requests for it."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self.setFormatter(TextFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Add the lines of a record."""
        for line in self.format(record).splitlines():
            self._history.log(line)


def _shown(file: Path, loaded: Loaded) -> str:
    app = loaded.inspection.project.app
    return file.relative_to(app).as_posix() if file.is_relative_to(app) else str(file)


def _saved(files: set[Path], noticed: float) -> float:
    """Return when the last of some files was saved, in seconds since 1970."""
    times = [file.stat().st_mtime for file in files if file.exists()]
    saved = max(times, default=noticed)
    return saved if noticed - _LONG_AGO < saved <= noticed else noticed


async def _cancel(*tasks: asyncio.Task[None] | asyncio.Task[bool] | asyncio.Task[Problem]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
