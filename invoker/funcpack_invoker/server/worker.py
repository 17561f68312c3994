"""The life of a worker process: load the function, serve connections, end without losing a request.

It is gunicorn's ASGI worker with our own connections and an end of its own: gunicorn's waits for idle connections as if
they were requests, and never tells the application when the grace period runs out.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gasgi import ASGIWorker  # type: ignore[import-untyped]

from funcpack_invoker.errors import FunctionError, StartFailedError
from funcpack_invoker.http.connection import Connection
from funcpack_invoker.server.acceptor import Acceptor
from funcpack_invoker.server.boot_status import Birth
from funcpack_invoker.server.signals import separate_signals
from funcpack_invoker.tracebacks import format_user_traceback

if TYPE_CHECKING:
    from funcpack_invoker.app import App
    from funcpack_invoker.server.limits import Limits
    from funcpack_invoker.settings import Settings

logger = logging.getLogger("funcpack")

# How often the master's existence is looked at, and at shutdown the connections; in seconds.
_MASTER_CHECK = 1.0
_CONNECTIONS_CHECK = 0.05


class Worker(ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """One process that calls the function."""

    asgi: App
    loop: asyncio.AbstractEventLoop

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.settings: Settings = self.app.settings
        self.limits: Limits = self.app.limits
        self.connections: set[Connection] = set()
        self.birth = Birth()
        self.dismissed = False
        self._told_to_stop = asyncio.Event()
        self._told_to_hurry = asyncio.Event()

    def init_signals(self) -> None:
        """Let SIGTERM end the process at once until there is something to finish: user code is imported before."""
        for signum in self.SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def load_wsgi(self) -> None:
        """Load the function. One that cannot be served is reported to the master, which ends the server."""
        try:
            self.asgi = self.app.wsgi()
        except FunctionError as error:
            self.birth.fail(str(error))
            sys.exit(0)
        # What was loaded stays: a full collection of what a function's libraries bring takes as long as many calls.
        gc.freeze()
        gc.enable()

    def run(self) -> None:
        """Serve until told to stop."""
        super().init_signals()
        # Ctrl-C reaches every process of the terminal; what it means is the master's to decide.
        self.loop.add_signal_handler(signal.SIGINT, lambda: None)
        separate_signals(self.SIGNALS)
        super().run()
        _end_within(self.limits.shutdown_reserve)

    def handle_exit_signal(self) -> None:
        """SIGTERM: finish what is under way."""
        # `alive` stays true: gunicorn would close connections without having announced it.
        self._told_to_stop.set()

    @property
    def is_ending(self) -> bool:
        """Whether connections should not be used for another request."""
        return self._told_to_stop.is_set()

    def handle_quit_signal(self) -> None:
        """SIGQUIT, a second SIGTERM or SIGINT to the master: do not wait for calls any more."""
        self._told_to_hurry.set()
        self.handle_exit_signal()

    async def _serve(self) -> None:
        if not await self._start():
            return
        acceptor = Acceptor([listener.sock for listener in self.sockets], lambda: Connection(self))
        acceptor.start()
        self.birth.succeed()
        if self.age == 1:
            logger.info("listening on %s, function %s", self.app.addresses, self.app.served)
        await self._wait_for_signal()
        await self._finish(acceptor)

    async def _start(self) -> bool:
        try:
            await self.asgi.startup()
        except Exception as exc:  # noqa: BLE001 - whatever the user's code raises is theirs to see
            self.birth.fail(str(StartFailedError(self.settings.handler, exc, format_user_traceback(exc))))
            return False
        return True

    async def _wait_for_signal(self) -> None:
        while not self._told_to_stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_MASTER_CHECK):
                    await self._told_to_stop.wait()
            if os.getppid() != self.ppid:
                logger.error("the master process is gone")
                self.handle_exit_signal()

    async def _finish(self, acceptor: Acceptor) -> None:
        """Take no more connections, let calls end, then end what did not, and the application."""
        now = self.loop.time()
        end = now + max(self.settings.grace_period, self.settings.shutdown_delay)
        self.asgi.drain()
        await self._pause_until(now + self.settings.shutdown_delay)
        await acceptor.stop(last=self.app.is_ending)
        await self._let_calls_end(end)
        await self._cancel_calls()
        await self._stop_app(end + self.limits.shutdown_reserve)
        # gunicorn's clean-up waits for tasks that refuse to be cancelled, unless it is to be quick.
        self._quick_shutdown = True

    async def _pause_until(self, end: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await self._told_to_hurry.wait()

    async def _let_calls_end(self, end: float) -> None:
        while self.connections and self.loop.time() < end and not self._told_to_hurry.is_set():
            for connection in tuple(self.connections):
                connection.close_if_idle(self.limits.idle_at_shutdown)
            await asyncio.sleep(_CONNECTIONS_CHECK)

    async def _cancel_calls(self) -> None:
        if not self.connections:
            return
        logger.warning("calls in flight that did not end in time were cut off: %d", len(self.connections))
        for connection in tuple(self.connections):
            connection.abort()
        # Two turns of the loop tell the connections, and their tasks.
        await asyncio.sleep(_CONNECTIONS_CHECK)

    async def _stop_app(self, end: float) -> None:
        try:
            async with asyncio.timeout_at(end):
                await self.asgi.shutdown()
        except TimeoutError:
            logger.warning("the function's calls or its stop() did not end in time")
        except Exception:
            logger.exception("stop() failed")


def _end_within(seconds: float) -> None:
    """End the process also where the function left a thread that is no daemon, and which Python would wait for."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
