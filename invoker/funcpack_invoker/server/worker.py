"""A worker process: loads the function, serves connections, and shuts down without losing a request.

It is a gunicorn worker class: the master starts the process, replaces it if it crashes, and stops it.
https://docs.gunicorn.org/en/stable/custom.html
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

from gunicorn.workers.base import Worker as BaseWorker

from funcpack_invoker.errors import FunctionError, ListenError
from funcpack_invoker.http.connection import Connection
from funcpack_invoker.http.forwarded import TrustedProxies
from funcpack_invoker.http.service import Service
from funcpack_invoker.server.acceptor import Acceptor
from funcpack_invoker.server.boot_status import BootStatus
from funcpack_invoker.server.event_loop import EventLoop
from funcpack_invoker.server.signals import Signals, ignore, reset_signals_in_children
from funcpack_invoker.server.sockets import listen

if TYPE_CHECKING:
    from funcpack_invoker.server.application import Server
    from funcpack_invoker.server.limits import Limits
    from funcpack_invoker.settings import Settings

logger = logging.getLogger("funcpack")

# Seconds between two checks whether the master still exists, and of the connections at shutdown.
_MASTER_CHECK = 1.0
_CONNECTIONS_CHECK = 0.05


# Seconds after which a thread lets another one run. The event loop waits for each of the threads that calculate, at every
# system call: with 16 of them and Python's default of 5 ms, health checks would take seconds.
SWITCH_INTERVAL = 0.0005

# Seconds for tasks that the function left behind to react to their cancellation.
_CANCELLATION = 1.0


class Worker(BaseWorker):
    """One process that calls the function.

    Attributes:
        boot_status: the result of its start, which the master reads.
        dismissed: whether the master has told it to stop.

    """

    app: Server

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.settings: Settings = self.app.settings
        self.limits: Limits = self.app.limits
        self.boot_status = BootStatus()
        self.dismissed = False
        self._signals = Signals()
        self._told_to_stop = asyncio.Event()
        self._told_to_hurry = asyncio.Event()

    def init_process(self) -> None:
        """Create the event loop before the function is imported, since its module may ask for it."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._loop = EventLoop()
        asyncio.set_event_loop(self._loop)
        super().init_process()

    def init_signals(self) -> None:
        """Let SIGTERM end the process at once while the function is imported: there is nothing to finish yet."""
        for signum in self.SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def load_wsgi(self) -> None:
        """Load the function. If it cannot be served, tell the master, which ends the server."""
        try:
            self._app = self.app.load()
        except FunctionError as error:
            self.boot_status.fail(str(error))
            sys.exit(0)
        # These objects live as long as the process, and a full collection of them would take as long as many calls.
        gc.freeze()
        gc.enable()

    def run(self) -> None:
        """Serve until told to stop."""
        self._handle_signals()
        reset_signals_in_children(self.SIGNALS)
        try:
            self._run_to_the_end(self._loop.create_task(self._serve()))
        except Exception:
            logger.exception("the worker failed")
        finally:
            self._end_loop()
        _end_within(self.limits.shutdown_reserve)
        self._signals.call_users_handler()

    def _run_to_the_end(self, task: asyncio.Task[None]) -> None:
        """Run the loop until the task is done, whatever exceptions stop the loop before.

        asyncio stops its loop if any task ends with one of these, such as one that the function has started, and if the
        function calls `loop.stop()`.
        """
        while not task.done():
            try:
                self._loop.run_until_complete(task)
            except (SystemExit, KeyboardInterrupt):
                logger.exception("a task of the function tried to end the process")
            except RuntimeError:
                if task.done():
                    raise
                logger.error("the function called loop.stop(); the server keeps running")  # noqa: TRY400 - no trace

    def _handle_signals(self) -> None:
        # Ctrl-C reaches every process of the terminal; the master decides what to do.
        handlers = {signal.SIGTERM: self._told_to_stop.set, signal.SIGQUIT: self._hurry, signal.SIGINT: ignore}
        self._signals.handle(self._loop, handlers)

    def _hurry(self) -> None:
        """Stop waiting for calls (SIGQUIT, which the master sends after a second SIGTERM or SIGINT)."""
        self._told_to_hurry.set()
        self._told_to_stop.set()

    def _end_loop(self) -> None:
        """Cancel the remaining tasks, and abandon those that do not end."""
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=_CANCELLATION))
        # asyncio closes the pipe that a signal is written to before it removes the handlers. A signal that this thread blocks may
        # come to another one, such as that which ran start().
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        signal.set_wakeup_fd(-1)
        self._loop.close()

    async def _serve(self) -> None:
        if not await self._start():
            return
        service: Service[Connection] = Service.for_loop(
            self._loop,
            application=self._app.dispatch,
            limits=self.limits.wire,
            max_body=self.settings.max_body,
            most_connections=self.limits.connections,
            proxies=TrustedProxies(self.settings.trusted_proxies),
            is_ending=self._told_to_stop.is_set,
            most_unfinished=self.limits.most_unfinished,
            most_unsent=self.limits.most_unsent,
        )
        self._connections = service.connections
        acceptor = Acceptor(self.sockets, lambda: Connection(service, self._loop))
        acceptor.start()
        if self.age == 1:
            logger.info("listening on %s, %s", self.app.addresses, self.app.served)
        await self._wait_for_signal()
        await self._finish(acceptor)

    async def _start(self) -> bool:
        """Start the application, then listen; tell the master how it ended, and return whether to serve."""
        starting = self._loop.create_task(self._app.startup())
        stopping = self._loop.create_task(self._wait_for_signal())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            await self._stop_app(self._loop.time() + self.limits.shutdown_reserve)
            return False
        try:
            starting.result()
            listen(self.sockets, self.settings.host, self.settings.port)
        except (FunctionError, ListenError) as error:
            self.boot_status.fail(str(error))
            return False
        # start() may have set other handlers.
        self._handle_signals()
        self.boot_status.succeed()
        return True

    async def _wait_for_signal(self) -> None:
        while not self._told_to_stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_MASTER_CHECK):
                    await self._told_to_stop.wait()
            if os.getppid() != self.ppid:
                logger.error("the master process has ended")
                self._told_to_stop.set()

    async def _finish(self, acceptor: Acceptor) -> None:
        """Stop accepting connections, wait for calls, cancel the remaining ones, and stop the application."""
        now = self._loop.time()
        end = now + max(self.settings.grace_period, self.settings.shutdown_delay)
        self._app.drain()
        await self._pause_until(now + self.settings.shutdown_delay)
        await acceptor.stop(last=self.app.is_ending)
        await self._let_calls_end(end)
        await self._cancel_calls()
        await self._stop_app(end + self.limits.shutdown_reserve)

    async def _pause_until(self, end: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await self._told_to_hurry.wait()

    async def _let_calls_end(self, end: float) -> None:
        while (self._connections or self._app.is_busy) and self._loop.time() < end and not self._told_to_hurry.is_set():
            for connection in tuple(self._connections):
                connection.close_if_idle(self.limits.idle_at_shutdown)
            await asyncio.sleep(_CONNECTIONS_CHECK)

    async def _cancel_calls(self) -> None:
        if not self._connections:
            return
        logger.warning("cut off calls in flight that did not end in time: %d", len(self._connections))
        for connection in tuple(self._connections):
            connection.abort()
        # The connections, and then their tasks, learn of it in the next iterations of the loop.
        await asyncio.sleep(_CONNECTIONS_CHECK)

    async def _stop_app(self, end: float) -> None:
        try:
            async with asyncio.timeout_at(end):
                await self._app.shutdown()
        except TimeoutError:
            logger.warning("calls of the function, or its stop(), did not end in time")
        except Exception:
            logger.exception("stop() failed")


def _end_within(seconds: float) -> None:
    """End the process even if the function left a non-daemon thread, which Python would wait for."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
