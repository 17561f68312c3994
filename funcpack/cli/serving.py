"""Runs the development server and the page for the command `run`, until a signal ends it."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.check.local import check_options
from funcpack.cli.directory import existing_directory
from funcpack.cli.run_output import JsonOutput, TextOutput
from funcpack.command_errors import HostError, PortInUseError, UnusableOptionError
from funcpack.dev_server.loading import Source
from funcpack.dev_server.server import DevServer
from funcpack.environments import cache
from funcpack.errors import UserError
from funcpack_invoker.errors import ListenError
from funcpack_invoker.server.sockets import bind, listen, url

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LOOPBACK = "127.0.0.1"
_ANYWHERE = ("http://0.0.0.0:", "http://[::]:")


@dataclass(frozen=True, slots=True)
class Serving:
    """The options of the command."""

    directory: Path
    port: int
    host: str
    ui_port: int
    no_ui: bool
    no_reload: bool
    handler: str | None
    given: Mapping[str, str]
    env_files: Sequence[Path]
    python: str | None
    debug: int | None
    output: str

    def run(self) -> int:
        """Serve until a signal ends it; return the exit code.

        Raises:
            CommandError: An option or a file of variables is not valid, a port is in use, or there is no cache directory.

        """
        source = self._source()
        source.variables()
        self._check_options()
        listeners = _listen(self.host, self.port, "--port")
        ui = None if self.no_ui else _listen(_LOOPBACK, self.ui_port, "--ui-port")[0]
        if self.debug is not None:
            _free_port(self.debug, "--debug PORT")
        # No file that is saved could make it writable.
        cache.directory(os.environ)
        return asyncio.run(self._serve(source, listeners, ui))

    def _source(self) -> Source:
        directory = existing_directory(str(self.directory))
        return Source(directory, os.environ, self.given, self.env_files, self.handler, self.python, self.debug)

    def _check_options(self) -> None:
        """Reject what no change of a file could make valid, so that it is not a problem to wait with."""
        try:
            check_options(self.handler, self.python)
        except UserError as error:
            raise UnusableOptionError(error) from error

    async def _serve(self, source: Source, listeners: Sequence[socket.socket], ui: socket.socket | None) -> int:
        server = DevServer(source, _shown_url(listeners[0]))
        tasks: list[asyncio.Future[None]] = []
        signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, signals.put_nowait, signum)
        printer = JsonOutput if self.output == "json" else TextOutput
        output = printer(server, url(ui) if ui else None, reloads=not self.no_reload)
        output.begin(debug_port=self.debug)
        tasks.append(asyncio.ensure_future(server.run(listeners, reloads=not self.no_reload)))
        if ui:
            tasks.append(asyncio.ensure_future(_serve_page(server, ui)))
        first = asyncio.ensure_future(signals.get())
        ends: list[asyncio.Future[Any]] = [first, output.failed, *tasks]
        ended, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        # A second signal ends everything at once.
        second = asyncio.ensure_future(signals.get())
        end: asyncio.Future[Any] = asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait([second, end], return_when=asyncio.FIRST_COMPLETED)
        await server.kill()
        for failed in ended - {first}:
            failed.result()
        if first.result() is signal.SIGINT:
            raise KeyboardInterrupt
        return 128 + first.result()


async def _serve_page(server: DevServer, listener: socket.socket) -> None:
    """Serve the page as soon as there is something to show: its import would delay the first start of the function."""
    told = asyncio.Event()
    unsubscribe = server.subscribe(lambda _: told.set())
    await told.wait()
    unsubscribe()
    page = await asyncio.to_thread(importlib.import_module, "funcpack.playground.server")
    await page.serve(server, listener)


def _listen(host: str, port: int, option: str) -> list[socket.socket]:
    try:
        listeners = bind(host, port)
        listen(listeners, host, port)
    except ListenError as error:
        _check_host(host)
        raise PortInUseError(host, port, error.reason, option) from None
    return listeners


def _check_host(host: str) -> None:
    try:
        for probe in bind(host, 0):
            probe.close()
    except ListenError as error:
        raise HostError(host, error.reason) from None


def _free_port(port: int, option: str) -> int:
    """Return the port of this machine, or a free one for 0."""
    with closing(_listen(_LOOPBACK, port, option)[0]) as probe:
        found: int = probe.getsockname()[1]
        return found


def _shown_url(listener: socket.socket) -> str:
    """Return the address for people and programs on this machine."""
    found = url(listener)
    for anywhere in _ANYWHERE:
        found = found.replace(anywhere, f"http://{_LOOPBACK}:")
    return found
