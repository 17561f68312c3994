"""The master process: gunicorn's arbiter, configured only by our settings."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from funcpack_invoker.errors import EndedWhileStartingError, ListenError
from funcpack_invoker.free_threading import report_modules, runs_without_gil
from funcpack_invoker.logs import configure
from funcpack_invoker.server.application import Server
from funcpack_invoker.server.limits import Limits
from funcpack_invoker.server.sockets import bind, url
from funcpack_invoker.server.worker import Worker
from funcpack_invoker.settings import allowed_memory

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from funcpack_invoker.settings import Settings

logger = logging.getLogger("funcpack")

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the only writable directory on a read-only root

# Seconds between a worker's own deadline and its SIGKILL.
_LAST_MOMENT = 2.0


def serve(settings: Settings, source: Path, limits: Limits | None = None) -> int:
    """Serve the function until a signal ends the process; return the exit code.

    Args:
        settings: the settings from the environment.
        source: the app directory.
        limits: other limits, for tests that should not take long.

    """
    configure(settings)
    if runs_without_gil():
        report_modules()
    try:
        listeners = bind(settings.host, settings.port)
    except ListenError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        return 1
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits is None:
        limits = Limits().with_memory(allowed_memory(), settings.workers)
    limits = limits.with_header(settings.max_header, settings.max_header_field).within(open_files)
    addresses = ", ".join(url(listener) for listener in listeners)
    server = Server(settings, source, limits, addresses, _gunicorn_settings(settings, limits))
    try:
        Master(server, listeners).run()
    except SystemExit as leaving:
        return int(leaving.code or 0)


def _gunicorn_settings(settings: Settings, limits: Limits) -> dict[str, Any]:
    """Return gunicorn's settings.

    https://docs.gunicorn.org/en/stable/settings.html
    """
    calls_end = max(settings.grace_period, settings.shutdown_delay)
    return {
        "workers": settings.workers,
        "worker_class": Worker,
        "worker_tmp_dir": _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None,
        "logger_class": _Log,
        "loglevel": settings.log_level,
        "graceful_timeout": int(calls_end + limits.shutdown_reserve + _LAST_MOMENT),
        "control_socket_disable": True,
        "child_exit": _end_unless_it_served,
    }


def _end_unless_it_served(_master: Master, worker: Worker) -> None:
    """End the server if a worker could not start: its replacements could not start either."""
    if not (worker.boot_status.succeeded or worker.dismissed):
        raise HaltServer(worker.boot_status.failure or str(EndedWhileStartingError(worker.settings.handler)), 1)


class Master(Arbiter):
    """gunicorn's master: it starts workers, replaces workers that crashed, and stops them."""

    # gunicorn ends the server if a worker exits with one of these codes, but a function may exit with any code. Workers
    # that could not start are recognized by their boot status.
    WORKER_BOOT_ERROR = APP_LOAD_ERROR = -1

    def __init__(self, server: Server, listeners: list[socket.socket]) -> None:
        """Serve on these sockets. gunicorn opens its own, and listens on them at once, only if it has none."""
        super().__init__(server)
        self.LISTENERS = listeners

    def run(self) -> NoReturn:
        """Start the workers and supervise them; end by raising SystemExit."""
        # These objects live as long as the process. If the garbage collector touched them, every worker would copy them.
        gc.freeze()
        super().run()
        raise AssertionError("the master's loop ends by an exception")

    def signal(self, signum: int, frame: Any) -> None:
        """Handle a signal; a second SIGTERM means that the shutdown should not wait."""
        if self.app.is_ending and signum == signal.SIGTERM:
            signum = signal.SIGINT
        super().signal(signum, frame)

    def handle_int(self) -> None:
        """Treat Ctrl-C like SIGTERM."""
        self.handle_term()

    def spawn_worker(self) -> Any:
        """Start a worker, with signals blocked until it has installed its own handlers."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)

    def reexec(self) -> None:
        """Ignore SIGUSR2: containers are replaced, not upgraded in place."""

    def kill_worker(self, pid: int, signum: int) -> None:
        """Send a signal to a worker, and note that its end is expected."""
        if pid in self.WORKERS:
            self.WORKERS[pid].dismissed = True
        super().kill_worker(pid, signum)

    def murder_workers(self) -> None:
        """Do not kill workers that do not report to the master.

        Platforms freeze idle containers (Cloud Run, Knative with a paused revision); afterwards, every worker seems to have
        been silent. A worker whose event loop hangs fails the liveness probe instead.
        """

    def reap_workers(self) -> None:
        """Handle the end of workers."""
        try:
            super().reap_workers()
        except HaltServer:
            # gunicorn raises it for each worker that cannot start; the first one ends the server.
            if not self.app.is_ending:
                raise

    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        """Stop the workers, and end this process."""
        self.app.end()
        if reason:
            print(reason, file=sys.stderr)  # noqa: T201 - the program's output
        self.stop()
        sys.exit(1 if exit_status else 0)


class _Log(Logger):
    """gunicorn's log as a part of ours: messages about its routine work appear only at debug level."""

    def setup(self, cfg: Any) -> None:
        """Send the records to the root logger's handler."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO if cfg.loglevel == "debug" else logging.WARNING)
